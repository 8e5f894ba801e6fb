"""A folder to try things out in, apart from the project."""

import os

from tutorial.explain import explain_errors, explained
from tutorial.terminal import make_known
from tutorial.workspace import location

FOLDER = "practice"


@explained
def practice() -> None:
    """Go to the folder `practice` of the workspace, and make %%terminal known.

    No step looks into this folder. Raises Problem if it can't be made.
    """
    from IPython import get_ipython

    folder = location() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    shell = get_ipython()
    if shell is not None:
        explain_errors(shell, 0)
        make_known(shell)
    print(f"You are in the folder {FOLDER} of your workspace.")
