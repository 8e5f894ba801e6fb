"""Follows the advice of messages to the letter, in the notebooks: then it goes on."""

import os
import re
import time
from pathlib import Path

import pytest
from learner import FAILED, Learner
from plays import one_sentence, put
from shell import Shell

from tutorial import file_after

ROOT = Path(__file__).resolve().parent.parent
REMINDER = "class Reminder(SQLModel):\n    text: str = Field(min_length=1)\n    minutes: int"
REVISION = """\
%%writefile alembic/versions/0002_own.py
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("task") as batch_op:
        batch_op.add_column(sa.Column("done", sa.Boolean(), nullable=False))


def downgrade() -> None:
    pass
"""


def blocks(key: str, kind: str) -> list[str]:
    """Return the code that the entry of a message on the troubleshooting page shows."""
    page = (ROOT / "notebooks" / "troubleshooting.md").read_text(encoding="utf-8")
    (entry,) = re.findall(rf"^## {key}\n(.*?)^## ", page, flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"```{kind}\n(.*?)```", entry, flags=re.DOTALL)


def test_a_check_after_a_cell_that_stopped(tmp_path: Path) -> None:
    """The message names the cell's error, for a name that is new, and for one that was set."""
    with Shell(2, tmp_path) as learner:
        learner.up_to("your-turn-model")
        right = learner.sources["your-turn-model-solution"]
        right = right.replace(re.findall(r"check\(\"reminder\", (\w+)\)", right)[0], "Reminder")
        assert "✓ Right." in learner.write(right)
        learner.write("del Reminder")
        for _ in ("a new name", "an old name"):
            stops = learner.write(REMINDER.replace("minutes: int", "minutes: imt"))
            assert "NameError" in stops or FAILED in stops
            said = learner.try_("your-turn-model-check")
            one_sentence(said, "The cell that sets `Reminder` stopped with an error")
            assert "NameError: name 'imt' is not defined, in the line `minutes: imt" in said
            assert re.search(r"` \(line \d+\)\. *\n", said)
            assert "Run All Above" not in said
            assert FAILED not in learner.write(REMINDER)  # put right and run, as the message says
            assert "✗ Not quite: " in learner.try_("your-turn-model-check")
        for wrong in ("class Reminder(SQLModel:\n    text: str", "Reminder = 1 / 0"):
            learner.write(wrong)
            one_sentence(learner.try_("your-turn-model-check"), "The cell that sets `Reminder`")
            assert "✓ Right." in learner.write(right)  # it sets the name, and checks it
        assert "✓ Right." in learner.try_("your-turn-model-check")
        learner.write("other = 1 / 0")
        learner.write("raise ValueError")
        assert "✓ Right." in learner.try_("your-turn-model-check")
        assert FAILED in learner.write("Reminder.nothing == other")


@pytest.mark.parametrize(
    ("step", "stub", "wrong"),
    [
        (7, "your-turn-field", "class TaskWithDone(TaskBase):\n    done: bol = False"),
        (8, "your-turn-pages", "def page_by_name(name, id_, limit):\n    return select(Task"),
        (8, "your-turn-search", "finder = FastAPI()\n@finder.gett('/search')\ndef find(): ..."),
    ],
)
def test_a_check_after_an_answer_that_stopped(
    step: int, stub: str, wrong: str, tmp_path: Path
) -> None:
    """07, 08: it says that the cell above has stopped, and judges no earlier answer."""
    put(step - 1, tmp_path, tmp_path)
    with Shell(step, tmp_path) as learner:
        learner.up_to("clean" if step == 8 else "begin")
        if stub == "your-turn-search":
            learner.run("your-turn-pages")
        assert "○ Not tried yet." in learner.run(stub, f"{stub}-check")
        learner.write(wrong)
        one_sentence(learner.try_(f"{stub}-check"), "stopped with an error when it was last run")
        assert "○ Not tried yet." in learner.run(stub, f"{stub}-check")


