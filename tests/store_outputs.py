"""Executes the notebooks and stores their outputs, and the state that each step leaves behind.

    python tests/store_outputs.py          the start page, the ten steps, and notebook 11
    python tests/store_outputs.py 3 4      these only; 0 is the start page

Run it after a change of a notebook, then read the diff: a changed output is a changed fact.
"""

import asyncio
import configparser
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "notebooks"))

from strict_outputs import merge_neighbours  # noqa: E402

from tutorial import course, replay, workspace  # noqa: E402

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT = ("tags", "jupyter")  # of a cell's metadata; "jupyter" hides the source of a solution


def execute(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook with the workspace `folder` and return it with its new outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        km=replay.kernel_manager(),
        timeout=replay.CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(course.NOTEBOOKS)}},
    )
    environment = os.environ | {"TUTORIAL_WORKSPACE": str(folder)}
    asyncio.run(client.async_execute(env=environment, cleanup_kc=True))
    return notebook


def sanitizer() -> Callable[[str], str]:
    """Return a function that applies the rules of sanitize.cfg, as nbval does."""
    rules = configparser.RawConfigParser()
    rules.read(HERE / "sanitize.cfg", encoding="utf-8")
    pairs = [(rules[name]["regex"], rules[name]["replace"]) for name in rules.sections()]

    def sanitize(text: str) -> str:
        for regex, replacement in pairs:
            text = re.sub(regex, replacement, text)
        return text

    return sanitize


def store(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Write a notebook with sanitized outputs and with no metadata but what the course needs."""
    sanitize = sanitizer()
    notebook["metadata"] = nbformat.from_dict(METADATA)
    for cell in notebook["cells"]:
        kept = {name: cell["metadata"][name] for name in KEPT if name in cell["metadata"]}
        cell["metadata"] = nbformat.from_dict(kept)
        if "outputs" in cell:
            cell["outputs"] = merge_neighbours(cell["outputs"])
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = sanitize(output["text"])
            for kind, value in output.get("data", {}).items():
                output["data"][kind] = sanitize(value) if isinstance(value, str) else value
    with path.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(notebook, file)


def store_states(steps: list[int]) -> None:
    """Replay the course, and write to states.json what these steps leave behind."""
    stored = {}
    if workspace.STATES.exists():
        stored = json.loads(workspace.STATES.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:

        def note(step: int) -> None:
            if step in steps:
                stored[str(step)] = asdict(workspace.read_state(Path(name)))

        replay.replay(max(steps), Path(name), at_end=note)
    text = json.dumps(dict(sorted(stored.items(), key=lambda item: int(item[0]))), indent=1)
    workspace.STATES.write_text(text + "\n", encoding="utf-8", newline="\n")


def main(numbers: list[int]) -> None:
    """Store the states first, because begin and finish compare with them, then the outputs.

    The start page, number 0, has no state, and it gets an empty workspace of its own. Notebook 11
    leaves the state of step 10.
    """
    steps = [number for number in numbers if 1 <= number <= course.STEPS]
    if steps:
        store_states(steps)
    with tempfile.TemporaryDirectory(prefix="course workspace ") as name:
        for number in numbers:
            path = course.notebook_path(number)
            store(path, execute(path, Path(name) / ("steps" if number else "start page")))
            print(f"stored {path.name}")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(range(course.BEYOND + 1)))
