"""Runs uvicorn in a thread of the notebook's kernel."""

import asyncio
import inspect
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tutorial.browser import App, for_browsers
from tutorial.errors import Problem
from tutorial.explain import explain, explained, one_line
from tutorial.fresh import app_modules, import_now
from tutorial.running import STOP_SECONDS, Running

START_SECONDS = 15.0


class Server(Running):
    """A server in a thread of this kernel. `url` is its address."""

    def __init__(self, name: str, app: App) -> None:
        import uvicorn

        self.lines: list[str] = []
        self.errors: list[str] = []
        # log_config=None: uvicorn's own would print into whatever cell runs at the moment.
        self._config = uvicorn.Config(for_browsers(app), log_config=None, log_level="info")
        self._server = uvicorn.Server(self._config)
        self._engines = _engines()
        self._log = _ThreadLog(self)
        self._cancel: Callable[[], object] = lambda: None  # there is no task yet
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))  # port 0: the system picks a free one
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, name=f"serve {name}", daemon=True)
        super().__init__(name)
        self._log.attach()
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the server answers now."""
        return self._thread.is_alive() and self._server.started

    def log(self) -> None:
        """Print what the server has logged so far."""
        print("\n".join(self.lines))

    def stop(self) -> None:
        """Stop the server; open requests have STOP_SECONDS to end, then they are cancelled."""
        self._server.should_exit = True
        if self._server.started:  # uvicorn looks at should_exit only once it is up
            self._thread.join(STOP_SECONDS)
        with suppress(RuntimeError):  # the loop is closed
            self._cancel()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        logging.getLogger("uvicorn").removeHandler(self._log)

    def _is_up(self) -> bool:
        alive = self._thread.is_alive()  # asked first: it may come up and end in between
        if not alive and not self._server.started:
            # The first error: those after it only follow from it.
            raise self.not_started("\n".join(self.errors), next(iter(self.errors), ""), "server")
        return self._server.started

    def _run(self) -> None:
        """Run the server to its end. This is all that the thread does."""
        try:
            with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self.errors.append(one_line(error))
        finally:
            self._socket.close()

    async def _serve(self) -> None:
        loop, (task,) = asyncio.get_running_loop(), asyncio.all_tasks()
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        if self._server.should_exit:  # stopped before it began
            return
        try:
            await self._server.serve(sockets=[self._socket])
        finally:  # also when the lifespan refused, or a stop cancelled what was still open
            open_tasks = asyncio.all_tasks() - {task}
            for one in open_tasks:
                one.cancel()
            await asyncio.gather(*open_tasks, return_exceptions=True)
            # The app may have no lifespan that closes its engines. Another server may share them.
            others = [server._engines for server in Server.running() if server is not self]
            for engine in self._engines:
                if not any(engine in shared for shared in others):
                    await _close([engine])


class _ThreadLog(logging.Handler):
    """Keeps the log records that one server's thread makes, apart from every other server's."""

    def __init__(self, server: Server) -> None:
        super().__init__(level=logging.INFO)
        self.server = server

    def attach(self) -> None:
        """Take over uvicorn's loggers, from whoever has configured them before."""
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logger = logging.getLogger(name)
            logger.handlers = [one for one in logger.handlers if isinstance(one, _ThreadLog)]
            logger.disabled = False
            logger.propagate = name != "uvicorn"
        logging.getLogger("uvicorn").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.thread != self.server._thread.ident or "server process [" in text:
            return  # another server's; or the kernel's process number, which tells nothing
        if record.levelno >= logging.ERROR:
            text = one_line(record.exc_info[1] if record.exc_info else text)
            self.server.errors.append(text)
        self.server.lines.append(f"{record.levelname + ':':<9} {text}")


def _engines(*more: object) -> list[Any]:
    """Return the SQLAlchemy engines that the app's modules hold, or that are among `more`."""
    if "sqlalchemy" not in sys.modules:  # then there is none, and the import takes a while
        return []

    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    values = [value for module in app_modules().values() for value in vars(module).values()]
    return [value for value in (*values, *more) if isinstance(value, Engine | AsyncEngine)]


def _load(target: str) -> App:
    """Import "package.module:name", anew if a file was edited. Raises Problem with the cause."""
    module_name, _, attribute = target.partition(":")
    if "/" in module_name or module_name.endswith(".py"):
        raise Problem("no-such-module", name=module_name)
    try:
        module = import_now(module_name)
    except Exception as error:
        unknown = Problem("app-can-not-be-imported", target=target, error=one_line(error))
        if isinstance(error, ModuleNotFoundError) and error.name == module_name:
            unknown = Problem("no-such-module", name=module_name)
        raise explain(error) or unknown from error
    app: App | None = getattr(module, attribute or "app", None)
    if app is None or not _takes_requests(app):
        raise Problem("no-app", module=module_name, name=attribute or "app")
    return app


def _takes_requests(app: object) -> bool:
    """Whether a server can call this: an endpoint, for example, is a function, too."""
    try:
        inspect.signature(app).bind("scope", "receive", "send")  # type: ignore[arg-type]
    except (TypeError, ValueError):  # it is not callable, or not so
        return False
    return True


def reach_directly() -> None:
    """Keep clients and commands from asking a proxy for the servers of this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))


@explained
def serve(target: str | App, *, name: str = "") -> Server:
    """Start an app on 127.0.0.1 and a free port, in a thread of this kernel.

    target: "app.main:app" as on uvicorn's command line, or an ASGI app. A server of the same name
    (by default, the target) is stopped first, and edited files are imported anew.

    Returns the server, which is up: see `Server` for `url`, `log()` and `stop()`. Raises Problem
    with the last words of the server if it does not come up; no thread is left then.
    """
    name = name or (target if isinstance(target, str) else "the app")
    for old in Server.running():
        if old.name == name:
            old.stop()
    reach_directly()
    server = Server(name, _load(target) if isinstance(target, str) else target)
    server.wait_until_up(START_SECONDS)
    return server


def stop_servers(*more: object) -> None:
    """Stop every server that `serve` started in this kernel, and close the app's databases.

    Cells may have used the app's engines, too, which keep their connections for the next time: on
    Windows, a file that is open can't be moved. more: what the cells have made; the engines among
    it are closed, too.
    """
    for server in Server.running():
        server.stop()
    if engines := [engine for engine in _engines(*more) if engine.dialect.name == "sqlite"]:
        with ThreadPoolExecutor(1) as thread:  # that of a notebook has an event loop already
            thread.submit(asyncio.run, _close(engines)).result()


async def _close(engines: list[Any]) -> None:
    """Close the connections of engines that nobody uses at the moment."""
    for engine in engines:
        disposed = engine.dispose()
        if asyncio.iscoroutine(disposed):  # an async engine
            await disposed
