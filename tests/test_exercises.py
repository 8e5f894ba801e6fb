"""Tests `check`: it tells untried, wrong and right answers apart, and says what is wrong.

The answers stand in tests/answers. Stubs, solutions and the names that are handed to `check` are
read from the notebooks.
"""

import _thread
import ast
import asyncio
import gc
import linecache
import os
import queue
import re
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import copytree
from types import CodeType
from typing import Any

import answers
import httpx
import nbformat
import pytest
from answers import right
from helpers import left_behind, until
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from tutorial import Problem, check, fresh
from tutorial.exercises import EXERCISES, ending, twins
from tutorial.exercises.judging import line_of, missing_await

ROOT = Path(__file__).parent.parent
NOT_TRIED = "○ Not tried yet."
RIGHT = "✓ Right."
NOT_QUITE = "✗ Not quite: "


class Turn:
    """An exercise as a notebook gives it: the cells of the stub, of the check and the solution."""

    def __init__(self, id_: str, cells: dict[str, str]) -> None:
        self.stub, self.check, self.solution = (
            cells[f"{id_}{end}"] for end in ("", "-check", "-solution")
        )
        call = ast.parse(self.check).body[0]
        assert isinstance(call, ast.Expr) and isinstance(call.value, ast.Call)
        name, *given = call.value.args
        self.exercise = ast.literal_eval(name)
        self.names = [ast.unparse(one) for one in given]
        before = list(cells.values())[: list(cells).index(id_)]
        self.imports = [node for cell in before for node in _imports(cell)]

    def run(self, *cells: str) -> dict[str, object]:
        """Run cells after the imports of the notebook that they need, and return all names."""
        names: dict[str, object] = {"__name__": "__main__", "check": check}
        wanted = {name for cell in cells for name in _global_names(compile(cell, "cell", "exec"))}
        for node in self.imports:
            if wanted & {alias.asname or alias.name for alias in node.names}:
                with suppress(ImportError):  # what a later step takes away again
                    exec(ast.unparse(node), names)
        for cell in cells:
            exec(cell, names)
        return names


@cache
def _imports(cell: str) -> list[ast.Import | ast.ImportFrom]:
    try:
        body = ast.parse(cell).body
    except SyntaxError:  # a magic
        return []
    return [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]


