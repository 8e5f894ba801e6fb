"""A learner who has a notebook open: a kernel, a workspace, and cells to run in any order."""

import asyncio
import os
from pathlib import Path
from typing import Self

import nbformat
from kernel import client_of, kernel_manager
from nbclient.exceptions import CellExecutionError

from tutorial import course

FAILED = "✗ "
ATTEMPTS = 3  # to start a kernel: Jupyter chooses its ports some time before the kernel takes them


class Notebook:
    """The cells of a step's notebook, and ways to run them; `write` says how a cell is run."""

    def __init__(self, step: int, path: Path) -> None:
        self.step = step
        self.notebook = nbformat.read(path, as_version=4)
        self.sources = {
            cell.id: cell.source for cell in self.notebook.cells if cell.cell_type == "code"
        }

    @property
    def ids(self) -> list[str]:
        """The ids of the code cells, in order."""
        return list(self.sources)

    def up_to(self, id_: str) -> str:
        """Run the cells from the first to this one; see `run`."""
        return self.run(*self.ids[: self.ids.index(id_) + 1])

    def run(self, *ids: str) -> str:
        """Run cells, by default all, in order; return all the text they print.

        Raises AssertionError with what the learner would see if a cell fails.
        """
        printed = []
        for id_ in ids or self.ids:
            text = self.try_(id_)
            assert FAILED not in text, f"step {self.step}, cell {id_}: {text}"
            printed.append(text)
        return "".join(printed)

    def try_(self, id_: str) -> str:
        """Run a cell, which may fail; return what the learner sees below it."""
        return self.write(self.sources[id_])

    def write(self, source: str) -> str:
        """Run a cell of the learner's own, which may fail; return what is seen below it."""
        raise NotImplementedError


class Learner(Notebook):
    """One notebook in one kernel. Leave the `with` block to shut the kernel down.

    step: whose notebook. workspace: the project's folder. folder: where the kernel starts, by
    default where the notebook lies. notebooks: the folder of the notebooks, for a copy of the
    course. settings: more environment variables.
    """

    def __init__(
        self,
        step: int,
        workspace: Path | None,
        *,
        folder: Path | None = None,
        notebooks: Path = course.NOTEBOOKS,
        **settings: str,
    ) -> None:
        super().__init__(step, notebooks / course.notebook_path(step).name)
        environment = os.environ | settings
        environment.pop("TUTORIAL_WORKSPACE", None)
        if workspace is not None:
            environment["TUTORIAL_WORKSPACE"] = str(workspace)
        self._environment = environment
        self._client = client_of(self.notebook, folder or notebooks)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        try:
            self._runner.run(self._start())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._runner.close()

    async def _start(self) -> None:
        for attempt in range(ATTEMPTS):
            try:
                await self._client.async_start_new_kernel(env=self._environment)
                await self._client.async_start_new_kernel_client()
                return
            except RuntimeError:  # another kernel has taken its port in the meantime
                if attempt == ATTEMPTS - 1:
                    raise
                self._client.km, self._client.kc = kernel_manager(), None

    def kill(self) -> None:
        """End the kernel at once, as a crash does it: no cell and no exit handler runs any more."""
        self._runner.run(self._end())

    async def _end(self) -> None:
        if self._client.kc is not None:
            self._client.kc.stop_channels()
            self._client.kc = None
        if self._client.km.has_kernel:
            await self._client.km.shutdown_kernel(now=True)

    def write(self, source: str) -> str:
        """Run a cell of the learner's own, which may fail; return what is seen below it."""
        cell = nbformat.v4.new_code_cell(source)
        try:
            done = self._runner.run(self._client.async_execute_cell(cell, 0))
        except CellExecutionError:
            done = cell
        return "".join(_text(output) for output in done.outputs)


def _text(output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        text = "\n".join(output.traceback)
        # A raw traceback counts as a failure too.
        return text + "\n" if text.startswith(FAILED) else f"{FAILED}{output.ename}\n{text}\n"
    return output.get("text") or str(output.get("data", {}).get("text/plain", "")) + "\n"
