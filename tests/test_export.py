"""A notebook that nbconvert makes into a page says all that the notebook says."""

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import mermaid
import pytest
from service import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHORT = [path for path in NOTEBOOKS if path.name.startswith("03")]  # has all kinds of outputs


@pytest.mark.parametrize(
    "notebooks",
    [pytest.param(SHORT, id="03"), pytest.param(NOTEBOOKS, id="all", marks=pytest.mark.weekly)],
)
def test_nbconvert_keeps_lines_and_diagrams(notebooks: list[Path], tmp_path: Path) -> None:
    """SQL and differences are in monospace. A diagram keeps its lines, and is never hidden."""
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--config", "docs/export.py"]
    command += ["--to", "html", "--output-dir", str(tmp_path)]
    names = [path.relative_to(ROOT).as_posix() for path in notebooks]
    subprocess.run([*command, *names], cwd=ROOT, check=True, capture_output=True)
    for notebook in notebooks:
        page = (tmp_path / f"{notebook.stem}.html").read_text(encoding="utf-8")
        texts = []
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            texts += ["".join(cell["source"])] if cell["cell_type"] == "markdown" else []
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                texts += ["".join(data["text/markdown"])] if "text/markdown" in data else []
                if (html := "".join(data.get("text/html", ""))).startswith("<pre"):
                    assert "font-family: monospace" in html
                    assert html in page
        # What a browser gives Mermaid: no tag is inside of a diagram.
        drawn = re.findall(r'<pre class="mermaid">\n([^<]*)\n</pre>', page)
        wanted = [diagram.strip() for text in texts for diagram in mermaid.blocks(text)]
        assert [unescape(diagram) for diagram in drawn] == wanted
        assert ".jp-Mermaid:not(.jp-RenderedMermaid)::before" in page
