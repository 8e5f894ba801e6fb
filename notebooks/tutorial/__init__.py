"""What the notebooks import: small helpers around real tools, with no lesson hidden in them.

Nothing is imported here that a fresh Python lacks, except IPython, which runs the notebook itself:
`begin` must be able to say that a package is missing.
"""

from tutorial.environment import check_environment
from tutorial.errors import Problem, expect_error
from tutorial.exercises import check
from tutorial.files import diff, edit, file_after, tree
from tutorial.load import load, start_process, trial_folder
from tutorial.plot import bar_charts
from tutorial.practice import practice
from tutorial.server import serve, stop_servers
from tutorial.show import course_map, diagram, frame, schema, show_progress, sql_log, table
from tutorial.steps import begin, finish, restore

__all__ = [
    "Problem",
    "bar_charts",
    "begin",
    "check",
    "check_environment",
    "course_map",
    "diagram",
    "diff",
    "edit",
    "expect_error",
    "file_after",
    "finish",
    "frame",
    "load",
    "practice",
    "restore",
    "schema",
    "serve",
    "show_progress",
    "sql_log",
    "start_process",
    "stop_servers",
    "table",
    "tree",
    "trial_folder",
]
