"""The two versions of the service: asks either of them, and makes the async one of the sync one."""

import gc
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from tutorial.errors import Problem
from tutorial.explain import explained
from tutorial.files import diff
from tutorial.fresh import import_now, note_app
from tutorial.overwrite import keep
from tutorial.show import sql_log, wrapped

MODULES = {"sync": "app.main", "async": "app.main_async"}
# As in step 8: what has another name in the async version, and what is awaited there.
NAMES = {
    "sync version": "async version",
    "app.db ": "app.db_async ",
    "from app import people": "from app import people_async as people",
    "\ndef ": "\nasync def ",
    "engine.dispose(": "await engine.dispose(",
}
AWAITED = ("get", "exec", "flush", "refresh", "commit", "rollback", "delete")


async def call(method: str, path: str, *versions: str, **request: Any) -> None:
    """Send a request to one version of the app or to both, without a server, and print the answer.

    versions: "sync", "async" or both; none is "sync". request: as httpx takes it, such as json=….
    The app is the one of the files as they are now.

    It prints how many SELECT were sent, the status, and the body below it; what both versions say
    alike, it prints once. Of an answer that FastAPI can't make it prints the error, where in the
    answer it arose, and its first words: what is the same each time. All other errors are raised.
    The database is closed afterwards.
    """
    answers: dict[str, list[str]] = {}  # what was said, and by whom
    try:
        for version in versions or ("sync",):
            answers.setdefault(await _answer(version, method, path, request), []).append(version)
    finally:
        for said, same in answers.items():
            print(f"{' and '.join(same)}, {said}")


async def _answer(version: str, method: str, path: str, request: dict[str, Any]) -> str:
    """Return what `call` prints of a version, without its name."""
    import httpx
    from fastapi.exceptions import ResponseValidationError

    transport = httpx.ASGITransport(import_now(MODULES[version]).app)
    client = httpx.AsyncClient(transport=transport, base_url="http://service")
    with _no_random_warning(), sql_log(show=False) as lines:
        try:
            response = await client.request(method, path, **request)
            status, body = str(response.status_code), _in_lines(response.text)
        except ResponseValidationError as error:
            status, body = f"500 {type(error).__name__}", _first(error.errors())
        finally:
            import_module("app.db").engine.dispose()
            await import_module("app.db_async").engine.dispose()
        if status.startswith("500"):
            gc.collect()
    count = sum(line.startswith("SELECT") for line in lines)
    return f"{count} SELECT: {status}\n{wrapped(body, '    ')}".rstrip()


def _in_lines(body: str) -> str:
    """Return a body that can be broken at blanks. Of a list, each item begins a line."""
    try:
        said = json.loads(body)
    except ValueError:
        return body
    items = said if isinstance(said, list) else [said]
    lines = [json.dumps(one, ensure_ascii=False, separators=(", ", ":")) for one in items]
    return "[{}]".format(",\n".join(lines)) if isinstance(said, list) else lines[0]


def _first(errors: Sequence[Any]) -> str:
    """Return where in an answer the first error arose, and its first line without a link."""
    place = ".".join(map(str, errors[0]["loc"]))
    line = errors[0]["msg"].splitlines()[0].partition(" (Background on")[0]
    return f"{place}: {line}"


@contextmanager
def _no_random_warning() -> Iterator[None]:
    """Hide what a MissingGreenlet leaves at a random moment: a call of the driver's own.

    A forgotten `await` of the learner is not hidden. Python throws such a call away in any line
    that makes an object, also where it can't warn, and then prints a traceback: not in here.
    """
    throws_away = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"coroutine 'Connection\.\w+' was never awaited")
            yield
    finally:
        if throws_away:
            gc.enable()


@explained
def in_async(text: str) -> str:
    """Return the async version of endpoints."""
    for old, new in NAMES.items():
        text = text.replace(old, new)
    for name in AWAITED:
        text = text.replace(f"session.{name}(", f"await session.{name}(")
    return text


def make_async(path: str, *, show: bool = True) -> None:
    """Write the async version of a file with endpoints beside it.

    path: "app/people.py" gives "app/people_async.py". show: whether to show where they differ.

    A file there that the learner has changed is kept in a backup. Raises Problem if there is no
    file to read.
    """
    if not Path(path).is_file():
        raise Problem("file-gone", path=path)
    text = in_async(Path(path).read_text(encoding="utf-8"))
    target = path.replace(".py", "_async.py")
    keep(target, text)
    note_app()  # what was imported in this cell, before the file changes
    Path(target).write_text(text, encoding="utf-8", newline="\n")
    if show:
        diff(path, target, context=0)
