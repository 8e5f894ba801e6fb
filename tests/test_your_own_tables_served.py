"""The sections 7 to 11 of notebooks/your_own_tables.md, which need requests and locks.

tests/test_your_own_tables.py has the others, and says how.
"""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from own_tables import (
    ENDPOINTS,
    PAGE,
    Own,
    blocks,
    both_sides,
    changed,
    emptied,
    in_version,
    said,
    section,
)
from service import outcome, run, start_python
from sqlalchemy.exc import DBAPIError

from tutorial.ends import stored_ends
from tutorial.postgres import Postgres

KINDS = ("sqlite", "postgresql")
VERSIONS = ("sync", "async")
each_kind = pytest.mark.parametrize("kind", KINDS)
each_version = pytest.mark.parametrize("version", VERSIONS)
MODELS = """
class Customer(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)


class InvoiceBase(SQLModel):
    customer_id: int = Field(ge=1, le=MAX_ID, foreign_key="customer.id", index=True)


class LineBase(SQLModel):
    text: Text = Field(min_length=1, max_length=100)


class InvoiceCreate(InvoiceBase):
    model_config = {"extra": "forbid"}


class LinePublic(SQLModel):
    text: str
    id: int


class InvoicePublic(SQLModel):
    id: int
    lines: list[LinePublic]
"""
UPDATE = ENDPOINTS[ENDPOINTS.index("@app.patch") :]
CUSTOMER = '    customer: Customer = Relationship(sa_relationship_kwargs={"lazy": "raise"})\n'
LOCKED = """
@app.put("/invoice/{invoice_id}")
def lock(invoice_id: int, session: SessionDep) -> int:
    LINES
    return invoice.customer.id
"""


