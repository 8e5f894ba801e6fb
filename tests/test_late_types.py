"""A type that Python does not know is told in the cell that makes or imports it.

Python 3.14 looks at types late. `__annotate__` is what it calls then, so older ones can play it.
"""

import traceback
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, Literal

import pytest
from learner import FAILED
from plays import one_sentence
from shell import Shell
from sqlmodel import SQLModel

from tutorial import Problem, start_process
from tutorial.late_types import unknown_type, unknown_type_behind
from tutorial.process import without_code
from tutorial.said import meaning

LATE = """
def late(): ...


def __annotate__(format):
    return strr if format == 1 else None


late.__annotate__ = __annotate__
"""
METHOD = f"{LATE}\nclass Page:\n    method = late\n\n\ndel late\n"


def test_in_a_cell(tmp_path: Path) -> None:
    """The cell stops, with one sentence, and its name is one of a cell that has stopped."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        one_sentence(learner.write(LATE), "does not know the name `strr`")
        one_sentence(learner.write("check('reminder', late)"), "The cell that sets `late` stop")
        assert FAILED not in learner.write(LATE.replace("strr", "str"))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("int.big", "AttributeError: type object 'int' has no attribute 'big'"),
        ("int[5]", "TypeError: type 'int' is not subscriptable"),
        ('("int" | None)', "TypeError: unsupported operand type(s) for |: 'str' and 'NoneType'"),
    ],
)
def test_a_type_that_can_not_be_made(tmp_path: Path, kind: str, says: str) -> None:
    """It is told as one that is unknown, in a cell and in a file."""
    late = LATE.replace("strr", kind)
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        said = learner.write(late)
        assert said.count(FAILED) == 1 and says.partition(": ")[2] in said
        one_sentence(learner.write("check('reminder', late)"), f"when it was last run: {says}")
        models = tmp_path / "app" / "models.py"
        models.parent.mkdir(exist_ok=True)
        models.write_text(late, encoding="utf-8", newline="\n")
        wrong = f"app/models.py can't be imported, it stops in line 6: {says}"
        one_sentence(learner.write("import app.models"), wrong)


def test_it_is_told_once(tmp_path: Path) -> None:
    """Wherever it stands in the cell. What goes wrong in another cell has its own reason."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        for source in (f"if True:{LATE.replace(chr(10), chr(10) + '    ')}", METHOD):
            one_sentence(learner.write(source), "does not know the name `strr`")
        for source in ("1 + 'a'", "(1).big"):
            said = learner.write(source)
            assert FAILED in said and "strr" not in said


def test_below_another_error(tmp_path: Path) -> None:
    """It may be the reason of it."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        one_sentence(learner.write(f"{LATE}\nlate(1)"), "does not know the name `strr`")


def test_behind_another_error(tmp_path: Path) -> None:
    """The line of the type is shown, not the way that a library has gone to it."""
    cell = (
        f"{LATE.replace('strr', 'int.big')}\n\ndef library(made):\n    made(1)\n\n\nlibrary(late)"
    )
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        said = learner.write(cell)
        assert "in __annotate__" in said and "in library" not in said.partition("in __ann")[0]
        assert "During handling" not in said and "in unknown_type" not in said


def test_in_a_file(tmp_path: Path) -> None:
    """The file and the line are named each time, until the file is put right."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        models = tmp_path / "app" / "models.py"
        models.parent.mkdir(exist_ok=True)
        (models.parent / "__init__.py").touch()
        models.write_text(LATE, encoding="utf-8", newline="\n")
        for _ in range(2):
            says = "app/models.py can't be imported, it stops in line 6: NameError: name 'strr' is"
            one_sentence(learner.write("import app.models"), says)
        models.write_text(LATE.replace("strr", "str"), encoding="utf-8", newline="\n")
        assert FAILED not in learner.write("import app.models")


def test_in_a_file_that_serve_imports(tmp_path: Path) -> None:
    """No server starts with it."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("begin")
        (tmp_path / "app").mkdir(exist_ok=True)
        (tmp_path / "app" / "main.py").write_text(LATE, encoding="utf-8", newline="\n")
        learner.write("from tutorial import serve")
        says = "app/main.py can't be imported, it stops in line 6: NameError: name 'strr' is"
        text = learner.write("serve('app.main:late')")
        one_sentence(text, says)
        assert text.count(FAILED) == 1


def test_in_a_server_that_is_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not start either. A type of another module is not the learner's."""
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(tmp_path))
    app = f"async def app(scope, receive, send): ...\n{LATE}"
    (tmp_path / "app").mkdir()
    for path in ("small.py", "app/main.py"):
        (tmp_path / path).write_text(app, encoding="utf-8", newline="\n")
    with pytest.raises(Problem, match=r"^app\.main:app did not start: NameError: name 'strr' is"):
        start_process("app.main:app", tmp_path)
    start_process("small:app", tmp_path).kill()


@pytest.mark.parametrize("kind", [Literal["red"], "Unknown"])
def test_a_field_without_a_column(kind: object) -> None:
    """What SQLModel says of it names no type; the message knows it in a command and in a log."""
    with pytest.raises(TypeError) as raised:
        type(SQLModel)(
            "Row",
            (SQLModel,),
            {"__module__": __name__, "__annotations__": {"one": kind}},
            table=True,
        )
    text = "".join(traceback.format_exception(raised.value))
    for place, said in (("command", text), ("process", without_code(text))):
        found = meaning(said, place)
        assert found is not None and found.key == "column-type-unknown"


def test_a_function_of_no_module() -> None:
    """A library that makes one may have it in hand."""

    def library() -> None:
        one = FunctionType((lambda: None).__code__, {})
        assert one.__module__ is None
        raise TypeError

    with pytest.raises(TypeError) as raised:
        library()
    assert unknown_type_behind(raised.value) is None


def test_a_type_of_another_module() -> None:
    """What was imported counts where it was made. Only classes and functions have types."""
    names: dict[str, Any] = {"__name__": "here"}
    exec(LATE, names)
    late = SimpleNamespace(__module__="elsewhere", __annotate__=names["late"].__annotate__)
    others = [names["late"], late, 1, None, Path, unknown_type]
    assert unknown_type(others, "elsewhere") is None
    assert isinstance(unknown_type(others, "here"), NameError)


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        (TypeError, "unknown", True),
        (TypeError, "int[5]", True),
        (AttributeError, "int.big", True),
        (TypeError, "int", False),
        (ValueError, "unknown", False),
    ],
)
def test_where_a_library_met_it(kind: type[Exception], name: str, found: bool) -> None:
    """A class that was about to be made is found in what the library had in hand."""

    def library() -> None:
        names: dict[str, Any] = {"__name__": "app.below"}
        exec(f"class Table:\n    __annotate__ = staticmethod(lambda format: {name})", names)
        # What is wrong stands in what it inherits from.
        table = type("Own", (names["Table"],), {"__module__": "app.models"})
        assert table
        raise kind

    with pytest.raises(kind) as raised:
        library()
    assert bool(unknown_type_behind(raised.value)) is found
