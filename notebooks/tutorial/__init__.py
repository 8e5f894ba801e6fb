"""What the notebooks import: small helpers around real tools, with no lesson hidden in them.

Nothing is imported here that a fresh Python lacks, except IPython, which runs the notebook itself:
`begin` must be able to say that a package is missing. On a Python that is too old, only `errors`
and `messages` are imported, so these two are written for Python 3.8 too.
"""

import sys

from tutorial.errors import Problem, expect_error

# The other modules can't be imported on an older Python, and need not.
if sys.version_info < (3, 11):  # noqa: UP036 - a learner may run a notebook on any Python

    def __getattr__(name: str) -> object:
        """Tell the learner that this Python is too old, whichever helper a cell wants.

        Python calls this for each name that it does not find here. Raises Problem.
        """
        if name.startswith("_"):  # what Python and IPython ask of any module
            raise AttributeError(name)
        version = sys.version.split()[0]
        raise Problem("old-python", version=version, python=sys.executable)

else:
    from tutorial.imports import look_last_beside

    look_last_beside()  # before the modules below import others

    from tutorial.box import build
    from tutorial.case import answer_case, open_case
    from tutorial.course_map import course_map, show_progress
    from tutorial.environment import check_environment
    from tutorial.exercises import check
    from tutorial.files import diff, edit, file_after, show_file, tree
    from tutorial.finish import finish
    from tutorial.load import load
    from tutorial.migrating import ask, draft, migrate, revision, start_alembic, trial, try_start
    from tutorial.plot import bar_charts
    from tutorial.postgres import start_postgres
    from tutorial.process import start_process, trial_folder
    from tutorial.server import serve, stop_servers
    from tutorial.show import diagram, frame, schema, sql_log, table
    from tutorial.steps import begin, practice, restore
    from tutorial.versions import call, make_async
