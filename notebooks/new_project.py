"""Makes a project of your own from the finished service: see tutorial/new_project.py.

    python notebooks/new_project.py ../my_service

It needs no package, so any Python from 3.11 on will do.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - somebody may try it with any Python
    sys.exit("This needs Python 3.11 or newer: activate the environment of the course.")

from tutorial.new_project import main

if __name__ == "__main__":
    sys.exit(main())