def _global_names(code: CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return {*code.co_names, *(name for one in inner for name in _global_names(one))}


@cache
def turns() -> dict[str, Turn]:
    """Return the exercises of all notebooks, by name, in their order."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        cells = {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}
        for id_ in cells:
            if id_.startswith("your-turn-") and id_.endswith("-check"):
                turn = Turn(id_.removesuffix("-check"), cells)
                found[turn.exercise] = turn
    return found


ANSWERS = [(exercise, name) for exercise in answers.exercises() for name in answers.names(exercise)]


@contextmanager
def app_of_its_own() -> Iterator[None]:
    """Import the finished `app` anew; other tests' tables and modules stay out of the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        patch.setattr(sys, "dont_write_bytecode", True)
        tables = registry()
        patch.setattr(SQLModel, "_sa_registry", tables)
        patch.setattr(SQLModel, "metadata", tables.metadata)
        patch.setattr(fresh, "_imported", {})
        others = fresh.app_modules()
        fresh.forget_app()
        yield
        fresh.forget_app()
        sys.modules.update(others)


@pytest.fixture(scope="module", autouse=True)
def one_app() -> Iterator[None]:
    """Let all tests of this file use one `app`, so that each file of answers runs once."""
    with app_of_its_own():
        yield
    module_of.cache_clear()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in an empty folder; `check` leaves no file in it."""
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(autouse=True)
def little_patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for an answer that never ends only for a moment."""
    if "never_ends" in request.node.name:
        monkeypatch.setattr(ending, "LONGEST_CALL", 0.3)
        if "never_ends_waiting" in request.node.name:
            monkeypatch.setattr(ending, "PATIENT", 0.05)


@cache
def module_of(exercise: str) -> dict[str, object]:
    """Return what the file of an exercise's answers defines."""
    return answers.load(exercise)


def given(exercise: str, name: str) -> tuple[object, ...]:
    """Return what is given to `check` for an answer of a file."""
    return answers.handed_in(module_of(exercise), name)


def verdict(exercise: str, answer: tuple[object, ...], capsys: pytest.CaptureFixture) -> str:
    """Return what `check` prints, which is one line, or two."""
    check(exercise, *answer)
    return line(capsys)


def line(capsys: pytest.CaptureFixture) -> str:
    """Return the one line that was printed."""
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1 + printed.out.startswith(NOT_TRIED)  # which has two
    return printed.out.rstrip("\n")


def stub_of(exercise: str) -> tuple[object, ...]:
    """Return what the check's cell gives to `check` while the stub is as it was."""
    turn = turns()[exercise]
    names = turn.run(turn.stub)
    return tuple(names[name] for name in turn.names)


def test_every_exercise_is_tested() -> None:
    """Each exercise stands in a notebook, and has other right answers and wrong ones."""
    assert list(EXERCISES) == list(turns())
    assert answers.exercises() == sorted(EXERCISES)
    for exercise in EXERCISES:
        assert set(answers.names(exercise).values()) == {"right", "wrong"}


def test_a_new_exercise_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A module with a judge is enough for a new exercise; it comes last if its notebook does."""
    folder = tmp_path_factory.mktemp("course")
    package = copytree(ROOT / "notebooks" / "tutorial", folder / "tutorial")
    (package / "exercises" / "notebook_99.py").write_text(
        "from tutorial.exercises.judging import exercise\n\n\n"
        "@exercise\ndef one_more(answer):\n    pass\n",
        encoding="utf-8",
    )
    code = "from tutorial import check; from tutorial.exercises import EXERCISES; print(*EXERCISES)"
    command = [sys.executable, "-B", "-c", f"{code}; check('one_more', 1)"]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.stdout.splitlines() == [" ".join([*EXERCISES, "one_more"]), RIGHT], done.stderr


@pytest.mark.parametrize("exercise", EXERCISES)
def test_stub(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """What the notebook gives is "not tried yet", which is no mistake.

    It gets an app that no wrong answer has added its endpoint to.
    """
    with app_of_its_own():
        assert verdict(exercise, stub_of(exercise), capsys).startswith(NOT_TRIED)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_solution(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """The notebook's own answer is right, under the names of the check's cell, too."""
    turn = turns()[exercise]
    learners, _, its_check = turn.solution.rpartition("\n\ncheck(")
    own = [ast.unparse(one) for one in ast.parse(f"check({its_check}").body[0].value.args[1:]]
    assert len(own) == len(turn.names)
    for mine, name in zip(own, turn.names, strict=True):
        learners = re.sub(rf"\b{mine}\b", name, learners)
    turn.run(turn.stub, learners, turn.check)
    assert line(capsys) == RIGHT


def test_a_field_with_field_is_right_where_the_notebook_shows_one(
    capsys: pytest.CaptureFixture,
) -> None:
    """Step 7 shows `Field(default=None)`: what the stub imports is enough to write so."""
    turn = turns()["done_field"]
    names: dict[str, object] = {"__name__": "__main__"}
    exec(turn.stub, names)
    exec("class TaskWithDone(TaskBase):\n    done: bool = Field(default=False)", names)
    assert verdict("done_field", (names["TaskWithDone"],), capsys) == RIGHT


@pytest.mark.parametrize(("exercise", "name"), ANSWERS)
def test_answer(exercise: str, name: str, capsys: pytest.CaptureFixture) -> None:
    """An answer that does the same is right; of a mistake, the message says which one it is."""
    words = module_of(exercise)[name].words
    said = verdict(exercise, given(exercise, name), capsys)
    if words is None:
        assert said == RIGHT
    else:
        assert said.startswith(NOT_QUITE)
        assert said.endswith(words) if words.endswith((".", "?")) else words in said


def test_task_of_a_forgotten_app(capsys: pytest.CaptureFixture) -> None:
    """After a change of app/models.py, an answer that still holds the old Task is right."""
    with app_of_its_own():
        answer = answers.handed_in(answers.load("to_task"), "through_task_create")
        fresh.forget_app()
        assert verdict("to_task", answer, capsys) == RIGHT


@pytest.mark.parametrize("exercise", EXERCISES)
def test_in_a_running_event_loop(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """`check` works in a notebook, whose thread runs an event loop.

    After a check that calls the project's service, that has its own database again.
    """
    from app.main import app

    async def main() -> None:
        turns()[exercise].run(turns()[exercise].stub, turns()[exercise].solution)

    asyncio.run(main())
    assert line(capsys) == RIGHT
    assert app.dependency_overrides == {}


def test_statements_of_one_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Those of another request are not counted with them."""
    monkeypatch.setattr(twins, "MOST", 10)
    assert verdict("no_twins", given("no_twins", "by_all"), capsys) == RIGHT


def test_app_in_a_running_event_loop(capsys: pytest.CaptureFixture) -> None:
    """In a running event loop, an endpoint that raises is reported with its own error."""

    async def main() -> None:
        check("hello", *given("hello", "full_disk"))

    asyncio.run(main())
    said = "your code stops with OSError: the disk is full, in the line `raise OSError"
    assert line(capsys).startswith(NOT_QUITE + said)


@pytest.mark.parametrize(
    ("exercise", "name", "mark"),
    [
        ("no_twins", "by_all", RIGHT),
        ("no_twins", "divides_by_zero", NOT_QUITE),
        ("search", "by_instr", RIGHT),
        ("search", "divides_by_zero", NOT_QUITE),
    ],
)
def test_the_app_keeps_its_own_session(
    exercise: str, name: str, mark: str, capsys: pytest.CaptureFixture
) -> None:
    """`check` gives an app another database only while it asks; the app's own is not touched."""
    app, get_session = given(exercise, name)
    assert verdict(exercise, (app, get_session), capsys).startswith(mark)
    assert app.dependency_overrides == {}


@pytest.mark.parametrize("exercise", ["three_requests", "is_healthy", "patch_test"])
@pytest.mark.parametrize("broken", ["import", "answers"])
def test_a_broken_project_is_not_the_answers_fault(
    exercise: str, broken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """If the project's service is broken, the check says that, and not that the answer is wrong."""
    if broken == "import":
        monkeypatch.setitem(sys.modules, "app.main", None)
        words = "your project's app/main.py can't be imported: ModuleNotFoundError"
    else:
        from fastapi import FastAPI

        import app.main

        monkeypatch.setattr(app.main, "app", FastAPI())
        words = "your project's app/main.py, which the check uses, answers "
    turn = turns()[exercise]
    turn.run(turn.stub, turn.solution)
    assert line(capsys).startswith(NOT_QUITE + words)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (LookupError("first\nsecond"), "LookupError: first"),
        (RuntimeError(), "RuntimeError"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
@pytest.mark.parametrize("exercise", ["count_tasks", "three_requests", "done_column"])
def test_answer_that_raises(
    exercise: str, error: BaseException, said: str, capsys: pytest.CaptureFixture
) -> None:
    """An error in the answer is told in one line, not as a traceback."""

    def answer(*_: object) -> None:
        raise error

    assert verdict(exercise, (answer,), capsys) == f"{NOT_QUITE}your code stops with {said}"


def test_line_of_the_cell(capsys: pytest.CaptureFixture) -> None:
    """Where the source of the cell is known, the message shows the line that stopped."""
    said = verdict("count_tasks", given("count_tasks", "missing_name"), capsys)
    stops = "your code stops with NameError: name 'Taks' is not defined"
    shown = "return len(session.exec(select(Taks)).all())  # noqa: F821"
    file = (answers.FOLDER / "count_tasks.py").read_text(encoding="utf-8").splitlines()
    (number,) = (number for number, line in enumerate(file, start=1) if line.strip() == shown)
    assert said == f"{NOT_QUITE}{stops}, in the line `{shown}` (line {number})"


@pytest.mark.parametrize("of", ["p99(times)", "hello(name: Name)"])
def test_an_answer_that_takes_some_time(
    of: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked at meanwhile, and is left alone as long as it does not take too long."""
    monkeypatch.setattr(ending, "LONGEST_CALL", 2)
    names: dict[str, Any] = {"__name__": "__main__", "sleep": asyncio.sleep, "Name": str}
    names |= {"time": time, "slow": [1.0]}  # two looks
    if of.startswith("p99"):
        exec(f"def {of}:\n    time.sleep(slow.pop() if slow else 0)", names)
    else:
        exec(f"async def {of}:\n    await sleep(slow.pop() if slow else 0)", names)
    exercise = of.partition("(")[0]
    answer = answers.handed_in({**module_of(exercise), "x": right(names[exercise])}, "x")
    assert "it gives None" in verdict(exercise, answer, capsys).replace("returns", "gives")


def test_never_ends_leaves_other_threads_alone(capsys: pytest.CaptureFixture) -> None:
    """What a cell has started before the check goes on, also while an answer is ended."""
    names: dict[str, Any] = {"__name__": "__main__", "stop": threading.Event()}
    exec("def work():\n    while not stop.wait(0.01):\n        pass", names)
    thread = threading.Thread(target=names["work"])
    thread.start()
    try:
        assert "still runs" in verdict("p99", given("p99", "never_ends"), capsys)
        thread.join(0.5)
        assert thread.is_alive()
    finally:
        names["stop"].set()
        thread.join()


@pytest.mark.parametrize(
    ("of", "wait"),
    [
        ("p99(times)", "again.wait()"),
        ("p99(times)", "lock.acquire()"),
        ("p99(times)", "empty.get()"),
        ("p99(times)", "sleep(3)"),
        ("hello(name: Name)", "again.wait()"),
    ],
)
def test_never_ends_waiting(of: str, wait: str, capsys: pytest.CaptureFixture) -> None:
    """What waits outside of Python can't be ended: it is told, with its line, and left alone.

    All is as it was, and when the wait is over, the thread ends, and nobody hears of it.
    """
    names: dict[str, Any] = {"__name__": "__main__", "sleep": time.sleep, "Name": str}
    names |= {"again": threading.Event(), "lock": threading.Lock(), "empty": queue.Queue()}
    names["lock"].acquire()
    file, cell = f"<{of} {wait}>", f"def {of}:\n    {wait}\n    return 1.0\n"
    linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
    exec(compile(cell, file, "exec"), names)
    before, folder, filters = set(threading.enumerate()), Path.cwd(), list(warnings.filters)
    interval = sys.getswitchinterval()
    exercise = of.partition("(")[0]
    answer = answers.handed_in({**module_of(exercise), "x": right(names[exercise])}, "x")
    said = verdict(exercise, answer, capsys)
    assert said.startswith(f"{NOT_QUITE}a call still runs after 0.3 s, in the line `{wait}` (line")
    assert "It can't be ended, so choose Kernel → Restart Kernel" in said
    assert (Path.cwd(), warnings.filters) == (folder, filters)
    assert sys.getswitchinterval() == interval
    keep_python_from_its_end = [one for one in threading.enumerate() if not one.daemon]
    names["again"].set()
    names["lock"].release()
    names["empty"].put(1)
    assert before.issuperset(keep_python_from_its_end)
    until(lambda: not left_behind(before), 5)
    assert left_behind(before) == set()
    assert capsys.readouterr() == ("", "")


def test_never_ends_waiting_and_catches_all(capsys: pytest.CaptureFixture) -> None:
    """Also what awaits again after each error is left alone."""
    names: dict[str, Any] = {"__name__": "__main__", "Name": str, "ends": [], "asyncio": asyncio}
    wait = "while not ends:\n        try:\n            await asyncio.sleep(0.5)\n"
    wait += "        except:\n            pass"
    exec(f"async def hello(name: Name):\n    {wait}\n    return 1.0\n", names)
    before = set(threading.enumerate())
    answer = answers.handed_in({**module_of("hello"), "x": right(names["hello"])}, "x")
    assert "still runs after 0.3 s" in verdict("hello", answer, capsys)
    names["ends"].append(True)
    assert left_behind(before) == set()


def test_an_interrupt_of_an_endless_answer(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernel → Interrupt ends the check and what it does, at once."""
    monkeypatch.setattr(ending, "LONGEST_CALL", 2)  # the interrupt comes before, also under load
    before = set(threading.enumerate())
    interrupt = threading.Timer(0.1, _thread.interrupt_main)
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        check("p99", *given("p99", "never_ends"))
    assert left_behind(before) == set()
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_of_an_answer_that_waits(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the check, too, though nothing can end the wait."""
    monkeypatch.setattr(ending, "LONGEST_CALL", 2)
    monkeypatch.setattr(ending, "PATIENT", 0.05)
    before, again = set(threading.enumerate()), threading.Event()
    threading.Timer(0.1, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        check("p99", lambda times: again.wait())
    again.set()
    assert left_behind(before) == set()
    assert capsys.readouterr() == ("", "")


def test_the_folder_stays(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """After an answer that has gone into the folder of its backup, the notebook is where it was."""
    answer = given("restore_backup", "from_the_folder_of_the_backup")
    assert verdict("restore_backup", answer, capsys) == RIGHT
    assert Path.cwd() == tmp_path.resolve()
    assert "gives None" in verdict("p99", (lambda times: os.chdir(".."),), capsys)
    assert Path.cwd() == tmp_path.resolve()


def test_a_warning_of_a_query_is_not_shown(capsys: pytest.CaptureFixture) -> None:
    """SQLAlchemy warns of two tables that are not joined; the verdict says what comes of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = verdict("page_of_people", given("page_of_people", "people_and_all_tasks"), capsys)
    assert said.endswith(", and not people.")


def error_in(cell: str) -> tuple[BaseException, str]:
    """Return how `answer` of a cell stops when it is awaited, and what `check` would say of it."""
    file = "<a cell of this test>"
    linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(cell, file, "exec"), names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a coroutine was never awaited
        try:
            asyncio.run(names["answer"]())
        except Exception as error:
            return error, missing_await(error) + line_of(error)
    raise AssertionError("the answer does not stop")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("return await run().all()", "brackets .all"),
        ("return await run('a').all()[0].name", "brackets .all"),
        ("return await run().rows", "brackets .rows"),
        ("return await run()[0]", "brackets […]"),
        ("return [one for one in await run().all()]", "brackets .all"),
        ("return await run(run().all())", "await 'coroutine' object has no attribute 'all'"),
        ("return run().all()", "await 'coroutine' object has no attribute 'all'"),
        ("return run()[0]", "await 'coroutine' object is not subscriptable"),
        ("return list(run())", "await 'coroutine' object is not iterable"),
        ("return (await run()).nothing", ""),
        ("return [await run()] + 1", ""),
    ],
)
def test_a_missing_await_and_missing_brackets(line: str, said: str) -> None:
    """Where an `await` stands already, brackets are missing; both are told with the line."""
    rest = "async def run(*given):\n    return []\n\nasync def answer():\n"
    error, told = error_in(f"{rest}    {line}\n")
    what, _, words = said.partition(" ")
    if what == "brackets":
        assert f"also `{words}`. Write `(await …){words}`, in the line" in told
    elif what == "await":
        assert told == f"an `await` is missing: {words}, in the line `{line}` (line 5)"
    else:
        assert "await" not in told.removesuffix(line_of(error))
    assert told.endswith(f", in the line `{line}` (line 5)")


def test_brackets_over_several_lines() -> None:
    """An `await` may take more than one line."""
    lines = [
        "async def run(*given): ...",
        "async def answer():",
        "    return await run(",
        "        1",
    ]
    cell = "\n".join([*lines, "    ).all()"])
    assert "brackets are missing" in error_in(cell)[1]


def test_which_assert_of_a_test_fails(capsys: pytest.CaptureFixture) -> None:
    """A test has several, so its line is named by its number and its text."""
    cell = """def test_patch(client):
    answer = client.get("/ping")
    assert answer.status_code == 200

    assert answer.status_code == 201, answer.status_code
"""
    linecache.cache["a cell"] = len(cell), None, cell.splitlines(keepends=True), "a cell"
    names: dict[str, object] = {"__name__": "__main__"}
    exec(compile(cell, "a cell", "exec"), names)
    said = verdict("patch_test", (names["test_patch"],), capsys)
    where = "in the line `assert answer.status_code == 201, answer.status_code` (line 5)"
    fails = "a right service fails the test, with AssertionError: 200"
    assert said == f"{NOT_QUITE}{fails}, {where}."


@pytest.mark.parametrize("call", [1, 2, 3])
def test_an_interrupt_ends_the_check(call: int) -> None:
    """Whoever stops the cell of a check stops the check, whichever service it calls just then."""
    calls = []

    def answer(client: httpx.Client) -> None:
        calls.append(client.get("/ping"))
        if len(calls) == call:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("patch_test", answer)


@pytest.mark.parametrize(
    ("exercise", "words"),
    [
        ("reminders", "Did you mean one of these: reminder?"),
        ("rename-all", "Did you mean one of these: rename_all?"),
        ("xyz", f"one of these: {', '.join(EXERCISES)}?"),
        (None, "one of these: reminder, "),
        (["reminder"], "one of these: reminder"),
    ],
)
def test_unknown_exercise(exercise: object, words: str) -> None:
    """For a name that no exercise has, there is one sentence on it, and one on what to do."""
    with pytest.raises(Problem) as raised:
        check(exercise, None)
    assert raised.value.what == f"There is no exercise {exercise!r}."
    assert words in raised.value.todo


def test_wrong_number_of_answers() -> None:
    """A forgotten answer is the call's mistake, so it is not said to be the learner's code's."""
    with pytest.raises(Problem) as raised:
        check("tag_table", None)
    assert raised.value.what == "The exercise 'tag_table' takes 2 of your names, not 1."
    assert "first 'tag_table', then what you wrote" in raised.value.todo


@pytest.mark.parametrize("exercise", EXERCISES)
def test_answer_of_another_kind(exercise: str, capsys: pytest.CaptureFixture) -> None:
    """A value in the place of a function, a class or an app is named, and not run."""
    said = verdict(exercise, tuple([5] * len(turns()[exercise].names)), capsys)
    assert re.match(f"{NOT_QUITE}(it is )?an int(, and| is) not an? (function|app|model)[.:]", said)


@pytest.fixture(scope="module")
def old_objects_aside() -> Iterator[None]:
    """Keep what is there already from the garbage collector: that saves most of its time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


STOPPING = [
    *((exercise, name) for exercise, name in ANSWERS if name.startswith(("stops_", "never_ends"))),
    ("no_twins", "reads_without_refresh"),  # a library begins to wait, and stops
    ("no_twins", "reads_what_it_has_let_go"),
]


@pytest.mark.usefixtures("old_objects_aside")
@pytest.mark.parametrize(
    ("exercise", "name"),
    [(exercise, name) for exercise in EXERCISES for name in ("stub", "solution")] + STOPPING,
)
def test_nothing_is_left_behind(exercise: str, name: str, capsys: pytest.CaptureFixture) -> None:
    """Whatever the answer does, no thread, no open or other database and no file stays.

    Nor does anything of which Python would warn in a later cell, as of a call that nobody awaits.
    """
    turn = turns()[exercise]
    before = set(threading.enumerate())
    gc.collect()  # what other tests have left is not meant
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        warnings.simplefilter("always", RuntimeWarning)
        if name == "stub":
            verdict(exercise, stub_of(exercise), capsys)
        elif name == "solution":
            turn.run(turn.stub, turn.solution)
        else:
            verdict(exercise, given(exercise, name), capsys)
        gc.collect()
    kinds = (ResourceWarning, RuntimeWarning)
    assert [str(one.message) for one in caught if one.category in kinds] == []
    assert left_behind(before) == set()
    assert ending.given_up == {}
    assert list(Path().iterdir()) == []
    app = getattr(sys.modules.get("app.main"), "app", None)
    assert app is None or app.dependency_overrides == {}  # it asks its own database again
