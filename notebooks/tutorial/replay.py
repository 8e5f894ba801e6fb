"""Rebuilds a step's end by running the `build` cells of the notebooks up to it."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from tutorial.course import NOTEBOOKS, build_cells
from tutorial.errors import Problem
from tutorial.workspace import clear

if TYPE_CHECKING:  # imported late, because begin() must be able to say that it is missing
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

REPLAY = "TUTORIAL_REPLAY"
CELL_SECONDS = 120


def kernel_manager() -> AsyncKernelManager:
    """Return a kernel manager whose kernels run on this Python, whatever kernels are installed."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            argv.append("--log-level=40")  # its warnings would print into the learner's cell
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return AsyncKernelManager(kernel_spec_manager=ThisPython())


def replay(last_step: int, folder: Path, at_end: Callable[[int], None] | None = None) -> None:
    """Build in `folder` the project as step `last_step` leaves it.

    Runs the cells tagged `build` of the notebooks 1 to `last_step` with nbclient, in one kernel.
    at_end: called with the number of each step whose cells have run, while the kernel waits.
    Raises Problem if a cell fails. An interrupt ends the kernel, then goes on.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat import v4

    cells, last_cells = [], {}
    for step in range(1, last_step + 1):
        cells += [v4.new_code_cell(cell.source) for cell in build_cells(step)]
        last_cells[len(cells) - 1] = step

    def cell_executed(cell: object, cell_index: int, execute_reply: object) -> None:
        if at_end is not None and cell_index in last_cells:
            at_end(last_cells[cell_index])

    def run() -> None:
        client = NotebookClient(
            v4.new_notebook(cells=cells),
            km=kernel_manager(),
            timeout=CELL_SECONDS,
            on_cell_executed=cell_executed,
            resources={"metadata": {"path": str(NOTEBOOKS)}},
        )
        environment = os.environ | {"TUTORIAL_WORKSPACE": str(folder), REPLAY: "1"}
        # Its own thread: this one already runs an event loop, the kernel's.
        _Run(_execute(client, environment)).wait()

    try:
        try:
            run()
        except RuntimeError:  # the kernel died: another program has taken its port
            clear(folder)
            run()
    except CellExecutionError as error:
        if error.ename == "OSError" and f"[Errno {errno.ENOSPC}]" in error.evalue:
            raise Problem("disk-full") from error
        cause = f"{error.ename}: {error.evalue}"
        raise Problem("rebuild-failed", step=last_step, error=cause) from error


async def _execute(client: NotebookClient, environment: dict[str, str]) -> None:
    """Execute a notebook, and leave no kernel behind, not even one that was about to start."""
    manager = client.km
    try:
        await client.async_execute(env=environment, cleanup_kc=True)
    finally:
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)


class _Run(threading.Thread):
    """Runs a coroutine to its end in a thread; an interrupt of the waiting thread cancels it."""

    def __init__(self, coroutine: Coroutine) -> None:
        super().__init__(name="replay", daemon=True)
        self._coroutine = coroutine
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._error = error

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        # nbclient's watcher of the kernel may fail after a cancel, which concerns nobody then.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._task = asyncio.current_task()
        await self._coroutine

    def wait(self) -> None:
        self.start()
        try:
            while self.is_alive():
                self.join(0.1)  # short, so that an interrupt is noticed
        except KeyboardInterrupt:
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)
            self.join(10)
            raise
        if self._error is not None:
            raise self._error