def test_an_answer_without_an_import(tmp_path: Path) -> None:
    """The line is told where the course has one; of a name that it does not know, nothing."""
    with Shell(3, tmp_path) as learner:
        learner.up_to("begin")
        for name, todo in (
            ("ValidationError", ". Import it first: `from pydantic import Val"),
            ("Tusk", ""),
        ):
            learner.write(f"def count_tasks(session):\n    return len({name})")
            said = learner.write('check("count_tasks", count_tasks)')
            assert said.split("(line 2)")[1].strip().startswith(todo), said
            assert ("Import it" in said) is bool(todo)


def test_an_endpoint_that_was_given_to_another_app(tmp_path: Path) -> None:
    """04, 08: it says to which app, also if that is no more the one in the file; a stub is a stub.

    The endpoints of the trials and of the solutions are not taken for the learner's.
    """
    other = "@app.get('/hello/{name}')\ndef hello(name: str):\n    return {'hello': name}"
    put(3, tmp_path, tmp_path)
    with Shell(4, tmp_path) as learner:
        learner.up_to("your-turn-endpoint-solution")
        for stub in ("your-turn-endpoint", "your-turn-twins"):
            assert "○ Not tried yet." in learner.run(stub, f"{stub}-check")
        assert "✓ Right." in learner.run("your-turn-twins-solution")
        assert "○ Not tried yet." in learner.run("your-turn-twins-check")
        learner.write(other)
        said = "✗ Not quite: `practice` has no endpoint yet: write `@practice.get(…)`, not `@app."
        assert said in learner.try_("your-turn-endpoint-check")
        assert "○ Not tried yet." in learner.run("your-turn-twins-check")
        learner.write("edit('app/main.py', 'pong!', 'pong')\nimport app.main as other")
        assert said in learner.try_("your-turn-endpoint-check")
        source = "".join(file_after(4, "app/main_async.py").partition("@app.post")[1:])
        learner.write(source)
        said = "`careful` has no endpoint yet: write `@careful.post(…)`, not `@app.post(…)`."
        assert said in learner.try_("your-turn-twins-check")
        learner.write(other.replace("@app", "@practice"))
        assert "✗ Not quite: a name of 21" in learner.try_("your-turn-endpoint-check")


def test_a_column_that_must_not_be_empty(tmp_path: Path) -> None:
    """07, "On your own": the sentence that it names is there, and so is the second one."""
    put(6, tmp_path, tmp_path)
    with Shell(7, tmp_path) as learner:
        learner.up_to("edit-models")
        text = learner.notebook.cells[-1].source
        models = tmp_path / "app" / "models.py"
        own = models.read_text(encoding="utf-8").replace(
            "task_description: str | None = Field(default=None, max_length=1000)",
            "task_description: str = Field(max_length=1000)",
        )
        models.write_text(own, encoding="utf-8", newline="\n")
        revision = 'alembic revision --autogenerate -m "try" --rev-id 0002'
        assert FAILED not in learner.write(f"%%terminal\n{revision}")
        sentence = "Cannot add a NOT NULL column with default value NULL"
        assert sentence in text
        assert sentence in learner.write("%%terminal\nalembic upgrade head")
        second = "Target database is not up to date"
        assert second in text
        assert second in learner.write(f"%%terminal\n{revision.replace('0002', '0003')}")
        (tmp_path / "alembic" / "versions" / "0002_try.py").unlink()  # as the notebook says
        assert FAILED not in learner.write(f"%%terminal\n{revision}")


def test_a_package_whose_file_was_put_right(tmp_path: Path) -> None:
    """01: `import app` sees the file under its right name, without a restart."""
    with Learner(1, tmp_path) as learner:
        learner.up_to("failing-command")
        learner.write(learner.sources["write-init"].replace("__init__", "__int__"))
        assert learner.try_("import-app").strip() == "None"
        (tmp_path / "app" / "__int__.py").rename(tmp_path / "app" / "__init__.py")
        assert "The task service" in learner.try_("import-app")


def test_a_module_whose_file_was_put_right_in_no_time(tmp_path: Path) -> None:
    """A disk that notes no new time for the folder hides no file that was renamed."""
    with Learner(1, tmp_path) as learner:
        learner.up_to("import-app")
        learner.write("%%writefile app/modles.py\nname = 'found'")
        one_sentence(learner.write("import app.models"), "There is no module app.models")
        folder, now = tmp_path / "app", (tmp_path / "app").stat().st_mtime_ns
        (folder / "modles.py").rename(folder / "models.py")
        os.utime(folder, ns=(now, now))
        assert learner.write("import app.models\nprint(app.models.name)").strip() == "found"


