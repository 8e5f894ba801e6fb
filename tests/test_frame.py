"""Notebook 5 in a real JupyterLab and a real browser: its frame shows /docs, and /docs works.

As on a hub: JupyterLab has a path of its own, and the browser reaches nothing but JupyterLab. And
as at home. Only where the requirements of the site, and for the first those of the proxy, are:

    pip install -r requirements-site.txt -r requirements-proxy.txt
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import nbformat
import psutil
import pytest
from helpers import free_port
from test_careless_kernels import copy_of_the_course

playwright = pytest.importorskip("playwright.sync_api", reason="needs requirements-site.txt")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
NOTEBOOK = "05_test_the_endpoints.ipynb"
SECONDS = 60
HUB = pytest.param(
    "/user/ann/",
    marks=pytest.mark.skipif(
        find_spec("jupyter_server_proxy") is None, reason="needs requirements-proxy.txt"
    ),
)


# A cell after which Python finds no proxy, where there is one for the other test.
NO_PROXY = "import sys\n\nsys.modules['jupyter_server_proxy'] = None"


def up_to_the_frame(notebooks: Path, first: str) -> None:
    """Cut the notebook off after its frame: its last cells stop the server. first: a cell."""
    path = notebooks / NOTEBOOK
    content = nbformat.read(path, as_version=4)
    place = [cell.id for cell in content.cells].index("docs")
    content.cells = content.cells[: place + 1]
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    content.cells.insert(1, nbformat.v4.new_code_cell(first))
    nbformat.write(content, path)


@contextmanager
def jupyterlab(folder: Path, base_url: str) -> Iterator[str]:
    """Start JupyterLab with a copy of the course, and give its address."""
    notebooks = copy_of_the_course(folder)
    up_to_the_frame(notebooks, NO_PROXY if base_url == "/" else "")
    port = free_port()
    settings = {
        "ServerApp.base_url": base_url,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "ServerApp.jpserver_extensions": {"jupyter_server_proxy": base_url != "/"},
        "IdentityProvider.token": "",
        "LabApp.news_url": "",
    }
    own = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    own["TUTORIAL_WORKSPACE"] = str(folder / "workspace")
    options = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options]
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | own)
        try:
            address = f"http://127.0.0.1:{port}{base_url}"
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline and server.poll() is None:
                try:
                    urlopen(f"{address}api", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield address
        finally:
            family = [*psutil.Process(server.pid).children(recursive=True), server]
            for one in family:
                one.kill()
            server.wait()


@pytest.mark.parametrize("base_url", [HUB, "/"], ids=["a hub", "at home"])
def test_the_page_in_the_frame_answers(base_url: str, tmp_path: Path) -> None:
    """One sends a task from the page in the frame, and gets 201. Nothing is asked elsewhere."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("needs a browser: Chromium or Chrome")
    with (
        jupyterlab(tmp_path, base_url) as address,
        playwright.sync_playwright() as started,
        started.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser,
    ):
        home = "http://127.0.0.1:" if base_url == "/" else address.removesuffix(base_url)
        asked_elsewhere = []
        view = browser.new_page(viewport={"width": 1280, "height": 1200})
        view.set_default_timeout(SECONDS * 1000)

        def only_home(route: playwright.Route) -> None:
            if route.request.url.startswith(home):
                route.continue_()
            else:
                asked_elsewhere.append(route.request.url)
                route.abort()

        view.route("**/*", only_home)
        view.goto(f"{address}lab/tree/notebooks/{NOTEBOOK}")
        view.locator(".jp-Notebook .jp-Cell").first.wait_for()
        view.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        view.get_by_role("menuitem", name="Run", exact=True).click()
        view.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        view.locator(".jp-OutputArea iframe").wait_for(state="attached")
        view.locator(".jp-OutputArea iframe").scroll_into_view_if_needed()
        page = view.frame_locator(".jp-OutputArea iframe")
        page.get_by_role("button", name="POST /task/").first.click()
        page.get_by_role("button", name="Try it out").click()
        page.locator("textarea").fill('{"task_name": "sent from the frame"}')
        page.get_by_role("button", name="Execute").click()
        answer = page.locator(".live-responses-table .response").first
        answer.wait_for()
        view.screenshot(path=str(tmp_path / "shot.png"))
        said = answer.inner_text()
        assert said.split()[0] == "201"
        assert '"task_name": "sent from the frame"' in said
        assert asked_elsewhere == []
