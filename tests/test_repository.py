"""What a repository has around its content: citation, security, templates, and places to run it."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jupyter_server.serverapp import ServerApp

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
PULL_REQUEST = ROOT / ".github" / "pull_request_template.md"
ABOUT = [*sorted(ROOT.glob("[CRS]*.md")), ROOT / "CITATION.cff", *FORMS, PULL_REQUEST]
CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
PROXY = "requirements-proxy.txt"  # what a browser on another computer needs
# Other people's repositories that a text may name: the two templates of the article's author.
OTHERS = {f"pandalearnstocode/fastapi_sqlmodel_sqlite_alembic_{kind}_template"
          for kind in ("sync", "async")}  # fmt: skip


def test_the_citation_names_the_newest_release() -> None:
    """Version, date and license are those of the changelog and of the project."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cited)  # what the format wants
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version, date = re.findall(r"^## (\d\S+) - (\S+)$", changelog, re.MULTILINE)[0]
    assert (cited["version"], cited["date-released"]) == (version, date)
    assert cited["version"] == PROJECT["version"]
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml").read_text(encoding="utf-8")
    assert f"version {version} of the course" in form
    assert cited["license"] == PROJECT["license"]
    assert f"# {cited['title']}\n" in README
    (article,) = cited["references"]
    names = " ".join(article["authors"][0][key] for key in ("given-names", "family-names"))
    for said in (article["title"], names, article["date-released"]):
        assert said in re.sub(r"\s+", " ", README)


@pytest.mark.parametrize("path", ABOUT, ids=lambda path: path.name)
def test_no_address_is_invented(path: Path) -> None:
    """Who copies the repository has another address than we, and badges need one."""
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"github\.com/([\w.-]+/[\w.-]+)", text))
    assert named <= OTHERS
    assert not re.search(r"\bOWNER\b|example\.(?:com|org)|[\w.]+@[\w.]+\.\w+|<your", text)
    assert not re.search(r"!\[[^\]]*\]\(https?:", text), "a picture from elsewhere"


# What a learner's computer runs, and what writes the files of the repository.
RUN = [
    *(ROOT / "app").glob("*.py"),
    *(ROOT / "notebooks" / "tutorial").rglob("*.py"),
    ROOT / "tests" / "store_outputs.py",
]
TEXTS = {"read_text", "write_text", "open"}  # of a path
COMMANDS = {"run", "Popen", "check_output", "Program"}
# Only a program reads what these write, in one line.
ONE_LINE = {"steps.py", "notebook_16.py"}