@pytest.fixture
def own(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Own:
    """Return a service with invoices and lines, and an empty database of a kind."""
    if kind == "sqlite":
        service = Own(f"sqlite:///{(tmp_path / 'database.db').as_posix()}")
    else:
        service = Own(emptied(request.getfixturevalue("postgres")))
    (parts,) = blocks(6)
    service.run(MODELS, parts.replace("    lines: list", f"{CUSTOMER}    lines: list"), *blocks(5))
    service.tables.create_all(service.engine)
    with service.engine.begin() as connection:
        connection.execute(sa.insert(service["Customer"]).values(id=7))
    return service


@each_version
@each_kind
def test_an_invoice_with_its_lines(kind: str, version: str, own: Own) -> None:
    """All rows come with one request, or none; the longest body gets in, and no longer list."""
    models, endpoint = blocks(7)
    own.run(models)
    (made,) = re.findall(r"    lines = .+\n    invoice = .+\n", endpoint)
    trap = endpoint.replace(made, "    invoice = Invoice.model_validate(body)\n")
    words = said(7, "'LineIn' object has no attribute '_sa_instance_state'")
    line = {"text": "\N{GRINNING FACE}" * 100}
    longest: dict[str, Any] = {"customer_id": 7, "lines": [line] * 50}
    with own.serve(version, trap) as client, pytest.raises(AttributeError, match=words):
        client.post("/invoice/", json={"customer_id": 7, "lines": [{"text": "a"}]})
    headers = {"Content-Type": "application/json"}
    with own.serve(version, endpoint) as client:
        assert client.post("/invoice/", content=json.dumps(longest)).status_code == 413
    own["MAX_BODY"] = int(re.findall(r"`MAX_BODY = (\d+_\d+)`", PAGE)[0])
    with own.serve(version, endpoint, UPDATE) as client, own.engine.connect() as connection:
        texts = ["b", "a", "c"]
        body = {"customer_id": 7, "lines": [{"text": text} for text in texts]}
        lines = [{"text": text, "id": number} for number, text in enumerate(texts, 1)]
        assert client.post("/invoice/", json=body).json() == {"id": 1, "lines": lines}
        counts = sa.text("SELECT (SELECT count(*) FROM invoice), (SELECT count(*) FROM line)")
        assert client.post("/invoice/", json={**body, "customer_id": 8}).status_code == 409
        too_many = [line] * 51
        for wrong in ([], too_many, lines, [{"text": ""}]):
            assert client.post("/invoice/", json={**body, "lines": wrong}).status_code == 422
        assert client.post("/invoice/", json={**body, "id": 9}).status_code == 422
        assert connection.execute(counts).all() == [(1, 3)]
        connection.rollback()
        sent = client.post("/invoice/", content=json.dumps(longest), headers=headers)
        assert sent.status_code == 201
        assert connection.execute(counts).all() == [(2, 53)]
        assert client.patch("/invoice/1", json={"lines": []}).status_code == 422


@each_version
@each_kind
def test_a_lock_and_a_join(kind: str, version: str, own: Own) -> None:
    """`joinedload` fails on PostgreSQL only; `of`, `selectinload`, or reading again helps."""
    option, get = blocks(8)[0].splitlines()
    own.run("from sqlalchemy.orm import joinedload, selectinload", option)
    words = said(8, "FOR UPDATE cannot be applied to the nullable side of an outer join")
    joined = get.replace("WITH_CUSTOMER", "joinedload(Invoice.customer)")
    again = get.replace(", options=[WITH_CUSTOMER]", "") + "\n    " + joined
    again = re.sub(r"with_for_update=True(, options)", r"populate_existing=True\1", again)
    (alone,) = re.findall(r"`(with_for_update=\{[^`]+)`", section(8))
    alone = joined.replace("with_for_update=True", alone)
    with own.engine.begin() as connection:
        connection.execute(sa.insert(own["Invoice"]).values(id=1, customer_id=7))
    for lines in (get, again, alone):
        with own.serve(version, LOCKED.replace("LINES", lines)) as client:
            assert client.put("/invoice/1").json() == 7
    with own.serve(version, LOCKED.replace("LINES", joined)) as client:
        if kind == "sqlite":
            assert client.put("/invoice/1").json() == 7
        else:
            with pytest.raises(DBAPIError, match=words):
                client.put("/invoice/1")


# 9. Readiness

TASK = "CREATE TABLE task (task_name TEXT, task_description TEXT, id SERIAL PRIMARY KEY)"
PROBE = """
import asyncio, sys, httpx, psycopg
from app import main, main_async
from app.db import DATABASE_URL, READS, WRITES

async def play(app, engine, connect):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        with psycopg.connect(DATABASE_URL) as migration:
            migration.execute("LOCK TABLE task")
            crowd = (READS, WRITES) if sys.argv[1] == "many" else (0, 0)
            many = [client.get("/task/") for _ in range(crowd[0])]
            many += [client.post("/task/", json={"task_name": "x"}) for _ in range(crowd[1])]
            many = [asyncio.create_task(one) for one in many]
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            while migration.execute(waiting).fetchone()[0] < len(many):
                await asyncio.sleep(0.05)
            probes = [asyncio.create_task(client.get("/ready")) for _ in range(2 if many else 1)]
            done, hanging = await asyncio.wait(probes, timeout=1.5 * len(probes))
            answers = [one.result().status_code for one in done] + ["no answer"] * len(hanging)
            print(*answers, end=" ")
        await asyncio.wait(probes)
        print({one.status_code for one in await asyncio.gather(*many)} <= {200, 201}, end=" ")
        print((await client.get("/ready")).status_code, end=" ")
    print(await connect(engine))

async def limits(engine):
    many = [await engine.connect() for _ in range(engine.pool.checkedin())]
    found = {(await one.exec_driver_sql("SHOW statement_timeout")).scalar() for one in many}
    for one in many:
        await one.close()
    await engine.dispose()
    return found

async def limits_sync(engine):
    many = [engine.connect() for _ in range(engine.pool.checkedin())]
    found = {one.exec_driver_sql("SHOW statement_timeout").scalar() for one in many}
    for one in many:
        one.close()
    engine.dispose()
    return found

asyncio.run(play(main.app, main.engine, limits_sync))
asyncio.run(play(main_async.app, main_async.engine, limits))
"""


def probed(folder: Path, url: str, how: str) -> list[str]:
    """Ask both versions whether they are ready while a table is locked; return what they say."""
    return run(PROBE, url, cwd=folder, arguments=[how]).splitlines()


def test_ready_beside_a_lock(postgres: Postgres, tmp_path: Path) -> None:
    """Chapter 16's gives no answer; with the page's lines it says 503 in time, also in a crowd."""
    stored_ends().put(16, tmp_path)
    url = emptied(postgres)
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text(TASK))
    assert probed(tmp_path, url, "alone") == ["no answer True 200 {'0'}"] * 2

    ((dependency,), (ready, places)) = blocks(9), blocks(9, "diff")
    (imported,) = re.findall(r"`(from sqlmodel import [^`]+)`", PAGE[PAGE.index("ProbeDep") :])
    for name, version in (("main", "sync"), ("main_async", "async")):
        file = tmp_path / "app" / f"{name}.py"
        text = file.read_text(encoding="utf-8")
        lines, more = dependency, in_version(ready, version)
        if version == "async":
            lines = lines.replace("[Session", "[AsyncSession")
            more = more.replace("-def", "-async def").replace("+def", "+async def")
            more = more.replace("session: Session", "session: AsyncSession")
        text = re.sub(r"from sqlmodel import .+", imported, text, count=1)
        (reader,) = re.findall(r"ReaderDep = .+\n", text)
        text = text.replace(reader, reader + lines)
        file.write_text(changed(text, more), encoding="utf-8", newline="\n")
    file = tmp_path / "app" / "db.py"
    text = changed(file.read_text(encoding="utf-8"), places)
    file.write_text(text, encoding="utf-8", newline="\n")
    assert probed(tmp_path, url, "many") == ["503 503 True 200 {'0'}"] * 2


