"""Runs the first cell of every notebook on a Python that is too old for the course.

    python3.8 -m pip install ipykernel
    python3.8 tests/first_cells.py

A learner may choose any kernel, so each first cell must say in three lines what is wrong and what
to do, and show nothing else. It runs in a kernel of the Python that runs this file, from 3.8 on;
that Python has ipykernel and no other package of the course, so this is no test of pytest. CI runs
it, and test_old_python.py where it finds such a Python.
"""

import json
import sys
from pathlib import Path

from jupyter_client.manager import run_kernel

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SECONDS = 60


def first_cell(notebook: Path) -> str:
    """Return the source of a notebook's first code cell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "code"))


def shown(source: str) -> list:
    """Run a cell in a new kernel, in the notebooks' folder; return the lines that it shows."""
    lines = []

    def keep(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "error":
            lines.extend(content["traceback"])
        elif message["msg_type"] not in ("status", "execute_input"):
            lines.append(str(content))

    with run_kernel(cwd=str(NOTEBOOKS)) as client:
        client.execute_interactive(source, output_hook=keep, timeout=SECONDS)
    return lines


def main() -> int:
    """Print what each first cell shows, and return how many show something else than they must."""
    version = sys.version.split()[0]
    first = f"✗ This notebook runs on Python {version} ({sys.executable}); the course needs 3.11 or"
    last = "  More: notebooks/troubleshooting.md, “old-python”."
    wrong = 0
    notebooks = sorted(NOTEBOOKS.glob("*.ipynb"))
    for notebook in notebooks:
        lines = shown(first_cell(notebook))
        good = (
            len(lines) == 3
            and lines[0] == f"{first} newer."
            and lines[1].startswith("→ Close Jupyter, run `conda env create -f environment.yml`")
            and lines[2] == last
        )
        wrong += not good
        print(f"{'right' if good else 'WRONG'}: {notebook.name}", *lines, sep="\n", flush=True)
    print(f"{len(notebooks) - wrong} of {len(notebooks)} notebooks say it in three lines.")
    return wrong if notebooks else 1


if __name__ == "__main__":
    sys.exit(main())
