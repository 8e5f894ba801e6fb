"""Tests the memory of finished steps, and what the start page shows of it."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from kernel import execute

from tutorial import Problem, course, course_map, practice, progress, show_progress, workspace
from tutorial.state import State, read_state

DONE, NEXT = "✓ finished", "→ next"  # a screen reader may skip the signs
BROKEN = {
    "empty": b"",
    "cut": b'{"finished": [1, ',
    "not UTF-8": b'{"finished": [1], "\xff": 0}',
    "too deep": b"[" * 100_000,
    "a list": b"[1]",
    "null": b"null",
    "another note": b'{"done": [1]}',
    "a number": b'{"finished": 1}',
    "an object": b'{"finished": {"1": 1}}',
    "a text in it": b'{"finished": [1, "2"]}',
    "true in it": b'{"finished": [true]}',
    "a float in it": b'{"finished": [1.0]}',
    "a list in it": b'{"finished": [[1]]}',
    "step 0": b'{"finished": [0, 1]}',
    "a step that there is not": b'{"finished": [1, 99]}',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty workspace, which is the one that the course uses."""
    folder = tmp_path / "my workspace"
    folder.mkdir()
    monkeypatch.setenv("TUTORIAL_WORKSPACE", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the Markdown that is displayed."""
    texts: list[str] = []
    display = "IPython.display.display"
    monkeypatch.setattr(display, lambda data, raw: texts.append(data["text/markdown"]))
    return texts


def names_in(folder: Path) -> list[str]:
    """Return the names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_it_remembers_steps(folder: Path) -> None:
    """Each step is remembered once, in one small file that says nothing else."""
    assert progress.finished(folder) == set()
    assert names_in(folder) == []
    for step in (10, 2, 10):
        progress.record(step, folder)
    assert progress.finished(folder) == {2, 10}
    assert names_in(folder / workspace.MEMORY) == ["progress.json"]
    assert (folder / progress.FILE).read_bytes() == b'{"finished": [2, 10]}\n'


@pytest.mark.parametrize("note", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_note_counts_as_nothing(folder: Path, note: bytes) -> None:
    """Nothing is finished then, and the next step that is finished makes a good note of it."""
    (folder / workspace.MEMORY).mkdir()
    (folder / progress.FILE).write_bytes(note)
    assert progress.finished(folder) == set()
    progress.record(3, folder)
    assert progress.finished(folder) == {3}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_note_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A disk that is full after some bytes, or a read-only one, leaves the old note as it was."""
    progress.record(1, folder)

    def fail(path: Path, text: str, **_: object) -> None:
        if code == errno.ENOSPC:
            path.write_bytes(text[:5].encode())
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_text", fail)
    progress.record(2, folder)
    assert progress.finished(folder) == {1}
    assert names_in(folder / workspace.MEMORY) == ["progress.json"]


def test_a_note_that_is_held_for_a_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An antivirus of Windows has it open: the step counts as finished all the same."""
    monkeypatch.setattr(workspace, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(workspace, "TRY_SECONDS", 0)
    real, refusals = Path.replace, iter(range(2))

    def move(source: Path, target: Path) -> Path:
        if next(refusals, None) is not None:
            raise PermissionError(13, "open")
        return real(source, target)

    monkeypatch.setattr(Path, "replace", move)
    progress.record(1, folder)
    assert progress.finished(folder) == {1}


def test_a_read_only_folder(folder: Path) -> None:
    """A real read-only folder raises nothing, and can be read."""
    progress.record(1, folder)
    memory = folder / workspace.MEMORY
    memory.chmod(0o500)
    try:
        if os.access(memory, os.W_OK):
            pytest.skip("root and Windows write there all the same")
        progress.record(2, folder)
        assert progress.finished(folder) == {1}
    finally:
        memory.chmod(0o700)


def test_a_folder_in_the_place_of_the_note(folder: Path) -> None:
    """Then nothing is remembered, nothing is raised, and nothing is left behind."""
    (folder / progress.FILE).mkdir(parents=True)
    progress.record(1, folder)
    assert progress.finished(folder) == set()
    assert names_in(folder / workspace.MEMORY) == ["progress.json"]


def test_no_folder(folder: Path) -> None:
    """A workspace that is not there is not made."""
    progress.record(1, folder / "gone")
    assert progress.finished(folder / "gone") == set()
    assert names_in(folder) == []


def test_it_is_no_part_of_the_project(folder: Path) -> None:
    """The note is hidden, changes no state, and stays when the project moves into a backup."""
    assert workspace.MEMORY.startswith(".")
    progress.record(1, folder)
    assert read_state(folder) == State()
    (folder / "app").mkdir()
    backup = workspace.new_backup(folder)
    workspace.exchange_project(folder, folder / "nothing", backup)
    assert names_in(backup) == ["app"]
    assert progress.finished(folder) == {1}


@pytest.mark.parametrize(
    ("done", "coming"),
    [
        (set(), 1),
        ({1, 2}, 3),
        ({1, 2, 5}, 3),
        ({10, 11}, 1),
        (set(range(1, 11)), 11),
        (set(course.numbers()), None),
    ],
)
def test_the_next_step(done: set[int], coming: int | None) -> None:
    """The next one is the first notebook that is not finished."""
    assert progress.next_step(done) == coming


@pytest.mark.parametrize(
    ("done", "marks"),
    [
        ((), [NEXT] + [""] * 10),
        ((1, 2, 5), [DONE, DONE, NEXT, "", DONE, "", "", "", "", "", ""]),
        ((1, 11), [DONE, NEXT] + [""] * 8 + [DONE]),
        (range(1, 11), [DONE] * 10 + [NEXT]),
        (range(1, 12), [DONE] * 11),
    ],
)
def test_the_map_marks_steps(
    folder: Path, shown: list[str], done: tuple[int, ...], marks: list[str]
) -> None:
    """A finished step has a mark and a word, the next one too, the others nothing."""
    for step in done:
        progress.record(step, folder)
    course_map()
    rows = [line for line in shown[0].splitlines() if ".ipynb)" in line]
    assert [row.split("|")[1].strip() for row in rows][: len(marks)] == marks
    assert shown[0].count("→") <= 1


@pytest.mark.parametrize(
    ("done", "says"),
    [
        ((), "You have not finished a step yet. Next: [1. Set up the environment]"),
        ((1,), "You have finished step 1. Next: [2. Write the models]"),
        ((1, 3), "You have finished steps 1 and 3. Next: [2. Write the models]"),
        ((1, 2, 3), "You have finished steps 1, 2 and 3. Next: [4. Define the endpoints]"),
        ((1, 11), "You have finished step 1. Next: [2. Write the models]"),
        (range(1, 11), "You have finished all 10 steps. Next: [11. Put it under load]"),
    ],
)
def test_show_progress(folder: Path, shown: list[str], done: tuple[int, ...], says: str) -> None:
    """It names the finished steps, and links to the next one with its minutes."""
    for step in done:
        progress.record(step, folder)
    show_progress()
    coming = progress.next_step(set(done))
    link = coming and f"({course.notebook_path(coming).name}), {course.minutes(coming)} minutes."
    assert shown == [says + (link or "")]


def test_show_progress_at_the_end(folder: Path, shown: list[str]) -> None:
    """When all notebooks are finished, there is no next one."""
    for number in course.numbers():
        progress.record(number, folder)
    show_progress()
    assert shown[0].startswith("You have finished all 10 steps and notebook")
    assert str(course.numbers()[-1]) in shown[0]
    assert "Next" not in shown[0]


def test_practice(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """It goes to a folder beside the project, as often as one likes, and keeps what is in it."""
    practice()
    Path("hello.py").touch()
    practice()
    assert capsys.readouterr().out == "You are in the folder practice of your workspace.\n" * 2
    assert Path.cwd() == (folder / "practice").resolve()
    assert names_in(folder / "practice") == ["hello.py"]
    assert read_state(folder) == State()


def test_practice_in_a_place_that_is_taken(folder: Path) -> None:
    """If the folder can't be made, it says so."""
    (folder / "practice").touch()
    with pytest.raises(Problem, match="should be a folder"):
        practice()


def test_the_start_page_changes_no_project(folder: Path) -> None:
    """It shows what is finished, leaves the project as it is, and writes only into `practice`."""
    (folder / "app").mkdir()
    (folder / "app" / "models.py").write_text("mine = 1\n", encoding="utf-8")
    (folder / "hello.py").write_text("mine too\n", encoding="utf-8")
    progress.record(1, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    beside = names_in(course.NOTEBOOKS)
    cells = {cell.id: cell for cell in execute(course.notebook_path(0), folder).cells}
    map_shown = cells["map-table"].outputs[0].data["text/markdown"]
    assert f"| {DONE} | [1. " in map_shown
    assert f"| {NEXT} | [2. " in map_shown
    where = cells["where-you-are"].outputs[0].data["text/markdown"]
    assert where.startswith("You have finished step 1. Next: [2. ")
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {folder / "practice" / "hello.py"}
    assert names_in(course.NOTEBOOKS) == beside