@pytest.mark.weekly  # test_terminal.py has the message itself
def test_a_revision_with_a_typing_mistake(tmp_path: Path) -> None:
    """The message names the revision; `alembic history` lists those that there are."""
    put(6, tmp_path, tmp_path)
    with Shell(7, tmp_path) as learner:
        learner.run("begin")
        for command, name in (("stamp hed", "hed"), ("upgrade 0009", "0009")):
            said = learner.write(f"%%terminal\nalembic {command}")
            one_sentence(said, f"failed: there is no revision `{name}` in alembic/versions.")
            (history,) = blocks("no-such-revision", "text")
            listed = learner.write(history)
            (known,) = re.findall(r"-> (\w+) \(head\)", listed)
            for right in (known, "head"):
                fine = f"%%terminal\nalembic {command.replace(name, right)}"
                assert FAILED not in learner.write(fine)
        learner.write(
            "import sqlite3\nwith sqlite3.connect('database.db') as one:\n"
            "    one.execute(\"UPDATE alembic_version SET version_num = '0009'\")"
        )
        said = learner.write("%%terminal\nalembic upgrade head")
        one_sentence(said, "the database names a revision that has no file")


def test_the_first_revision_made_twice(tmp_path: Path) -> None:
    """06: who runs the cell `revision` a second time deletes two files, and the rest works."""
    put(5, tmp_path, tmp_path)
    with Shell(6, tmp_path) as learner:
        learner.up_to("new-machine-schema")
        right = (tmp_path / "alembic" / "versions" / "0001_init.py").read_text(encoding="utf-8")
        for id_ in ("revision", "stamp"):
            said = learner.try_(id_)
            one_sentence(said, "the file of revision 0001 in alembic/versions was made a second")
        assert "Delete this file and the database" in said
        assert "empty.db" in said
        (file,) = (tmp_path / "alembic" / "versions").glob("0001*.py")
        file.unlink()
        (tmp_path / "empty.db").unlink()
        learner.run("revision", "new-machine")
        assert file.read_text(encoding="utf-8") == right
        learner.run(*learner.ids[learner.ids.index("upgrade-fails") :])


def test_a_first_revision_without_the_empty_database(tmp_path: Path) -> None:
    """06: the message about a revision that was made before leads to one that is not empty."""
    put(5, tmp_path, tmp_path)
    with Shell(6, tmp_path) as learner:
        learner.up_to("trap-schema")
        learner.write('%%terminal\nalembic revision --autogenerate -m "init" --rev-id 0001')
        (file,) = (tmp_path / "alembic" / "versions").glob("0001*.py")
        assert "create_table" not in file.read_text(encoding="utf-8")
        said = learner.try_("revision")
        one_sentence(said, "the database is not at the newest revision")
        assert "if `upgrade` in its file is only `pass`, and the notebook does not want" in said
        file.unlink()
        learner.run("revision", "new-machine")
        assert "create_table" in file.read_text(encoding="utf-8")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """06, "On your own": its line shows the sentence; without it, the address is named."""
    put(6, tmp_path, tmp_path)
    with Shell(7, tmp_path) as learner:
        learner.run("begin")
        task = Shell(6, tmp_path).notebook.cells[-1].source
        (options,) = re.findall(r"Start the service with `(.+?)`", task)
        command = "uvicorn app.main:app --port 0 --log-level error"
        seen = learner.write(f"%%terminal {options}\n{command}")
        assert "alembic.ini can't be used: file is not a database" in seen
        assert FAILED not in seen
        _, _, address = options.partition("--env ")
        said = learner.write(f"%%terminal --env {address}\n{command}")
        one_sentence(said, "The service did not get its own database: The database sqlite:///ale")
        Path("database.db").write_bytes(b"no database" * 99)
        said = learner.write(f"%%terminal\n{command}")
        one_sentence(said, "The database file is broken")


