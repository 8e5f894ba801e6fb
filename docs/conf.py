"""Settings of the site. docs/build.py calls Sphinx with them; CONTRIBUTING.md says how."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

project = "FastAPI + SQLModel + SQLite + Alembic"
html_title = project
language = "en"
smartquotes = False  # a message that stands in the text keeps its signs: --autogenerate, 'app'
root_doc = "index"
extensions = ["myst_nb"]

html_theme = "furo"
html_favicon = str(Path(__file__).parent / "static" / "favicon.svg")
pygments_dark_style = "github-dark"  # the theme's own one underlines modules, as if they were links
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
html_js_files = [("access.js", {"defer": "defer"})]
templates_path = ["templates"]
html_copy_source = False
html_use_index = False  # it would be empty: the course has a glossary
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

nb_execution_mode = "off"  # the stored outputs are what the tests compare
nb_render_markdown_format = "myst"  # an output in Markdown can be a diagram, too
nb_merge_streams = True
nb_code_prompt_show = "··· Show this cell"  # the notebooks name three dots, as in JupyterLab
nb_code_prompt_hide = "··· Hide this cell"
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3  # glossary.md#session

SCRIPTS = ("mermaid.min.js", "diagrams.js")  # the first one comes from docs/build.py


class Mermaid(SphinxDirective):
    """A diagram: its text, which diagrams.js draws in the reader's browser."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the text as an element that the script finds. It can be read without it, too."""
        text = nodes.Text("\n".join(self.content)).astext()
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return [nodes.raw("", f'<pre class="mermaid">{escaped}</pre>\n', format="html")]


def language_of(cell: str) -> str | None:
    """Return the language of a code cell that begins with a cell magic, or None."""
    first = cell.partition("\n")[0]
    if first.startswith("%%terminal"):
        return "bash"
    if first.startswith("%%writefile") and not first.endswith(".py"):
        return "text"
    return None


def name_languages(app: Sphinx, document: nodes.document) -> None:
    """Give the cells that are no Python their language: else they are coloured as Python."""
    for block in document.findall(nodes.literal_block):
        if "cell_input" in block.parent.get("classes", []):
            block["language"] = language_of(block.astext()) or block["language"]


def add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Load Mermaid, 3 MB, only on a page that has a diagram."""
    if '<pre class="mermaid">' in context.get("body", ""):
        for name in SCRIPTS:
            app.add_js_file(name, loading_method="defer")


def name_levels(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Give the headings in the list of pages a level. Sphinx says only that they are headings."""
    role = 'role="heading"'
    tree = str(context.get("furo_navigation_tree", ""))
    context["furo_navigation_tree"] = tree.replace(role, f'{role} aria-level="2"')


def name_tongue(
    app: Sphinx, page: str, template: str, context: dict[str, Any], document: nodes.document | None
) -> None:
    """Say in which language a translated page is: screen readers go by it. Code stays English."""
    if translated := re.match(r"notebooks/([a-z][a-z])_", page):
        body = context["body"].replace("<section ", f'<section lang="{translated[1]}" ', 1)
        context["body"] = body.replace('<div class="cell ', '<div lang="en" class="cell ')


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the above."""
    app.add_directive("mermaid", Mermaid)
    app.connect("doctree-read", name_languages)
    app.connect("html-page-context", add_scripts)
    app.connect("html-page-context", name_tongue)
    app.connect("html-page-context", name_levels, priority=900)  # after the theme has made the list
