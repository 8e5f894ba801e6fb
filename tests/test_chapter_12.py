"""The service with its second table, as notebook 12 leaves it: both versions, called as by clients.

The notebook shows most of it. Here is what no cell has room for.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest
from remote import Remote
from service import VERSIONS, Database, Server, alembic, database_url, query, run, serve_each
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, StaticPool, create_engine

from tutorial.ends import stored_ends

CONFLICT = {"detail": "This breaks a rule of the database."}
ADA = {"name": "Ada", "email": "ada@example.com"}
GROWS = "İ" * 252 + "@b"  # as long as an e-mail may be; in small letters it has 506


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the notebook leaves, with an empty database."""
    folder = tmp_path_factory.mktemp("chapter 12")
    stored_ends().put(12, folder)
    (folder / "database.db").unlink()
    alembic("upgrade", "head", url=database_url(folder / "database.db"), cwd=folder)
    return folder


@pytest.fixture(scope="module")
def files(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A database for each version."""
    folder = tmp_path_factory.mktemp("databases")
    return {one: Path(copy(project / "database.db", folder / f"{one}.db")) for one in VERSIONS}


@pytest.fixture(scope="module")
def servers(project: Path, files: dict[str, Path]) -> Iterator[dict[str, Server]]:
    """Both versions. At the end, neither has logged a traceback."""
    with serve_each(files, cwd=project) as servers:
        yield servers


@pytest.mark.parametrize("version", VERSIONS)
def test_people_and_their_tasks(version: str, servers: dict[str, Server]) -> None:
    """Every answer has what its model names, from a new task to a deleted owner."""
    client = servers[version].client
    owner = client.post("/person/", json=ADA).json()
    assert owner == {"name": "Ada", "id": owner["id"]}
    body = {"task_name": "call", "owner_id": owner["id"]}
    task = client.post("/task/", json=body).json()
    assert task["owner"] == owner
    path, brief = f"/task/{task['id']}", {"task_name": "call", "id": task["id"]}
    assert client.get(path).json() == task
    assert task in client.get("/task/?limit=100").json()
    person = f"/person/{owner['id']}"
    assert client.get(person).json() == {**owner, "tasks": [brief]}
    assert client.patch(path, json={"task_name": "x"}).json() == {**task, "task_name": "x"}
    answer = client.delete(person)
    assert (answer.status_code, answer.json()) == (409, CONFLICT)
    free = client.patch(path, json={"owner_id": None}).json()
    assert free == {**task, "task_name": "x", "owner_id": None, "owner": None}
    assert client.get(person).json()["tasks"] == []
    assert client.delete(person).status_code == 204
    assert client.delete(person).status_code == client.get(person).status_code == 404


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes_in_place_of_a_name(
    version: str, servers: dict[str, Server], files: dict[str, Path]
) -> None:
    """Whatever another program has stored, each answer in which it stands can be given."""
    client, file = servers[version].client, files[version]
    query(file, "INSERT INTO person (id, name, email) VALUES (90, x'FF', 'x@example.com')")
    query(file, "INSERT INTO task (id, task_name, owner_id) VALUES (90, x'FF', 90)")
    person, brief = {"name": r"b'\xff'", "id": 90}, {"task_name": r"b'\xff'", "id": 90}
    assert client.get("/person/90").json() == {**person, "tasks": [brief]}
    task = {**brief, "task_description": None, "owner_id": 90, "owner": person}
    assert client.get("/task/90").json() == task
    assert client.get("/task/?after=89").json() == [task]
    assert client.delete("/task/90").status_code == client.delete("/person/90").status_code == 204


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_refused(version: str, servers: dict[str, Server], files: dict[str, Path]) -> None:
    """A bad person is 422, a taken e-mail or a missing owner 409; nothing of it is stored."""
    client = servers[version].client
    client.post("/person/", json={"name": "Grace", "email": "grace@example.com"})
    tables = [f"SELECT * FROM {table}" for table in ("person", "task")]
    before = [query(files[version], sql) for sql in tables]
    for change in (
        *(
            {"email": email}
            for email in ("", "a", "a@", "@b", "a b@c", "a\0@b", None, "a@" + "b" * 300, GROWS)
        ),
        *({"name": name} for name in ("", "\0", None, "x" * 101)),
        {"id": 7},
        {"tasks": []},
    ):
        assert client.post("/person/", json=ADA | change).status_code == 422, change
    twin = {"name": "Another", "email": "GRACE@Example.com"}
    assert client.post("/person/", json=twin).status_code == 409
    for number, status in ((0, 422), (2**31, 422), ("x", 422), (2**31 - 1, 409)):
        body = {"task_name": "call", "owner_id": number}
        assert client.post("/task/", json=body).status_code == status, number
    assert [query(files[version], sql) for sql in tables] == before


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_a_refused_change(
    kind: str, project: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """An owner that is not there is 409 for a PATCH, too; none of its other changes is stored."""
    database: Database = tmp_path / "database.db"
    if kind == "PostgreSQL":
        database = Remote(request.getfixturevalue("postgres"), "chapter_12", tmp_path)
    alembic("upgrade", "head", url=database_url(database), cwd=project)
    with serve_each(dict.fromkeys(VERSIONS, database), cwd=project) as servers:
        for version, server in servers.items():
            new = {"name": version, "email": f"{version}@example.com"}
            owner = server.client.post("/person/", json=new).json()
            task = server.client.post("/task/", json={"task_name": "call"}).json()
            path, before = f"/task/{task['id']}", query(database, "SELECT * FROM task")
            change = {"task_name": "x", "owner_id": 2**31 - 1}
            answer = server.client.patch(path, json=change)
            assert (answer.status_code, answer.json()) == (409, CONFLICT)
            assert query(database, "SELECT * FROM task") == before
            changed = server.client.patch(path, json=change | {"owner_id": owner["id"]}).json()
            assert (changed["task_name"], changed["owner"]) == ("x", owner)
            assert server.client.get(path).json() == changed


@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_of_people_is_documented(version: str, servers: dict[str, Server]) -> None:
    """What the tests above get, and what may come of a body or of a busy database."""
    paths = servers[version].client.get("/openapi.json").json()["paths"]
    assert paths.pop("/ping")
    said = [endpoint["responses"] for path in paths.values() for endpoint in path.values()]
    assert len(said) == 8
    assert all("503" in responses for responses in said)
    people = {
        (method, path): {"tags": about["tags"], "statuses": " ".join(sorted(about["responses"]))}
        for path, methods in paths.items()
        for method, about in methods.items()
        if path.startswith("/person/")
    }
    wanted = {
        ("post", "/person/"): "201 400 409 413 422 503",
        ("get", "/person/{person_id}"): "200 404 422 503",
        ("delete", "/person/{person_id}"): "204 404 409 422 503",
    }
    assert people == {one: {"tags": ["people"], "statuses": wanted[one]} for one in wanted}


# Deletes the task past the service, at an event of the session that changes it.
RACE = """
import asyncio, json, sqlite3, sys
import httpx
from sqlalchemy import event
from sqlalchemy.orm import Session
from app import main, main_async

file, version, moment, body = sys.argv[1:]

def sql(statement):
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()

async def play():
    app = {"sync": main, "async": main_async}[version].app
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        sql("INSERT OR REPLACE INTO person (id, name, email) VALUES (50, 'Eve', 'eve@example.com')")
        sql("INSERT INTO task (id, task_name) VALUES (50, 'call')")
        event.listen(Session, moment, lambda *_: sql("DELETE FROM task"), once=True)
        answer = await client.patch("/task/50", json=json.loads(body))
        print(answer.status_code, answer.json().get("owner", answer.json()))

asyncio.run(play())
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_task_that_is_deleted_right_after_the_commit(
    version: str, project: Path, tmp_path: Path
) -> None:
    """What the answer needs was read before: a `refresh` after the commit would find no row."""
    file = Path(copy(project / "database.db", tmp_path))
    arguments = [str(file), version, "after_commit", '{"owner_id": 50}']
    assert run(RACE, file, cwd=project, arguments=arguments) == "200 {'name': 'Eve', 'id': 50}\n"


@pytest.mark.parametrize("body", ["{}", '{"task_name": "call"}', '{"task_name": "x"}'])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_task_that_is_deleted_right_after_it_was_looked_up(
    version: str, body: str, project: Path, tmp_path: Path
) -> None:
    """A PATCH answers 404, also one that changes nothing: it writes nothing that could fail."""
    file = Path(copy(project / "database.db", tmp_path))
    arguments = [str(file), version, "loaded_as_persistent", body]
    said = run(RACE, file, cwd=project, arguments=arguments)
    assert said == "404 {'detail': 'Nothing has this id.'}\n"


# Moves a task to another owner, by `update_task` as it is, and without each of its statements.
WITHOUT = """
import ast
from pathlib import Path
from sqlmodel import Session
from app import main
from app.models import Person, Task, TaskPublic, TaskUpdate

(update,) = [
    one
    for one in ast.parse(Path(main.__file__).read_text(encoding="utf-8")).body
    if getattr(one, "name", "") == "update_task"
]
update.decorator_list = []

def changed():
    names = vars(main).copy()
    exec(ast.unparse(update), names)
    with Session(main.engine, expire_on_commit=False) as session:
        session.merge(Task(id=1, task_name="call", owner_id=1))
        session.commit()
        session.expunge_all()
        try:
            task = names["update_task"](1, TaskUpdate(owner_id=2), session)
            answer = TaskPublic.model_validate(task)
        except Exception as error:
            answer = type(error)
        session.rollback()
        session.expunge_all()
        return answer, session.get(Task, 1)

with Session(main.engine) as session:
    session.add_all([Person(name=name, email=f"{name}@b") for name in ("Ada", "Eve")])
    session.commit()
right = changed()
said, *statements = update.body
for one in statements:
    update.body = [said, *[other for other in statements if other is not one]]
    if changed() == right:
        print(ast.unparse(one))
print(right[0].owner.name, len(statements))
"""


def test_each_statement_of_a_patch_is_needed(project: Path, tmp_path: Path) -> None:
    """`get` with `populate_existing` sends the change itself: a `flush` before it does nothing."""
    file = Path(copy(project / "database.db", tmp_path))
    assert run(WITHOUT, file, cwd=project) == "Eve 5\n"


class Base(SQLModel, registry=registry()):
    """A table that no other test clears."""


class Note(Base, table=True):
    id: int = Field(primary_key=True)
    text: str


@pytest.mark.parametrize(("autoflush", "text"), [(True, "new"), (False, "old")])
def test_what_reads_again_sends_the_change(autoflush: bool, text: str) -> None:
    """With `autoflush=False`, which other projects set, the change is lost, without an error."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine, [Note.__table__])
    with Session(engine, autoflush=autoflush) as session:
        session.add(note := Note(id=1, text="old"))
        session.commit()
        note.text = "new"
        assert session.get(Note, 1, populate_existing=True).text == text
    engine.dispose()


# Deletes a person whose tasks the session holds.
LOADED = """
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from app.db import engine
from app.models import WITH_TASKS, Person, Task

with Session(engine) as session:
    session.add(Person(name="Eve", email="eve@example.com", tasks=[Task(task_name="call")]))
    session.commit()
    session.expunge_all()
    session.delete(session.get(Person, 1, options=[WITH_TASKS]))
    try:
        session.commit()
    except IntegrityError as error:
        print(error.orig)
"""


def test_tasks_that_are_loaded_keep_their_owner(project: Path, tmp_path: Path) -> None:
    """`passive_deletes="all"`, as the notebook has it: with `True`, they would lose their owner."""
    file = Path(copy(project / "database.db", tmp_path))
    assert run(LOADED, file, cwd=project) == "FOREIGN KEY constraint failed\n"