def test_a_row_that_was_not_written(tmp_path: Path) -> None:
    """03 without `insert-sync`: `refresh` says that a row is missing, and what to run leads on."""
    with Shell(3, tmp_path) as learner:
        learner.up_to("flush-only")
        said = learner.try_("refresh")
        assert f"{FAILED}The database has no such row" in said  # the log follows
        learner.up_to("refresh")


def test_a_database_without_the_note_of_its_revision(tmp_path: Path) -> None:
    """06 without `stamp`: who runs `alembic upgrade head`, as the service says, is led on."""
    put(6, tmp_path, tmp_path)
    with Shell(7, tmp_path) as learner:
        learner.run("begin")
        learner.write(
            "import sqlite3\nfrom contextlib import closing\n"
            "with closing(sqlite3.connect('database.db')) as one, one:\n"
            "    one.execute('DELETE FROM alembic_version')"
        )
        start = "from tutorial import serve\nserve('app.main:app').stop()"
        one_sentence(learner.write(start), "is at revision none, the app needs 0001")
        upgrade = "%%terminal\nalembic upgrade head"
        one_sentence(learner.write(upgrade), "failed: the table task is there already")
        (stamp,) = blocks("table-exists", "text")
        assert "No new upgrade operations detected." in learner.write(stamp)
        assert FAILED not in learner.write(upgrade) + learner.write(start)


@pytest.mark.parametrize("way", [0, pytest.param(1, marks=pytest.mark.weekly)])
def test_a_column_without_a_value_for_old_rows(way: int, tmp_path: Path) -> None:
    """Each of the two ways that the message names, as the page shows it, lets the upgrade pass."""
    put(6, tmp_path, tmp_path)
    better = blocks("column-without-value", "python")[way]
    with Shell(9, tmp_path) as learner:
        put(6, tmp_path, tmp_path)
        learner.run("begin")
        learner.write(REVISION)
        upgrade = "%%terminal\nalembic upgrade head"
        one_sentence(learner.write(upgrade), "failed: the table has rows, and a column")
        line, whole = REVISION.splitlines()[10], "\n".join(REVISION.splitlines()[9:11])
        better = better if "with" in better else f"    {better}"
        old = whole if "with" in better else line
        indented = "".join(f"    {text}" for text in better.splitlines(keepends=True)).rstrip()
        learner.write(REVISION.replace(old, indented))
        assert FAILED not in learner.write(upgrade)
        count = "import sqlite3\nprint(len(sqlite3.connect('database.db').execute("
        assert int(learner.write(count + "'SELECT * FROM task').fetchall()))")) > 0


@pytest.mark.weekly  # test_terminal.py has the message itself
def test_a_service_that_should_refuse_and_starts(tmp_path: Path) -> None:
    """09: after an early upgrade, the message comes soon; from the first cell on, all is right."""
    put(8, tmp_path, tmp_path)
    with Shell(9, tmp_path) as learner:
        learner.up_to("refuse")
        learner.write("%%terminal\nalembic upgrade head")
        begun = time.monotonic()
        one_sentence(learner.try_("refuse"), "was meant to fail here, but it went on running")
        assert time.monotonic() - begun < 30
        learner.up_to("refuse")


SERVE = "from tutorial import serve\nserver = serve('app.main:app')\nserver.stop()"


def test_sentences_of_a_service_that_does_not_start(tmp_path: Path) -> None:
    """10: what the message and the service's own sentence say is done, and then it starts.

    The database is older than the files, has two newest revisions, or is newer; or alembic is gone.
    """
    put(9, tmp_path, tmp_path)
    with Shell(10, tmp_path) as learner:
        learner.run("begin")
        assert FAILED not in learner.write(SERVE)
        learner.write("%%terminal\nalembic downgrade 0001")
        one_sentence(learner.write(SERVE), "app needs 0002: run `alembic upgrade head`.")
        assert FAILED not in learner.write("%%terminal\nalembic upgrade head")
        assert FAILED not in learner.write(SERVE)

        versions = tmp_path / "alembic" / "versions"
        given = {*versions.glob("*.py")}
        text = REVISION.replace('"0002"', '"0003"').replace('"0001"', '"0002"')
        text = text.partition("\n")[2].replace("nullable=False", "nullable=True")
        for number, column in enumerate(("done", "late")):
            own = text.replace('"0003"', f'"0003{column}"').replace('"done"', f'"{column}"')
            (versions / f"own_{number}.py").write_text(own, encoding="utf-8")
        said = learner.write(SERVE)
        one_sentence(said, "run `alembic merge heads`, then `alembic upgrade head`.")
        for command in re.findall(r"`(alembic [^`]+)`", said):
            assert FAILED not in learner.write(f"%%terminal\n{command}")
        assert FAILED not in learner.write(SERVE)

        for file in {*versions.glob("*.py")} - given:  # the merge has a random name
            file.unlink()
        one_sentence(learner.write(SERVE), "update the app, or look at DATABASE_URL.")
        learner.run("begin")
        assert FAILED not in learner.write(SERVE)

        (tmp_path / "alembic.ini").unlink()
        one_sentence(learner.write(SERVE), "names are not there.")
        learner.run("begin")
        assert FAILED not in learner.write(SERVE)


