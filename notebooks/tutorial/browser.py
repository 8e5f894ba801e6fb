"""Lets a browser show a server's pages: without the internet, and through JupyterLab's proxy."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Any]  # an ASGI app

PLACE = "/static-offline-docs/"  # where fastapi-offline has them, too


def for_browsers(app: App) -> App:
    """Return an app that answers as this one does, with a page /docs that works in any browser.

    FastAPI lets this page load its script and its style from the internet: here they come from the
    package fastapi-offline. Behind a proxy, which says so in a header of each request, the page
    names addresses that lead through the proxy. All other answers are those of the app.
    """
    files = {f"{PLACE}{file.name}": file for file in _folder().iterdir()}

    async def shown(scope: Scope, receive: Callable[..., Any], send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if scope["path"] in files:
            from starlette.responses import FileResponse

            await FileResponse(files[scope["path"]])(scope, receive, send)
            return
        prefix = dict(scope["headers"]).get(b"x-forwarded-prefix", b"").decode().rstrip("/")
        is_page = scope["path"] == getattr(app, "docs_url", None)
        if prefix:  # so ASGI says it: the path that the client has asked for, and its first part
            scope = {**scope, "root_path": prefix, "path": prefix + scope["path"]}
        await app(scope, receive, _with_own_files(send, prefix) if is_page else send)

    return shown


def _folder() -> Path:
    """Return the folder with the files that /docs loads."""
    spec = find_spec("fastapi_offline")
    assert spec is not None  # begin() has looked for it
    assert spec.origin is not None
    return Path(spec.origin).parent / "static"


def _with_own_files(send: Send, prefix: str) -> Send:
    """Return a `send` that writes our addresses into a page, in the place of those elsewhere."""
    start: dict[str, Any] = {}
    body = b""

    async def changed(message: Message) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            start.update(message)
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        for address, name in _addresses().items():
            body = body.replace(address.encode(), f"{prefix}{PLACE}{name}".encode())
        others = [(key, value) for key, value in start["headers"] if key != b"content-length"]
        await send({**start, "headers": [*others, (b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    return changed


def _addresses() -> dict[str, str]:
    """Return the addresses that FastAPI writes into the page, each with the name of its file."""
    from fastapi.openapi.docs import get_swagger_ui_html

    given = get_swagger_ui_html.__kwdefaults__ or {}
    names = ("swagger_js_url", "swagger_css_url", "swagger_favicon_url")
    return {given[name]: given[name].rpartition("/")[2] for name in names}


def shown_at(url: str) -> str:
    """Return the address at which a browser that shows this notebook reaches a server of ours.

    The browser may be on another computer: then 127.0.0.1 is that one. The JupyterLab that runs
    this kernel has a way for it if jupyter-server-proxy is installed.
    """
    base = _jupyter()
    if not base or find_spec("jupyter_server_proxy") is None:
        return url
    parts = urlsplit(url)
    return f"{base}proxy/{parts.port}{parts.path}"


def _jupyter() -> str:
    """Return the path under which Jupyter has this notebook, or "" if it runs elsewhere."""
    if "JPY_SESSION_NAME" not in os.environ:  # what Jupyter tells each kernel of a notebook
        return ""
    import psutil
    from jupyter_server.serverapp import list_running_servers

    parents = {parent.pid for parent in psutil.Process().parents()}
    found = (server["base_url"] for server in list_running_servers() if server["pid"] in parents)
    return str(next(found, ""))
