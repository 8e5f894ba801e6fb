"""What of the user's own settings reaches a notebook, and what it starts: only what it needs.

A shell can hold anything: ALEMBIC_CONFIG, UVICORN_PORT, PYTEST_ADDOPTS or PYTHONPATH send a command
of the lesson to another project, and a `downgrade` empties that one's tables. A list of what is
harmful would never be complete, so this is a list of what is needed.
"""

import os
import ssl
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

NEEDED = {
    # to find programs and their libraries
    *("PATH", "PATHEXT", "COMSPEC", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR"),
    *("LD_LIBRARY_PATH", "CONDA_PREFIX", "VIRTUAL_ENV"),
    # without it, platform.machine() gives nothing on Windows
    "PROCESSOR_ARCHITECTURE",
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


# SSLKEYLOGFILE names a file that httpx would write.
REDIRECTS = ("DATABASE_URL", "FORWARDED_ALLOW_IPS", "SSLKEYLOGFILE", "WEB_CONCURRENCY")
# With these, Python prints more.
NOISY = ("PYTHONVERBOSE", "PYTHONPROFILEIMPORTTIME", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE")
# How IPython runs a cell, and how it shows what a cell returns.
RUNS = ("ast_node_interactivity", "autoawait", "autocall")
SHOWS = ("float_precision", "max_seq_length", "max_width", "newline", "pprint")


def needed_variables() -> dict[str, str]:
    """Return the variables for a command: what it needs of this process's, and PYTHON's."""
    # On Windows, os.environ has all names in capitals; elsewhere no_proxy is another variable.
    inherited = {name: value for name, value in os.environ.items() if name.upper() in NEEDED}
    return inherited | PYTHON


def variables_for(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a program with its own settings, and not this kernel's database."""
    variables = needed_variables()
    variables.pop("DATABASE_URL", None)
    return {**variables, **settings}


def ignore_in_kernel() -> list[str]:
    """Remove what would redirect the kernel itself, and return the names of what was set.

    DATABASE_URL sends the lesson to another database. httpx makes a client for each proxy, also
    for those that it will not ask, and for socks it lacks a package; and it reads certificates,
    though nothing here is encrypted. uvicorn reads two more.
    """
    found = [name for name, value in os.environ.items() if _redirects(name.upper(), value)]
    for name in found:
        del os.environ[name]
    return found


def _redirects(name: str, value: str) -> bool:
    """Whether a variable changes what the code in a notebook's kernel does."""
    if name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        return value.lower().startswith("socks")
    if name == "SSL_CERT_FILE" and value:
        return not _holds_certificates(value)
    return bool(value) and name in REDIRECTS


@cache
def _holds_certificates(file: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError:  # it is not there, or holds none
        return False
    return True


def ignore_settings(shell: Any) -> list[str]:
    """Set back what a profile changes of how cells run and show, and return the names of it.

    shell: IPython's. A warning that is an error stops a cell in which nothing is wrong. With %pdb,
    a cell that fails would wait for an answer. %autoreload would run the files of app/ once more,
    and SQLModel would meet each table twice.
    """
    found = []
    plain = shell.display_formatter.formatters["text/plain"]
    for owner, names in ((shell, RUNS), (plain, SHOWS)):
        for name in names:
            if getattr(owner, name) != (value := owner.trait_defaults(name)):
                setattr(owner, name, value)
                found.append(name)
    # Not the filters for a library's own kinds of warnings, such as pytest's.
    errors = {
        one for one in warnings.filters if (one[0], one[2].__module__) == ("error", "builtins")
    }
    if errors:
        warnings.filters = [one for one in warnings.filters if one not in errors]
        found.append("warnings=error")
    if shell.call_pdb:
        shell.call_pdb = False
        found.append("pdb")
    for function in shell.events.callbacks["pre_run_cell"]:
        reloader = getattr(getattr(function, "__self__", None), "_reloader", None)
        if getattr(reloader, "enabled", False):
            shell.run_line_magic("autoreload", "0")
            found.append("autoreload")
    return found