def test_conditions_that_python_can_not_join(tmp_path: Path) -> None:
    """A query with `or` is explained, in a cell and in an answer; the page's queries run."""
    put(7, tmp_path, tmp_path)
    with Shell(8, tmp_path) as learner:
        learner.run("begin")
        learner.write("from sqlmodel import select, col\nfrom app.models import Task")
        for wrong in ("Task.id > 1 or Task.id < 9", "1 < Task.id < 9", "Task.id > 1 & Task.id < 9"):
            said = learner.write(f"select(Task).where({wrong})")
            one_sentence(said, "can't join these conditions of a query")
        (right,) = blocks("condition-without-value", "python")
        assert right.count("select") == 2
        assert FAILED not in learner.write(right)
        advised = "select(Task).where((Task.id > 1) & (Task.id < 9))"
        assert advised in right
        learner.write(
            "def page_by_name(name: str, id_: int, limit: int):\n"
            "    later = col(Task.task_name) > name or col(Task.id) > id_\n"
            "    return select(Task).where(later).limit(limit)"
        )
        said = learner.try_("your-turn-pages-check")
        assert "✗ Not quite: your code stops with TypeError: Boolean value" in said
        assert "Write `&` for `and`, `|` for `or`" in said


def test_a_cell_with_an_edit_left_out(tmp_path: Path) -> None:
    """06: the message names the cell, not the whole notebook; then the cell below it works."""
    put(5, tmp_path, tmp_path)
    with Shell(6, tmp_path) as learner:
        learner.up_to("no-import")
        said = learner.try_("with-import")
        one_sentence(said, "`alembic check` was meant to fail here, but it succeeded.")
        first = learner.sources["edit-import"].splitlines()[0][:70]
        assert f"run the one that begins with `{first}" in said
        learner.run("edit-import", "with-import")
        learner.up_to("trap-revision")
        said = learner.try_("trap-revision")  # a second time
        one_sentence(said, "`alembic revision` failed: the database is not at the newest")
        assert "only `pass`, and the notebook does not want it so, delete the file" in said
        learner.run("trap-file")


def test_a_function_without_its_decorator(tmp_path: Path) -> None:
    """04: it is not called untried, and the line that is missing is written out."""
    put(3, tmp_path, tmp_path)
    with Shell(4, tmp_path) as learner:
        learner.up_to("begin")
        for stub, line in (
            (
                "your-turn-endpoint",
                '`practice` has no endpoint yet: put `@practice.get("/hello/{na',
            ),
            ("your-turn-twins", '`careful` has no endpoint yet: put `@careful.post("/task/")` in '),
        ):
            assert "○ Not tried yet." in learner.run(stub, f"{stub}-check")
            learner.write(f"{learner.sources[stub]}\n\nasync def endpoint(name: str):\n    pass")
            assert line in learner.try_(f"{stub}-check")
            assert "○ Not tried yet." in learner.run(stub, f"{stub}-check")
        learner.up_to("call-ping")
        source = f"{learner.sources['your-turn-endpoint']}\n\n@app.get('/hello/{{name}}')\n"
        learner.write(f"{source}def hello(name: str):\n    return {{'hello': name}}")
        said = "write `@practice.get(…)`, not `@app.get(…)`."
        assert said in learner.try_("your-turn-endpoint-check")
