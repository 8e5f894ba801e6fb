"""The site (docs/build.py) shows all that the notebooks have, and asks nobody else for anything.

Only where its requirements are: pip install -r requirements-site.txt. The workflow site.yml runs
these tests, in the browser that its machine has.
"""

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import mermaid
import pytest
from service import ROOT
from translations import translations

pytest.importorskip("myst_nb", reason="needs requirements-site.txt")
pytest.importorskip("vl_convert", reason="needs requirements-site.txt")

# MyST asks Sphinx in a way that a later Sphinx will not know. It is not ours.
pytestmark = pytest.mark.filterwarnings("ignore:'myst_parser")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
AXE = (
    "axe-core@4.14.1",
    "axe.min.js",
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
OTHER_HOST = re.compile(r"(?:https?:)?//")
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])


class Page(HTMLParser):
    """What a page of the site links, what it loads, and what one can link on it."""

    def __init__(self, path: Path) -> None:
        """Read a page."""
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = {""}
        self.diagrams: list[str] = []
        self.closed = 0
        self._in_diagram = False
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says."""
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADS and LOADS[tag] in given:
            self.loads.append(given[LOADS[tag]])
        if tag == "details" and "hide" in given.get("class", "") and "open" not in given:
            self.closed += 1
        if tag == "pre" and given.get("class") == "mermaid":
            self._in_diagram = True
            self.diagrams.append("")

    def handle_endtag(self, tag: str) -> None:
        """Note where a diagram ends."""
        self._in_diagram = self._in_diagram and tag != "pre"

    def handle_data(self, data: str) -> None:
        """Note the text of a diagram."""
        if self._in_diagram:
            self.diagrams[-1] += data


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """Return docs/build.py."""
    if shutil.which("npm") is None and not list((ROOT / "docs" / "_build").glob("*.js")):
        pytest.skip("needs npm, which brings the scripts")
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site. A warning of Sphinx is an error."""
    folder = tmp_path_factory.mktemp("site")
    assert build.build(folder) == 0
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    """Return each page of the site, by its path."""
    paths = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    return {path.relative_to(site).as_posix(): Page(path) for path in paths}


