"""Runs uvicorn in a thread of the notebook's kernel."""

import asyncio
import importlib
import logging
import socket
import threading
import time
from types import TracebackType

from tutorial.errors import Problem
from tutorial.fresh import app_modules, forget_app, forget_changed_app

START_SECONDS = 15.0
STOP_SECONDS = 5.0

_running: dict[str, "Server"] = {}


class Server:
    """A server that runs. `url` is its address, for example http://127.0.0.1:51234."""

    def __init__(self, name: str, app: object) -> None:
        import uvicorn

        self.name = name
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))  # port 0: the system picks a free one
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # log_config=None: uvicorn's own would print into whatever cell runs at the moment.
        self._config = uvicorn.Config(app, log_config=None, log_level="info")
        self._server = uvicorn.Server(self._config)
        self._log = _ThreadLog(self)
        self._thread = threading.Thread(target=self._run, name=f"serve {name}", daemon=True)

    def __repr__(self) -> str:
        state = "runs" if self.is_running else "is stopped"
        return f"<{self.name} {state}>"

    @property
    def is_running(self) -> bool:
        """Whether the server answers now."""
        return self._thread.is_alive() and self._server.started

    def log(self) -> None:
        """Print what the server has logged so far."""
        print("\n".join(self.lines))

    def stop(self) -> None:
        """Stop the server and wait until it is gone. Stopping twice does no harm."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            self._server.force_exit = True  # do not wait for open requests
            self._thread.join(STOP_SECONDS)
        self._clean_up()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until the server is up. Raises Problem if it does not come up."""
        self._log.attach()
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        try:
            while self._thread.is_alive() and not self._server.started:
                if time.monotonic() > deadline:
                    raise Problem(
                        f"{self.name} did not start within {START_SECONDS:.0f} seconds.",
                        "Look for something in its lifespan that waits, for example a lock.",
                    )
                time.sleep(0.005)
        except BaseException:  # an interrupt too must leave no thread behind
            self.stop()
            raise
        if not self._server.started:
            self.stop()
            raise Problem(f"{self.name} did not start: {self._last_words()}", _advice(self.errors))

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self.errors.append(f"{type(error).__name__}: {error}")

    async def _serve(self) -> None:
        engines = _engines()
        await self._server.serve(sockets=[self._socket])
        for engine in engines:  # the app's lifespan does it too; an app without one does not
            disposed = engine.dispose()
            if asyncio.iscoroutine(disposed):
                await disposed

    def _last_words(self) -> str:
        words = [text for text in self.errors if not text.startswith("Application startup failed")]
        return words[0].strip().splitlines()[-1] if words else "it gave no reason."

    def _clean_up(self) -> None:
        self._log.detach()
        self._socket.close()
        if _running.get(self.name) is self:
            del _running[self.name]


class _ThreadLog(logging.Handler):
    """Keeps the log records that one server's thread makes, apart from every other server's."""

    def __init__(self, server: Server) -> None:
        super().__init__(level=logging.INFO)
        self.server = server
        self._logger = logging.getLogger("uvicorn")

    def attach(self) -> None:
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self)

    def detach(self) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self.server._thread.ident:
            return
        text = record.getMessage()
        if record.levelno >= logging.ERROR:
            cause = record.exc_info[1] if record.exc_info else None
            text = f"{type(cause).__name__}: {cause}" if cause else text
            self.server.errors.append(text)
        self.server.lines.append(f"{record.levelname + ':':<9} {text}")


def _engines() -> list:
    """Return the SQLAlchemy engines that the app's modules hold."""
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    return [
        value
        for module in app_modules().values()
        for value in vars(module).values()
        if isinstance(value, Engine | AsyncEngine)
    ]


def _advice(errors: list[str]) -> str:
    text = " ".join(errors)
    if "alembic upgrade head" in text:
        return "Run `alembic upgrade head` in a %%terminal cell, then start the server again."
    return "Put the cause right in the file, save it, and run this cell again."


def _load(target: str) -> object:
    """Import "package.module:name". Raises Problem with the last line of the cause."""
    module_name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(module_name)
        return getattr(module, attribute or "app")
    except Exception as error:
        forget_app()  # half-imported modules must not meet the corrected file
        what = f"{target} can't be imported: {type(error).__name__}: {error}"
        if isinstance(error, SyntaxError) and error.filename:
            where = error.filename.replace("\\", "/").rpartition("/app/")[2]
            what = f"app/{where} has a syntax error in line {error.lineno}: {error.msg}."
        elif isinstance(error, ModuleNotFoundError) and error.name in ("app", module_name):
            what = f"There is no module {error.name} in this project."
        elif isinstance(error, AttributeError) and attribute and attribute in str(error):
            what = f"{module_name} has no `{attribute}`."
        raise Problem(what, "Put it right in the file, save it, and run this cell again.") from error


def serve(target: str | object, name: str = "") -> Server:
    """Start an app on 127.0.0.1 and a free port, in a thread of this kernel.

    target: "app.main:app" as on uvicorn's command line, or an ASGI app. A server of the same name
    (by default, the target) is stopped first, and edited files are imported anew.

    Returns the server, which is up: see `Server` for `url`, `log()` and `stop()`. Raises Problem
    with the last words of the server if it does not come up; no thread is left then.
    """
    name = name or (target if isinstance(target, str) else "the app")
    if name in _running:
        _running[name].stop()
    if isinstance(target, str):
        forget_changed_app()
        app = _load(target)
    else:
        app = target
    server = Server(name, app)
    server.start()
    _running[name] = server
    return server


def stop_servers() -> None:
    """Stop every server that `serve` started in this kernel."""
    for server in list(_running.values()):
        server.stop()


def running_servers() -> list[Server]:
    """Return the servers that run in this kernel."""
    return [server for server in _running.values() if server.is_running]


