"""Makes a site of the notebooks and pages, from their stored outputs. No notebook is run.

    pip install -r requirements.txt -r requirements-site.txt
    python docs/build.py

Then docs/_build/html/index.html is its first page. npm brings the script of Mermaid, once: it is
the registry's file, whose hash stands below, and it becomes a part of the site.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import vl_convert
from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "docs" / "_build"


class Script(NamedTuple):
    """A script of a package of npm: name and version, the file in it, and the package's hash."""

    package: str
    file: str
    integrity: str


# The version that JupyterLab 4.6.6 draws with, so a diagram looks the same on the site.
MERMAID = Script(
    "mermaid@11.16.1",
    "dist/mermaid.min.js",
    "TQsq6u22fAn3rek5VOubrhKPo1g5hwC3FXUN9hiyupTckcYiGuuKGkNQrKYwGJkXUxZdojwRG46gsSCFZMDp4g==",
)
VEGA_LITE = "application/vnd.vegalite.v5+json"
FRAME = "<p><em>Here the notebook shows the page /docs of the running service.</em></p>"

PARTS = {
    "The steps": ("notebooks/0*.ipynb", "notebooks/10*.ipynb", "notebooks/11*.ipynb"),
    "Part two": ("notebooks/1[2-9]*.ipynb",),
    "To look up": (
        "notebooks/glossary.md",
        "notebooks/troubleshooting.md",
        "notebooks/the_service.md",
        "notebooks/your_own_service.md",
        "notebooks/your_own_tables.md",
        "notebooks/whats_changed.md",
    ),
    "The project": (
        "benchmarks/README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "CODE_OF_CONDUCT.md",
    ),
    "In German": ("notebooks/de_*.ipynb",),  # last: from page to page, one stays in one language
}


def fetched(script: Script, folder: Path) -> Path:
    """Return a script in this folder; npm brings it if it is not there yet.

    Raises ValueError if what npm brings is not the package whose hash we know.
    """
    path = folder / f"{script.package}.min.js"
    if path.is_file():
        return path
    npm = shutil.which("npm")  # on Windows it is npm.cmd
    if npm is None:
        raise FileNotFoundError(f"npm is needed, to take {script.package}. It comes with Node.js.")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        subprocess.run([npm, "pack", script.package], cwd=name, check=True, capture_output=True)
        (archive,) = Path(name).glob("*.tgz")
        digest = hashlib.sha512(archive.read_bytes()).digest()
        if base64.b64encode(digest).decode() != script.integrity:
            raise ValueError(f"{script.package} is not the package that it was")
        with tarfile.open(archive) as files:
            content = files.extractfile(f"package/{script.file}")
            assert content is not None
            path.write_bytes(content.read())
    return path


def prepare(text: str) -> str:
    """Return a notebook as the site shows it."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        metadata = cell["metadata"]
        if metadata.get("jupyter", {}).get("source_hidden"):
            metadata.setdefault("tags", []).append("hide-input")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if VEGA_LITE in data:
                data["text/html"] = plot(data.pop(VEGA_LITE), "".join(data["text/plain"]))
            if "<iframe" in "".join(data.get("text/html", "")):
                data["text/html"] = FRAME  # the server has long been stopped
    return json.dumps(notebook)


def plot(chart: dict[str, Any], said: str) -> str:
    """Return a picture of a plot that JupyterLab draws itself, with a text for who can't see it."""
    config = {"background": "white"}
    svg = vl_convert.vegalite_to_svg(chart | {"config": chart.get("config", {}) | config})
    source = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{source}" alt="{said}">'


def copy(source: Path) -> None:
    """Copy what the site shows into a folder, as Sphinx wants it: README.md becomes index.md."""
    contents = ""
    for part, patterns in PARTS.items():
        paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        names = [path.relative_to(ROOT).as_posix() for path in paths]
        for path, name in zip(paths, names, strict=True):
            text = path.read_text(encoding="utf-8")
            write(source / name, prepare(text) if path.suffix == ".ipynb" else text)
        listed = "\n".join(name.rpartition(".")[0] for name in names)
        contents += f"\n```{{toctree}}\n:hidden:\n:caption: {part}\n\n{listed}\n```\n"
    write(source / "index.md", (ROOT / "README.md").read_text(encoding="utf-8") + contents)
    shutil.copytree(ROOT / "notebooks" / "images", source / "notebooks" / "images")
    for name in ("LICENSE", "benchmarks/results.json"):
        shutil.copy(ROOT / name, source / name)


def write(path: Path, text: str) -> None:
    """Write a page. Its links to the README, which is the first page, lead there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = re.sub(r"\]\(((?:\.\./)?)README\.md", r"](\1index.md", text)
    path.write_text(text, encoding="utf-8", newline="\n")


def build(site: Path) -> int:
    """Make the site in this folder. Return 0 if there was nothing to warn of."""
    script = fetched(MERMAID, BUILD)
    with TemporaryDirectory() as name:
        source = Path(name)
        copy(source)
        # -E: nothing is kept from an earlier build; -W: a warning is an error.
        options = ["-q", "-E", "-W", "--keep-going", "-c", str(ROOT / "docs")]
        status = build_main([*options, "-d", str(source / ".cache"), str(source), str(site)])
    shutil.copy(script, site / "_static" / "mermaid.min.js")
    return status


if __name__ == "__main__":
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    sys.exit(build(BUILD / "html"))