def cells(notebook: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return found


def outputs(notebook: Path, kind: str) -> list[str]:
    """Return the outputs of this kind in a notebook."""
    return [
        "".join(output["data"][kind])
        for cell in cells(notebook)
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


def test_each_link_leads_somewhere(site: Path, pages: dict[str, Page]) -> None:
    """A file of the site, and a place of that page."""
    wrong = []
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            goal = urlsplit(urljoin(name, link))
            path, place = unquote(goal.path), unquote(goal.fragment)
            known = pages[path].places if path in pages else {""}
            if not (site / path).is_file() or place not in known:
                wrong.append((name, link))
    assert wrong == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_every_page_of_the_course_is_there(pages: dict[str, Page]) -> None:
    """A new notebook joins by itself, a new page is named in docs/build.py."""
    names = [*NOTEBOOKS, *(ROOT / "notebooks").glob("*.md")]
    names += [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]
    wanted = {path.relative_to(ROOT).with_suffix(".html").as_posix() for path in names}
    assert wanted <= pages.keys()
    assert "Is it for you?" in pages["index.html"].text


def test_one_goes_from_page_to_page_in_one_language(pages: dict[str, Page]) -> None:
    """Each page has a next one, up to the last; the translations come behind all others."""
    way = ["index.html"]
    while found := re.search(r'class="next-page" href="([^"]+)"', pages[way[-1]].text):
        way.append(urljoin(way[-1], found[1]))
    assert sorted([*way, "search.html"]) == sorted(pages)
    last = [f"notebooks/{notebook.stem}.html" for notebook in translations()]
    assert way[-len(last) :] == last


def test_a_translation_names_its_language(pages: dict[str, Page]) -> None:
    """Of its text: code and outputs are in English."""
    for notebook in translations():
        text = pages[f"notebooks/{notebook.stem}.html"].text
        assert text.count(f'<section lang="{notebook.name[:2]}"') == 1
        code = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
        assert text.count('<div lang="en" class="cell ') == len(code)


def test_a_message_keeps_its_signs(pages: dict[str, Page]) -> None:
    """Who looks for it finds it: no quote and no dash becomes another one."""
    text = pages["notebooks/your_own_service.html"].text
    assert re.search("Can(?:'|&#x27;|&#39;)t proceed with --autogenerate option", text)


def test_nothing_is_loaded_from_another_host(site: Path, pages: dict[str, Page]) -> None:
    """No script, style, picture or font: one reads the site without the network, unobserved."""
    wrong = [(name, load) for name, page in pages.items() for load in page.loads
             if OTHER_HOST.match(load)]  # fmt: skip
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)", text)
        wrong += [(path.name, address) for address in found]
    assert wrong == []


@each_notebook
def test_each_diagram_is_one(notebook: Path, pages: dict[str, Page]) -> None:
    """Those in the text, and those in outputs."""
    texts = ["".join(cell["source"]) for cell in cells(notebook) if cell["cell_type"] == "markdown"]
    texts += outputs(notebook, "text/markdown")
    page = pages[f"notebooks/{notebook.stem}.html"]
    wanted = [diagram.strip() for text in texts for diagram in mermaid.blocks(text)]
    assert sorted(diagram.strip() for diagram in page.diagrams) == sorted(wanted)
    assert ("mermaid.min.js" in page.text) == bool(wanted)


@each_notebook
def test_answers_are_closed(notebook: Path, pages: dict[str, Page]) -> None:
    """A cell that JupyterLab shows closed is closed here, too. So are hints."""
    hidden = sum(cell["metadata"].get("jupyter", {}).get("source_hidden", False)
                 for cell in cells(notebook))  # fmt: skip
    page = pages[f"notebooks/{notebook.stem}.html"]
    assert page.closed == hidden
    hints = sum("".join(cell["source"]).count("<details>") for cell in cells(notebook))
    assert page.text.count("<details>") == hints


@each_notebook
def test_coloured_lines_have_letters_of_one_width(notebook: Path, pages: dict[str, Page]) -> None:
    """SQL and differences come as HTML, and arrive as they are."""
    for html in outputs(notebook, "text/html"):
        if html.startswith("<pre"):
            assert "font-family: monospace" in html
            assert html in pages[f"notebooks/{notebook.stem}.html"].text


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site on this machine, and return its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a browser that this machine has."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs requirements-site.txt")
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("needs a browser: Chromium or Chrome")
    with playwright.sync_playwright() as started:
        options = {"executable_path": program, "args": ["--no-sandbox"]}
        with started.chromium.launch(**options) as browser:
            yield browser


# How large each diagram is drawn, where 1 is the size of the text.
SIZES = """() => [...document.querySelectorAll("pre.mermaid svg")]
    .map(one => one.getBoundingClientRect().width / one.viewBox.baseVal.width)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_draws_every_diagram(
    theme: str, browser: Any, address: str, pages: dict[str, Page]
) -> None:
    """On every page, it has nothing to complain about, and asks no other host."""
    wrong: list[object] = []
    with browser.new_page(color_scheme=theme, viewport={"width": 400, "height": 900}) as view:
        view.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        view.on("pageerror", lambda error: wrong.append(str(error)))
        view.on("request", lambda asked: asked.url.startswith((address, "data:"))
                or wrong.append(asked.url))  # fmt: skip
        for name, page in pages.items():
            view.goto(f"{address}/{name}")
            drawn = drawn_diagrams(view, page)
            if drawn.count() != len(page.diagrams):
                wrong.append((name, drawn.count()))
            if view.evaluate("document.documentElement.scrollWidth") > 400:
                wrong.append((name, "is wider than a telephone"))
            wrong += [(name, "is drawn too small") for size in view.evaluate(SIZES) if size < 0.69]
    assert wrong == []


def drawn_diagrams(view: Any, page: Page) -> Any:
    """Wait until the diagrams of a page are drawn, and return them."""
    drawn = view.locator("pre.mermaid[data-processed] svg:not([aria-roledescription=error])")
    if page.diagrams:
        drawn.nth(len(page.diagrams) - 1).wait_for(timeout=10_000)
    return drawn


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_comes_in_is_green_and_what_goes_is_red(
    theme: str, browser: Any, address: str
) -> None:
    """In the differences that a page brings, as in those that a notebook shows."""
    with browser.new_page(color_scheme=theme) as view:
        view.goto(f"{address}/notebooks/your_own_service.html")
        for kind, larger in (("gi", 1), ("gd", 0)):
            line = view.locator(f".highlight .{kind}").first
            said = line.evaluate("line => getComputedStyle(line).backgroundColor")
            colour = [int(part) for part in re.findall(r"\d+", said)[:3]]
            assert colour[larger] == max(colour) > colour[1 - larger], (kind, said)


def test_the_search_finds_a_word(browser: Any, address: str) -> None:
    """In a page's text, in code, and in a translation. It leads to the page."""
    with browser.new_page() as view:
        for word, page in {
            "advisory": "Glossary",
            "IntegrityError": "3. Configure the database",
            "Zelle": "Hier geht es los",
        }.items():
            view.goto(f"{address}/index.html")
            field = view.get_by_role("textbox", name="Search")
            field.fill(word)
            field.press("Enter")
            view.locator("#search-results").get_by_role("link", name=page, exact=True).click()
            view.get_by_role("heading", name=page, level=1).wait_for()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 400)])
