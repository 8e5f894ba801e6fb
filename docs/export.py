"""Settings with which nbconvert makes a page of a notebook that says all that the notebook says.

    jupyter nbconvert --config docs/export.py --to html notebooks/02_write_the_models.ipynb

Without them, nbconvert takes the line breaks out of a diagram's texts: it reads <br/> as HTML. And
where the page can't load Mermaid from the network, there is nothing in the diagram's place.
"""

import html
import re

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

DIAGRAM = re.compile(r"(?<=^```mermaid\n).*?(?=^```)", re.MULTILINE | re.DOTALL)
NOT_DRAWN = "Mermaid draws a diagram here if the page can load it from the network. Its text:"
STYLE = f"""

<style>
.jp-Mermaid:not(.jp-RenderedMermaid) {{ display: block; }}
.jp-Mermaid:not(.jp-RenderedMermaid)::before {{ content: "{NOT_DRAWN}"; font-style: italic; }}
.jp-Mermaid pre.mermaid {{ font-family: monospace; white-space: pre; overflow-x: auto; }}
</style>"""


class Diagrams(Preprocessor):
    """Keeps what diagrams in the text say. Those in outputs have no tags."""

    enabled = True

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, object], index: int
    ) -> tuple[NotebookNode, dict[str, object]]:
        """Write a cell's diagrams so that HTML shows each character of them."""
        if cell.cell_type == "markdown":
            cell.source = escaped(cell.source) + (STYLE if index == 0 else "")
        return cell, resources


def escaped(markdown: str) -> str:
    """Return the text with its diagrams as HTML needs them."""
    return DIAGRAM.sub(lambda diagram: html.escape(diagram[0], quote=False), markdown)


c.HTMLExporter.preprocessors = [Diagrams]  # noqa: F821 - c is there when nbconvert reads this