def without_a_choice(path: Path) -> Iterator[str]:
    """Give each place in a file where the system chooses the encoding, or the ends of lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        options = {str(one.arg) for one in node.keywords}
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        modes = [one.value for one in node.args if isinstance(one, ast.Constant)]
        text = name in TEXTS and modes not in (["rb"], ["wb"])
        command = bool(options & {"text", "universal_newlines"})
        command = command and (name or getattr(node.func, "id", "")) in COMMANDS
        if (text or command) and "encoding" not in options:
            yield f"{path.name}:{node.lineno} has no encoding"
        if name == "write_text" and "newline" not in options and path.name not in ONE_LINE:
            yield f"{path.name}:{node.lineno} has no newline"


def test_the_system_chooses_no_encoding_and_no_line_ends() -> None:
    """On Windows, a letter would be another one, and a line would end in another way."""
    assert [place for path in RUN for place in without_a_choice(path)] == []


def test_the_readme_leads_to_what_one_looks_for_first() -> None:
    """License, security, conduct, the promises, where to ask, and the article's own code."""
    for name in ("LICENSE", "SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert (ROOT / name).is_file()
        assert f"]({name}" in README, name
    assert "](CONTRIBUTING.md#promises)" in README
    assert re.search(r"license of code, texts and pictures", README)
    assert "open an issue" in README
    page = (ROOT / "notebooks" / "whats_changed.md").read_text(encoding="utf-8")
    assert "](notebooks/whats_changed.md)" in README
    for name in OTHERS:
        assert f"(https://github.com/{name})" in page


def test_the_readme_says_first_for_what_it_is() -> None:
    """Under its title, in words that are true: a badge would need the repository's address."""
    line = README.splitlines()[2].strip("*").split(" · ")
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    jobs = {name: job["strategy"]["matrix"] for name, job in workflow["jobs"].items()
            if "strategy" in job}  # fmt: skip
    names = {"ubuntu-latest": "Linux", "macos-latest": "macOS", "windows-latest": "Windows"}
    pythons = jobs["pip"]["python"]
    assert PROJECT["requires-python"] == f">={pythons[0]}"
    assert line[0] == f"Python {pythons[0]} to {pythons[-1]}"
    assert line[1] == ", ".join(names[one] for one in jobs["conda"]["os"])
    assert line[-1] == f"{PROJECT['license']} license"
    for part in ("Is it for you?", "minutes together", "The installation takes", "open an issue"):
        assert part in README


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_asks_for_what_one_needs(form: Path) -> None:
    """GitHub draws it only if its parts are right. Every field has a label and an id of its own."""
    asked = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert set(asked) == {"name", "description", "body"}
    fields = [part for part in asked["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in fields} <= {"input", "textarea", "dropdown"}
    assert all(part["attributes"]["label"] for part in fields)
    ids = [part["id"] for part in fields]
    assert len(ids) == len(set(ids))
    needed = {part["id"] for part in fields if part.get("validations", {}).get("required")}
    if form.stem == "problem":
        assert needed == {"where", "saw", "expected", "did", "system", "versions"}
    for link in re.findall(r"\.\./blob/main/([\w./]+)", form.read_text(encoding="utf-8")):
        assert (ROOT / link).is_file(), link


def test_a_pull_request_is_asked_for_commands_that_there_are() -> None:
    """Its checks are those of CONTRIBUTING.md, and the files in them exist."""
    text = PULL_REQUEST.read_text(encoding="utf-8")
    commands = re.findall(r"`((?:python|pytest)[^`]*)`", text)
    assert len(commands) == 3
    for command in commands:
        assert command.removesuffix(" NN") in CONTRIBUTING, command
        for path in re.findall(r"\S+\.py", command):
            assert (ROOT / path).is_file(), path


def conda(path: Path) -> tuple[str, list[str]]:
    """Return which Python conda brings, and what pip installs, each as a path from the root."""
    python, pip, packages = yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"]
    assert pip == "pip"
    files = [path.parent / entry.removeprefix("-r ") for entry in packages["pip"]]
    return python, [file.resolve().relative_to(ROOT).as_posix() for file in files]


def test_the_dev_container_is_the_environment_of_the_course() -> None:
    """It has the Python of environment.yml, and installs the locks, which are there."""
    python, locks = conda(ROOT / "environment.yml")
    assert CONTAINER["image"].endswith(f"/python:{python.removeprefix('python=')}")
    installed = re.findall(r"--requirement (\S+)", CONTAINER["onCreateCommand"])
    assert installed == [*locks, PROXY]
    assert all((ROOT / name).is_file() for name in installed)


def test_the_dev_container_opens_the_start_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab's root is the repository, it still asks for its token, and it is reached."""
    words = CONTAINER["postAttachCommand"]
    assert words[:2] == ["jupyter", "lab"]
    assert (ROOT / words[2]).is_file()
    monkeypatch.chdir(ROOT)
    server = ServerApp()
    server.parse_command_line(words[2:])
    assert Path(server.root_dir) == ROOT
    assert server.ip == "127.0.0.1"
    assert not re.search(r"token|password", " ".join(words))
    assert {server.port, 8000} == set(CONTAINER["forwardPorts"])
    assert {str(port) for port in CONTAINER["forwardPorts"]} == set(CONTAINER["portsAttributes"])
    # In Codespaces a page comes from such an address, and its kernel is called from there. Jupyter
    # compares the beginning of an address only, so the pattern says where it ends.
    assert re.match(server.allow_origin_pat, "https://fuzzy-disco-8888.app.github.dev")
    assert not re.match(server.allow_origin_pat, "https://a.app.github.dev.evil.net")


def test_a_service_in_a_terminal_has_the_port_that_is_forwarded() -> None:
    """Uvicorn's own port, which the course names where one types the command."""
    notebook = next((ROOT / "notebooks").glob("05_*.ipynb")).read_text(encoding="utf-8")
    assert "127.0.0.1:8000" in notebook


def test_binder_finds_the_environment_of_the_course() -> None:
    """And the proxy. It looks into this folder first, and there at nothing but this file."""
    python, locks = conda(ROOT / "environment.yml")
    assert conda(ROOT / "binder" / "environment.yml") == (python, [*locks, PROXY])
    assert [path.name for path in (ROOT / "binder").iterdir()] == ["environment.yml"]
    assert not (ROOT / ".binder").exists()
    assert "Binder uses `binder`" in README