def test_axe_finds_nothing(
    theme: str, width: int, browser: Any, address: str, build: ModuleType, pages: dict[str, Page]
) -> None:
    """Contrasts, names, roles, headings, landmarks, and what scrolls: on every page."""
    axe = build.fetched(build.Script(*AXE), build.BUILD).read_text(encoding="utf-8")
    wrong = []
    with browser.new_page(color_scheme=theme, viewport={"width": width, "height": 900}) as view:
        for name, page in pages.items():
            view.goto(f"{address}/{name}")
            drawn_diagrams(view, page)
            view.evaluate(axe)
            found = view.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            wrong += [(name, one["id"], node["html"]) for one in found for node in one["nodes"]]
    assert wrong == []


# What has the focus, where it is, and whether one sees it.
FOCUS = """() => {
    const at = document.activeElement, box = at.getBoundingClientRect();
    return [at.localName, at.ariaLabel ?? at.textContent.trim(), at.checkVisibility({
        visibilityProperty: true }) && box.left >= 0 && box.right <= innerWidth + 1];
}"""
# What one wants to reach in the text of a page: what leads elsewhere, opens, or scrolls.
GOALS = """() => [...document.querySelectorAll(
        "article :is(a[href], summary, pre, .table-wrapper)")]
    .filter(one => one.checkVisibility() && !one.matches(".headerlink") &&
        (one.matches("a, summary") || one.scrollWidth > one.clientWidth))
    .map(one => one.textContent.trim())"""


@pytest.mark.parametrize("width", [1280, 400])
def test_the_keyboard_reaches_everything(width: int, browser: Any, address: str) -> None:
    """What leads elsewhere, opens or scrolls; and nothing that one does not see."""
    with browser.new_page(viewport={"width": width, "height": 900}) as view:
        for name in ("notebooks/02_write_the_models", "CONTRIBUTING"):
            view.goto(f"{address}/{name}.html", wait_until="networkidle")
            goals, reached = view.evaluate(GOALS), []
            assert goals
            while len(reached) < 300:
                view.keyboard.press("Tab")
                kind, text, seen = view.evaluate(FOCUS)
                if kind == "body":
                    break
                assert seen, (kind, text)
                reached.append(text)
            assert [goal for goal in goals if goal not in reached] == []


def test_the_keyboard_opens_what_is_closed(browser: Any, address: str) -> None:
    """On a small page: the list of pages, an answer, and the colours of the night."""
    with browser.new_page(viewport={"width": 400, "height": 900}) as view:
        view.goto(f"{address}/notebooks/02_write_the_models.html")
        sign = view.get_by_role("button", name="Pages of the course")
        page = view.get_by_role("link", name="14. Test your service")
        assert page.count() == 0
        sign.press("Enter")
        assert sign.get_attribute("aria-expanded") == "true"
        page.wait_for()
        view.keyboard.press("Escape")
        page.wait_for(state="detached")
        assert sign.get_attribute("aria-expanded") == "false"
        answer = view.locator("details.hide").first
        answer.locator("summary").press("Enter")
        assert answer.locator("pre").first.is_visible()
        themes = set()
        for _ in range(3):
            view.locator(".theme-toggle-header button").press("Enter")
            themes.add(view.locator("body").get_attribute("data-theme"))
        assert themes == {"light", "dark", "auto"}
