"""Runs notebooks in kernels of this Python."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tutorial import course

CELL_SECONDS = 120

# What is called with a cell and its index.
Hook = Callable[[nbformat.NotebookNode, int], None]


def kernel_manager() -> AsyncKernelManager:
    """Return a kernel manager whose kernels run on this Python, whatever kernels are installed."""

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            argv.append("--log-level=40")  # its warnings would stand in the outputs
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return AsyncKernelManager(kernel_spec_manager=ThisPython())


def client_of(notebook: nbformat.NotebookNode, folder: Path) -> NotebookClient:
    """Return a client that runs a notebook as one that lies in `folder`."""
    return NotebookClient(
        notebook,
        km=kernel_manager(),
        timeout=CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )


def execute(
    path: Path, workspace: Path, before: Hook | None = None, after: Hook | None = None
) -> nbformat.NotebookNode:
    """Run a notebook with a workspace, and return it with its new outputs.

    before, after: called around each code cell, while the kernel waits.
    """
    notebook = nbformat.read(path, as_version=4)
    client = client_of(notebook, course.NOTEBOOKS)
    if before is not None:
        client.on_cell_execute = lambda cell, cell_index: before(cell, cell_index)
    if after is not None:
        client.on_cell_executed = lambda cell, cell_index, execute_reply: after(cell, cell_index)
    environment = os.environ | {"TUTORIAL_WORKSPACE": str(workspace)}
    asyncio.run(client.async_execute(env=environment, cleanup_kc=True))
    return notebook