# 10. The tests of chapter 14 on PostgreSQL

OWN_TEST = """
from conftest import without_database


def test_kind(client):
    from app.db import engine

    assert client.post("/task/", json={"task_name": "a"}).json()["id"] == 1
    assert engine.dialect.name == "KIND"
"""
RUN = "import pytest, sys; sys.exit(pytest.main(['-q', *sys.argv[1:]]))"
TESTS = (
    "tests/test_kind.py::test_kind[sync]",
    "tests/test_migrations.py::test_0002_keeps_rows",
    "tests/test_statuses.py::test_no_database[async]",
)


def test_nothing_changes_without_the_variable() -> None:
    """All that the page puts at the end of `conftest.py` is for PostgreSQL."""
    (statement,) = ast.parse(blocks(10)[0]).body
    assert isinstance(statement, ast.If) and not statement.orelse
    assert ast.unparse(statement.test) == "(SERVER := os.environ.get('TEST_POSTGRES'))"


@pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=pytest.mark.weekly), "postgresql"])
def test_the_tests_of_chapter_14(
    kind: str, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test has a new database, of the kind that is wanted; nothing is left of them."""
    stored_ends().put(14, tmp_path)
    (more,), (engine,) = blocks(10), blocks(10, "diff")
    tests = tmp_path / "tests"
    names = "from conftest import without_database\n"
    own_name = more.replace("tests_", "course_tests_")
    for name, before, after, old, new in (
        ("conftest", "", f"\n\n{own_name}", "", ""),
        ("test_statuses", names, "", "database.unlink()", "without_database()"),
        ("test_migrations", "import os\n", "", *both_sides(engine)),
    ):
        file = tests / f"{name}.py"
        text = file.read_text(encoding="utf-8")
        assert not old or text.count(old) == 1
        text = text.replace(old, new) if old else text
        file.write_text(f"{before}{text}{after}", encoding="utf-8", newline="\n")
    (tests / "test_kind.py").write_text(OWN_TEST.replace("KIND", kind), encoding="utf-8")
    url = postgres.url.replace("+psycopg", "")
    if kind == "postgresql":
        monkeypatch.setenv("TEST_POSTGRES", url)
    said_by = run(RUN, "", cwd=tmp_path, arguments=TESTS)
    assert "3 passed" in said_by, said_by
    with sa.create_engine(postgres.url).connect() as connection:
        left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'course_tests_%'"
        assert connection.scalar(sa.text(left)) == 0


# 11. The tests of chapter 14 with a second resource


def test_a_path_of_two_numbers() -> None:
    """Both are filled in: greedy, the pattern would take all that stands between them."""
    (fill,) = re.findall(r"^\+ +(path = re\.sub\(.+\))$", section(11), re.MULTILINE)
    names: dict[str, Any] = {"re": re, "TASK_ID": {404: 2}, "status": 404}
    names["path"] = "/tag/{tag_id}/task/{task_id}"
    exec(fill, names)
    assert names["path"] == "/tag/2/task/2"


FIELDS = 'TASK | {"id": 1}'


@pytest.mark.parametrize("told", [False, True], ids=["as they are", "with the page's lines"])
def test_the_tests_of_chapter_14_with_people(told: bool, tmp_path: Path) -> None:
    """They fail on the service of chapter 12, as the page says; with its lines they pass."""
    stored_ends().put(12, tmp_path)
    files = {name: text for name, text in stored_ends().files(14).items() if "test" in name}
    if told:
        statuses = "tests/test_statuses.py"
        for diff in blocks(11, "diff"):
            files[statuses] = changed(files[statuses], diff)
        (fields,) = re.findall(r"`(TASK \| [^`]+)`", section(11))
        assert files["tests/test_tasks.py"].count(FIELDS) == 1
        files["tests/test_tasks.py"] = files["tests/test_tasks.py"].replace(FIELDS, fields)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
    tests = ("test_statuses.py", "test_tasks.py::test_create")
    options = ("-qq", "--tb=line", "-k", "not async", *[f"tests/{name}" for name in tests])
    status, output, errors = outcome(start_python("-m", "pytest", *options, url=None, cwd=tmp_path))
    assert status == (0 if told else 1), output + errors
    assert told or re.search(said(11, "KeyError: 'person_id'"), output)
    assert told or "test_create[sync]" in output
