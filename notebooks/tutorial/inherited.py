"""Which environment variables reach what a notebook starts: only those that it needs.

A shell can hold anything: ALEMBIC_CONFIG, UVICORN_PORT, PYTEST_ADDOPTS or PYTHONPATH send a command
of the lesson to another project, and a `downgrade` empties that one's tables. A list of what is
harmful would never be complete, so this is a list of what is needed.
"""

import os

NEEDED = {
    # to find programs and their libraries
    *("PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR"),
    *("LD_LIBRARY_PATH", "CONDA_PREFIX", "VIRTUAL_ENV"),
    # to find the user's own and the temporary folder
    *("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "TEMP", "TMP", "TMPDIR"),
    # to write in the user's alphabet
    *("LANG", "LC_ALL", "LC_CTYPE"),
    # `begin` removes the first, so a cell has set it; `reach_directly` sets the second
    *("DATABASE_URL", "NO_PROXY"),
}
PYTHON = {
    "PYTHONDONTWRITEBYTECODE": "1",  # a file edited twice in one second would meet its old bytecode
    "PYTHONNOUSERSITE": "1",  # an older package there would be found first
    "PYTHONUTF8": "1",
}


def needed_variables() -> dict[str, str]:
    """Return the variables for a command: what it needs of this process's, and PYTHON's."""
    # On Windows, os.environ has all names in capitals; elsewhere no_proxy is another variable.
    inherited = {name: value for name, value in os.environ.items() if name.upper() in NEEDED}
    return inherited | PYTHON


def ignore_in_kernel() -> list[str]:
    """Remove what would redirect the kernel itself, and return the names of what was set.

    DATABASE_URL sends the lesson to another database. httpx makes a client for each proxy, also
    for those that it will not ask, and for socks it lacks a package. uvicorn reads the last two.
    """
    found = [name for name, value in os.environ.items() if _redirects(name.upper(), value)]
    for name in found:
        del os.environ[name]
    return found


def _redirects(name: str, value: str) -> bool:
    """Whether a variable changes what the code in a notebook's kernel does."""
    if name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        return value.lower().startswith("socks")
    return bool(value) and name in ("DATABASE_URL", "FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY")
