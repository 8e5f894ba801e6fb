"""What the course says when something goes wrong: what happened, and what to do.

Every message has a key, which is also its entry in troubleshooting.md. `{name}` stands for what
differs from case to case.
"""

from __future__ import annotations

SET_UP_AGAIN = (
    "Close Jupyter, run `conda env create -f environment.yml` if you have not done it yet, then "
    "`conda activate fastapi_sqlmodel` and `jupyter lab`; or, without conda, the same commands as "
    "in README.md."
)
FROM_THE_FIRST_CELL = "Run this notebook again from its first cell."
IN_THE_FILE = "Put it right in the file, save it, and run this cell again."

MESSAGES: dict[str, tuple[str, str]] = {
    # The environment
    "old-python": (
        "This notebook runs on Python {version} ({python}); the course needs 3.11 or newer.",
        SET_UP_AGAIN,
    ),
    "missing-packages": (
        "The Python that runs this notebook ({python}) lacks: {packages}.",
        SET_UP_AGAIN,
    ),
    "not-ready": (
        "{missing} of {all} things are not ready: {names}.",
        "Do what the lines with ✗ say, restart the kernel, and run this cell again.",
    ),
    # The project's folder
    "read-only": (
        "{path} can't be written: this user may not change it.",
        "Copy the course to a folder of your own, or allow yourself to write there, and run this "
        "cell again.",
    ),
    "disk-full": (
        "The disk is full, so nothing more can be written.",
        "Delete something that you don't need, and run this cell again.",
    ),
    "file-locked": (
        "{path} can't be moved: another notebook or program has it open.",
        "Choose Kernel → Shut Down All Kernels, close DB Browser, and run this cell again.",
    ),
    "folder-gone": (
        "The project's folder was deleted while this notebook was open.",
        "Run this notebook again from its first cell: it makes the folder and the project anew.",
    ),
    "name-taken": (
        "{path} should be a folder, but a file has this name.",
        "Rename or delete the file, and run this cell again.",
    ),
    "file-gone": (
        "There is no file {path} in the project.",
        "Run the cell that writes it first, or the whole notebook from its first cell.",
    ),
    "still-rebuilding": (
        "Another notebook has been rebuilding this project for {seconds} seconds.",
        "Wait until it has finished, or shut its kernel down; then run this cell again.",
    ),
    "ends-damaged": (
        "The course's own file with the ends of the steps can't be read: {error}.",
        "Nothing was changed. In a terminal, in the course's folder, run "
        "`git restore notebooks/tutorial/ends.json`; without git, copy the folder "
        "notebooks/tutorial from the ZIP file again. Then restart the kernel and run this cell "
        "again.",
    ),
    "ends-of-another-version": (
        "The ends of the steps are of version {found} of the course, and the course here is "
        "version {wanted}.",
        "Nothing was changed. Get the whole course anew, in one piece and into a new folder, with "
        "`git clone` or as a ZIP file; copy your folder notebooks/workspace to it, and start "
        "Jupyter there.",
    ),
    "no-such-backup": (
        "There is no backup with the name {name}.",
        "Choose one of these: {backups}.",
    ),
    # A step
    "no-such-step": (
        "There is no step {step}.",
        "Write a number from 1 to {steps}, without quotes, for example begin(5).",
    ),
    "step-incomplete": (
        "Step {step} is not complete yet.",
        "Do what the lines with ✗ say: a cell that overwrites a file of yours keeps it in backups/ "
        "first. If you changed it on purpose, go on: the next notebook keeps yours there too, and "
        "starts from the course's version.",
    ),
    "no-failure": (
        "This cell shows what goes wrong, but {names} was not raised.",
        "Restart the kernel and run the notebook from its first cell.",
    ),
    "nothing-to-replace": (
        "{path} has no text to replace: {text} is not in it.",
        "Run this notebook again from its first cell; your file is kept in a backup.",
    ),
    "no-such-exercise": (
        "There is no exercise {name}.",
        "Look at the name, which comes first and in quotes. Did you mean one of these: {names}?",
    ),
    "other-answers-wanted": (
        "The exercise {name} takes {wanted} of your names, not {given}.",
        "Call check again as the notebook gives it: first {name}, then what you wrote.",
    ),
    # Python code
    "name-not-set": (
        "This notebook does not know `{name}` yet.",
        "A cell above sets it: choose Run → Run All Above Selected Cell, then run this cell again.",
    ),
    "unknown-name": (
        "This notebook does not know the name `{name}`.",
        "Check its spelling, capital letters too; or run the cell that sets it first.",
    ),
    "syntax-error": (
        "{path} has a syntax error in line {line}: {message}.",
        IN_THE_FILE,
    ),
    "import-stops": (
        "{path} can't be imported, it stops in line {line}: {error}",
        IN_THE_FILE,
    ),
    "no-such-module": (
        "There is no module {name} in this project.",
        "The file may be missing: run the cells above that write it. Or check the spelling: the "
        "module of the file app/main.py is app.main.",
    ),
    "not-in-module": (
        "{path} has no `{name}`.",
        "The file is older than this cell: run the cells above that write it. Or check the "
        "spelling.",
    ),
    "event-loop-runs": (
        "A notebook runs an event loop already, so `asyncio.run` can't start another one.",
        "Write `await` in its place, for example `await main()`.",
    ),
    "table-defined-twice": (
        "A class for the table `{table}` was defined before in this notebook.",
        "Give the new class another `__tablename__`, or restart the kernel and run the notebook "
        "from its first cell.",
    ),
    # The server
    "no-app": (
        "{module} has no app with the name `{name}`.",
        "Compare the name after the colon with the file, put it right, and run this cell again.",
    ),
    "app-can-not-be-imported": (
        "{target} can't be imported: {error}",
        IN_THE_FILE,
    ),
    "server-did-not-start": (
        "{name} did not start: {error}",
        "Put the cause right in the file, save it, and run this cell again.",
    ),
    "database-not-at-head": (
        "{name} did not start: {error}",
        "Run `alembic upgrade head` in a %%terminal cell, then start the server again.",
    ),
    "server-too-slow": (
        "{name} did not start within {seconds} seconds.",
        "Look for something in its lifespan that waits, for example a lock.",
    ),
    "server-gone": (
        "No server answers at this address.",
        "Run the cell with `serve` again, and the cells below it that use its address.",
    ),
    "client-closed": (
        "This client was closed, so it can't send anything.",
        "Run the cell that makes the client again.",
    ),
    # A command
    "command-not-found": (
        "The command `{name}` was not found.",
        "Check its spelling. If it is right, install the program; words of a shell, such as "
        "`export` or `source`, do not work here.",
    ),
    "curl-not-found": (
        "The command `curl` was not found.",
        "Windows 10 and macOS have curl; on Debian or Ubuntu run `sudo apt install curl`. Then "
        "restart Jupyter.",
    ),
    "no-cd": (
        "The command `cd` was not found.",
        "Commands run in the project folder already: write the paths from there.",
    ),
    "command-failed": (
        "`{command}` failed with exit status {status}.",
        "The last lines above say why. Put it right and run this cell again, or run the notebook "
        "again from its first cell.",
    ),
    "command-succeeded": (
        "`{command}` was meant to fail here, but it succeeded.",
        FROM_THE_FIRST_CELL,
    ),
    "command-too-slow": (
        "`{command}` was still running after {seconds} seconds, and was stopped.",
        'A server does not end by itself: start it with `serve("app.main:app")`.',
    ),
    "unknown-revision": (
        "`{command}` failed: the database names a revision that has no file in alembic/versions.",
        FROM_THE_FIRST_CELL + " Your database is kept in a backup.",
    ),
    "database-behind": (
        "`{command}` failed: the database is not at the newest revision.",
        "If this cell makes a revision and ran before, go on with the next one. Else run "
        "`alembic upgrade head`, then this cell again.",
    ),
    "revision-exists": (
        "`{command}` failed: two files in alembic/versions have the same revision.",
        "Delete the one that is too many, or run this notebook again from its first cell.",
    ),
    "revision-made-twice": (
        "`{command}` failed: a file in alembic/versions names itself as the revision before it.",
        "It was made a second time. Run this notebook again from its first cell: it makes the "
        "files anew.",
    ),
    "folder-exists": (
        "`{command}` failed: it makes a folder that is there already.",
        "If this cell ran before, go on with the next one. To do it once more, run the notebook "
        "from its first cell.",
    ),
    "no-alembic-ini": (
        "`{command}` failed: there is no alembic.ini in the project.",
        FROM_THE_FIRST_CELL,
    ),
    "unclear-command": (
        "`{command}` can't be read: {error}.",
        "Close every quote.",
    ),
    "unclear-options": (
        "%%terminal does not understand its options: {error}.",
        "Use these: {usage}",
    ),
    "variable-not-set": (
        "`${name}` stands for a variable of this notebook, but there is no text or number with "
        "the name `{name}`.",
        "Run the cell that sets it first; for a dollar sign, write $$.",
    ),
    # The database
    "no-database": (
        "There is no {path} yet.",
        "Run the cells above, which create it.",
    ),
    "table-missing": (
        "The database has not what was asked for: {error}.",
        "Check the spelling. If it is right, run this notebook again from its first cell: it puts "
        "the database right.",
    ),
    "query-refused": (
        "SQLite does not understand the query: {error}.",
        "Check the names and the spelling in it.",
    ),
    "only-reads": (
        "`table` only reads, and this statement would change something.",
        "Change rows with a session, or through the service.",
    ),
    "database-locked": (
        "Another program or session holds the database locked: it has begun to write and has not "
        "finished.",
        "In DB Browser choose Write Changes or Revert Changes; in another notebook choose Kernel → "
        "Shut Down Kernel; in this one roll back a session that is open. Else wait a minute. Then "
        "run this cell again.",
    ),
    "database-can-not-be-opened": (
        "SQLite can't open or make the database file: {error}.",
        "Check that its folder exists and that you may write there, or run this notebook again "
        "from its first cell.",
    ),
    "database-broken": (
        "The database file is broken: {error}.",
        "Run this notebook again from its first cell: the file is kept in a backup, and a good "
        "one is made.",
    ),
    "row-refused": (
        "The database refused the row: {error}.",
        "Give the row what the table asks for, call `session.rollback()`, and try again.",
    ),
    "transaction-failed": (
        "A statement of this session's transaction has failed, so it takes no others.",
        "Call `session.rollback()` (in an async session with `await`), or make a new session.",
    ),
}
