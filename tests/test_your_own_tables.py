"""Each section of notebooks/your_own_tables.md: its error happens, and its lines cure it.

The lines are taken from the page, and run on SQLite and on PostgreSQL, in both versions.
"""

import re
from collections.abc import Callable
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from own_tables import (
    ENDPOINTS,
    INVOICE,
    LINE_BASE,
    MODELS,
    PAGE,
    PARTS,
    Own,
    blocks,
    changed,
    emptied,
    said,
    section,
    statements,
)
from sqlalchemy.exc import (
    ArgumentError,
    ConstraintColumnNotFoundError,
    DBAPIError,
    IntegrityError,
    InvalidRequestError,
    StatementError,
)

from tutorial import course

BASE = "class InvoiceBase(SQLModel):\n    {}\n"
KINDS = ("sqlite", "postgresql")
VERSIONS = ("sync", "async")
each_kind = pytest.mark.parametrize("kind", KINDS)
each_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Own]:
    """Return a function that makes the names of a service with an empty database of a kind."""

    numbers = count()

    def make(kind: str) -> Own:
        if kind == "sqlite":
            return Own(f"sqlite:///{tmp_path.as_posix()}/{next(numbers)}.db")
        return Own(emptied(request.getfixturevalue("postgres")))

    return make


Make = Callable[[str], Own]


# 1. An Enum on PostgreSQL


def native(*values: str) -> sa.Column[Any]:
    """Return the column that an Enum becomes without the page."""
    return sa.Column("status", sa.Enum(*values, name="status"))


def number() -> sa.Column[Any]:
    """Return the column for the id of a table."""
    return sa.Column("id", sa.Integer(), primary_key=True)


def test_an_enum_is_a_type_of_postgresql(own: Make) -> None:
    """A column alone makes none, `drop_table` leaves it, and nobody sees one value more."""
    service = own("postgresql")
    with service.engine.connect() as connection:

        def create(*columns: sa.Column[Any]) -> Operations:
            op = service.operations(connection)  # a new one, as for each command of Alembic
            op.create_table("invoice", number(), *columns)
            return op

        with pytest.raises(DBAPIError, match=said(1, 'type "status" does not exist')):
            create().add_column("invoice", native("OPEN", "PAID"))
        connection.rollback()
        create(native("OPEN", "PAID")).drop_table("invoice")
        with pytest.raises(DBAPIError, match=said(1, 'type "status" already exists')):
            create(native("OPEN", "PAID"))
        connection.rollback()
        create(native("OPEN", "PAID"))
        connection.commit()
        sa.Table("invoice", service.tables, number(), native("OPEN", "PAID", "LATE"))
        assert service.differences(connection) == []
        connection.execute(sa.text("ALTER TYPE status ADD VALUE 'LATE'"))
        with pytest.raises(DBAPIError, match=said(1, "unsafe use of new value")):
            connection.execute(sa.text("INSERT INTO invoice (status) VALUES ('LATE')"))


@each_version
def test_a_value_that_the_type_has_not(version: str, own: Make) -> None:
    """The model has it, the type of the database has not: 500, by both drivers."""
    service = own("postgresql")
    with service.engine.begin() as connection:
        connection.execute(sa.text("CREATE TYPE status AS ENUM ('OPEN')"))
        connection.execute(sa.text("CREATE TABLE invoice (id SERIAL, status status)"))
    service.run("from enum import Enum\nStatus = Enum('Status', 'OPEN LATE')")
    service.run(BASE.format("status: Status = Status.OPEN"), INVOICE, MODELS)
    with service.serve(version, ENDPOINTS) as client:
        assert client.post("/invoice/", json={}).status_code == 201
        with pytest.raises(DBAPIError, match=said(1, "invalid input value for enum")):
            client.post("/invoice/", json={"status": 2})


@each_kind
def test_an_enum_as_a_text(kind: str, own: Make) -> None:
    """Up, down, up; a table that is there gets the column and the rule; then one value more."""
    service, (models, revision) = own(kind), blocks(1)
    service.run("import sqlalchemy as sa", models)
    status = service["Status"]
    with service.engine.connect() as connection:
        service["op"] = op = service.operations(connection)
        upgrade, downgrade = service.draft(connection)
        service.run(upgrade, downgrade, upgrade)
        assert service.differences(connection) == []
        add(connection, "'paid'")
        with pytest.raises(IntegrityError, match="ck_invoice_status"), connection.begin_nested():
            add(connection, "'late'")
        assert connection.scalars(sa.select(service["Invoice"].status)).all() == [status.PAID]
        op.drop_table("invoice")

        op.create_table("invoice", number())
        connection.execute(sa.text("INSERT INTO invoice (id) VALUES (7)"))
        service.run(revision, "upgrade()")
        assert service.differences(connection) == []
        assert connection.execute(sa.text("SELECT status FROM invoice")).all() == [("open",)]
        with pytest.raises(IntegrityError, match="ck_invoice_status"), connection.begin_nested():
            add(connection, "'late'")

        (answer,) = [one.source for one in course.cells(13) if "def solution_upgrade" in one.source]
        answer = answer.replace("task", "invoice").replace("state", "status")
        answer = answer.replace("'done'", "'paid'").replace("'late'", "'overdue'")
        service.run(answer.partition("\n\ncheck(")[0], "solution_upgrade()")
        add(connection, "'overdue'")
        service.tables.clear()
        service.run("SQLModel._sa_registry._class_registry.clear()")
        service.run(models.replace('"open"', '"open"\n    LATE = "overdue"'))
        assert service.differences(connection) == []
        service.run("solution_downgrade()")
        assert connection.scalar(sa.text("SELECT count(*) FROM invoice")) == 2


def add(connection: sa.Connection, status: str) -> None:
    """Insert an invoice by SQL."""
    connection.execute(sa.text(f"INSERT INTO invoice (id, status) VALUES (8, {status})"))


# 2. A time without a zone


TIMES = {"2030-01-01T10:00:00": "Datetime values must have timezone information"}
TIMES["0001-01-01T00:00:00+02:00"] = "date value out of range"


@each_version
@each_kind
def test_times(kind: str, version: str, own: Make) -> None:
    """What a `datetime` lets in, and the database refuses, is a 422; all else comes back in UTC."""
    public = MODELS + "    due: datetime\n"
    names = "from datetime import datetime\nfrom pydantic import AwareDatetime"
    for hint, taken in (("datetime", list(TIMES)), ("AwareDatetime", list(TIMES)[1:])):
        service = own(kind)
        service.run(names, BASE.format(f"due: {hint}"), INVOICE, public)
        with service.serve(version, ENDPOINTS) as client:
            for due in taken:
                with pytest.raises(StatementError, match=said(2, TIMES[due])):
                    client.post("/invoice/", json={"due": due})
            for due in TIMES.keys() - set(taken):
                assert client.post("/invoice/", json={"due": due}).status_code == 422
    service = own(kind)
    service.run(*blocks(2), BASE.format("due: Moment"), INVOICE, public)
    with service.serve(version, ENDPOINTS) as client:
        for due in (*TIMES, "9999-12-31T23:00:00-02:00"):
            assert client.post("/invoice/", json={"due": due}).status_code == 422
        created = client.post("/invoice/", json={"due": "2030-01-01T10:00:00+02:00"})
        assert created.json() == {"id": 1, "due": "2030-01-01T08:00:00Z"}
        assert client.get("/invoice/1").json() == created.json()
        assert client.patch("/invoice/1", json={"due": next(iter(TIMES))}).status_code == 422


@pytest.mark.parametrize("years", ["", ", YEARS"])
def test_what_the_documentation_says_of_a_time(years: str, own: Make) -> None:
    """It promises no time that is refused. Without the years that the page names, it does."""
    service = own("sqlite")
    (lines,) = blocks(2)
    assert lines.count("(in_utc), YEARS]") == 1
    service.run(lines.replace(", YEARS]", f"{years}]"), BASE.format("due: Moment"), INVOICE, MODELS)
    with service.serve("sync", ENDPOINTS) as client:
        schemas = service["app"].openapi()["components"]["schemas"]
        due = schemas["InvoiceCreate"]["properties"]["due"]
        assert (due["type"], due["format"]) == ("string", "date-time")
        edges = ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"]
        inside = ["0002-01-01T00:00:00+23:59", "9998-12-31T23:59:59-23:59", "2030-01-01T10:00:00Z"]
        valid = [one for one in edges + inside if re.search(due.get("pattern", ""), one)]
        assert valid == (inside if years else edges + inside)
        statuses = {client.post("/invoice/", json={"due": one}).status_code for one in valid}
        assert statuses == ({201} if years else {201, 422})


# 3. and 4. Prices, and what POST answers


each_price = pytest.mark.parametrize("limits", ["LIMITS", "LIMITS, PRICE"])


def priced(service: Own, limits: str) -> Own:
    """Give a service a price, with all that the page says of it or without the pattern."""
    (lines,) = blocks(3)
    assert lines.count("LIMITS, PRICE]") == 1
    service.run(*blocks(2), lines.replace("LIMITS, PRICE]", f"{limits}]"))
    service.run(BASE.format("price: Price\n    due: Moment"), INVOICE, MODELS)
    return service


@each_price
def test_what_the_documentation_says_of_a_price(limits: str, own: Make) -> None:
    """Any text, which is refused; then only what is taken."""
    service = priced(own("sqlite"), limits)
    with service.serve("sync", ENDPOINTS) as client:
        schemas = service["app"].openapi()["components"]["schemas"]
        price = schemas["InvoiceCreate"]["properties"]["price"]
        text = price if "PRICE" in limits else price["anyOf"][1]
        assert text["type"] == "string"
        texts = ["", "x", "-1", "0.001", "1234567", "0", "0.1", "999999.99"]
        valid = [one for one in texts if re.search(text.get("pattern", ""), one)]
        bodies = [{"price": one, "due": "2030-01-01T10:00:00Z"} for one in valid]
        statuses = {client.post("/invoice/", json=body).status_code for body in bodies}
        assert statuses == ({201} if "PRICE" in limits else {201, 422})
        assert valid[-3:] == texts[-3:]


@pytest.mark.weekly
@each_price
def test_the_fuzz(limits: str, own: Make) -> None:
    """The same, as chapter 14 asks it: importing Schemathesis takes long."""
    import schemathesis
    from hypothesis import Phase, given, settings

    service = priced(own("sqlite"), limits)
    with service.serve("sync", ENDPOINTS.partition("@app.get")[0]):
        schema = schemathesis.openapi.from_asgi("/openapi.json", service["app"])

        @settings(max_examples=100, derandomize=True, deadline=None, phases=[Phase.generate])
        @given(schema.as_strategy())
        def send(case: Any) -> None:
            case.call_and_validate()

        rejected = pytest.raises(BaseExceptionGroup, match=said(3, "Schema-valid request rejected"))
        with nullcontext() if "PRICE" in limits else rejected:
            send()


PUBLIC = MODELS + "    price: Decimal\n"
FLUSHED = "session.flush()\n    session.refresh(invoice)\n    session.commit()"


@each_version
@each_kind
def test_post_answers_what_get_answers(kind: str, version: str, own: Make) -> None:
    """It does not, without the lines of section 4 or a refresh; a price has its two places."""
    fields = BASE.format("price: Price")
    refreshing = ENDPOINTS.replace("session.commit()", FLUSHED, 1)
    assert all(f"`{line.strip()}`" in PAGE for line in FLUSHED.splitlines()[:2])
    for lines, endpoints, posted in (
        ((), ENDPOINTS, "0.1"),
        ((), refreshing, "0.10"),
        (blocks(4), ENDPOINTS, "0.10"),
    ):
        service = own(kind)
        service.run(*blocks(2), *blocks(3), *lines, fields, INVOICE, PUBLIC)
        assert service["Invoice"].__table__.c.price.type.scale == 2
        with service.serve(version, endpoints) as client:
            assert client.post("/invoice/", json={"price": "0.1"}).json()["price"] == posted
            assert client.get("/invoice/1").json()["price"] == "0.10"
            client.post("/invoice/", json={"price": "-0"})
            if posted == "0.10":
                got = client.post("/invoice/", json={"price": "-0.00"}).json()
                assert got == client.get(f"/invoice/{got['id']}").json()
            for price in ("", "-1", "0.001", "1000000", "NaN", "1E+40"):
                assert client.post("/invoice/", json={"price": price}).status_code == 422


# 5. A field that becomes required


@each_version
@each_kind
def test_a_field_that_may_be_left_out(kind: str, version: str, own: Make) -> None:
    """A PATCH without it is a 422, until the class for changes repeats it; limits hold there."""
    (update,) = blocks(5)
    (line,) = [one for one in update.splitlines() if "customer_id" in one]
    models = MODELS.replace("\n\n\nclass InvoiceUpdate(InvoiceCreate):\n    pass", "")
    base = BASE.format('number: str = ""\n    customer_id: int = Field(ge=1, le=MAX_ID)')
    for lines, status in ((update.replace(line, "    pass"), 422), (update, 200)):
        service = own(kind)
        service.run(base, INVOICE, models + "    number: str\n    customer_id: int\n", lines)
        with service.serve(version, ENDPOINTS) as client:
            client.post("/invoice/", json={"number": "a", "customer_id": 7})
            answered = client.patch("/invoice/1", json={"number": "b"})
            assert answered.status_code == status
            if status == 422:
                assert "`Field required`" in PAGE and "Field required" in answered.text
                continue
            assert answered.json() == {"id": 1, "number": "b", "customer_id": 7}
            for wrong in (0, None, 2**31):
                answer = client.patch("/invoice/1", json={"customer_id": wrong})
                assert answer.status_code == 422
            assert client.patch("/invoice/1", json={"customer_id": 8}).json()["customer_id"] == 8


# 6. and 7. The lines of an invoice

PAIR = "        cascade_delete=True,\n        passive_deletes=True,\n"
ALL = '        passive_deletes="all",\n'
NOT_NULL = {"sqlite": "NOT NULL constraint failed", "postgresql": "violates not-null constraint"}


def with_parts(service: Own, words: str) -> Own:
    """Give a service the models of the page, with other words than theirs."""
    (models,) = blocks(6)
    assert models.count(PAIR) == 1
    service.run(BASE.format("pass"), LINE_BASE, models.replace(PAIR, words))
    return service


def test_two_words_that_do_not_go_together(own: Make) -> None:
    """What chapter 12 says of the list, beside what deletes parts."""
    both = "can't set passive_deletes='all' in conjunction with 'delete'"
    with pytest.raises(ArgumentError, match=said(6, both)):
        with_parts(own("sqlite"), f"        cascade_delete=True,\n{ALL}").run("Invoice()")


@each_version
@each_kind
def test_parts(kind: str, version: str, own: Make) -> None:
    """Lines go with their invoice, and out of it, and are not read to be deleted."""
    (loaded,) = re.findall(r"`(options=\[selectinload\(Invoice.lines\)\])`", PAGE)
    parts = PARTS.replace("LOADED", loaded)
    with with_parts(own(kind), ALL).serve(version, parts) as client:
        client.post("/part/2")
        with pytest.raises(IntegrityError, match=said(6, NOT_NULL[kind])):
            client.put("/part/1")
    for words, selects in (("        cascade_delete=True,\n", 2), (PAIR, 1)):
        service = with_parts(own(kind), words)
        with service.serve(version, parts) as client, service.engine.connect() as connection:
            lines = sa.select(sa.func.count()).select_from(service.tables.tables["line"])
            client.post("/part/2")
            client.post("/part/3")
            client.put("/part/1")
            assert connection.scalar(lines) == 3
            connection.rollback()
            with statements() as sent:
                client.delete("/part/2")
            assert sum(one.startswith("SELECT") for one in sent) == selects
            assert connection.scalar(lines) == 0


# 13. A table of links

TASK = """
class Task(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
"""
DELETE = """
@app.delete("/task/{task_id}")
def delete(task_id: TaskId, session: SessionDep) -> None:
    session.delete(found(session.get(Task, task_id)))
    session.commit()
"""
NAME = '    __tablename__ = "task_tag"\n'
PASSIVE = 'passive_deletes="all",\n'
NO_TABLE = {"sqlite": "no such table: tasktag"}
NO_TABLE["postgresql"] = 'relation "tasktag" does not exist'


def with_links(service: Own, old: str = "", new: str = "") -> Own:
    """Give a service the tables of the page, and make them: that of links by the exercise."""
    (links, _), (tags,) = blocks(13), blocks(13, "diff")
    models = f"{links}\n{changed(TASK, tags)}"
    assert not old or old in models
    service.run("import sqlalchemy as sa", models.replace(old, new) if old else models)
    (answer,) = [one.source for one in course.cells(12) if one.id == "your-turn-link-solution"]
    service.run(answer.partition("\n\ncheck(")[0])
    with service.engine.begin() as connection:
        service["op"] = service.operations(connection)
        for name in ("task", "tag"):
            service.tables.tables[name].create(connection)
        service.run("solution_upgrade()")
        connection.execute(sa.text("INSERT INTO task (id) VALUES (1)"))
        connection.execute(sa.text("INSERT INTO tag (id, word) VALUES (1, 'a'), (2, 'b')"))
    return service


@each_kind
def test_a_class_of_two_words(kind: str, own: Make) -> None:
    """Without its name, the class knows no table, and the draft drops that of the links."""
    service = with_links(own(kind), NAME)
    with service.engine.connect() as connection:
        upgrade, _ = service.draft(connection)
        drop = "op.drop_table('task_tag')"
        assert drop in upgrade and f"`{drop}`" in section(13)
        with pytest.raises(DBAPIError, match=said(13, NO_TABLE[kind])):
            connection.execute(sa.select(service["TaskTag"]))
    service = with_links(own(kind))
    with service.engine.connect() as connection:
        assert service.differences(connection) == []


@each_version
@each_kind
def test_links(kind: str, version: str, own: Make) -> None:
    """A tag is given once; links go with their task, by the rule of the database."""
    (_, endpoint) = blocks(13)
    for old in ("", PASSIVE):
        service = with_links(own(kind), old)
        with service.serve(version, endpoint, DELETE) as client:
            for path in ("1/task/1", "1/task/1", "2/task/1"):
                assert client.put(f"/tag/{path}").status_code == 204
            for path in ("3/task/1", "1/task/3"):
                assert client.put(f"/tag/{path}").status_code == 404
            with service.engine.connect() as connection, statements() as sent:
                links = sa.select(service["TaskTag"].tag_id)
                assert sorted(connection.scalars(links)) == [1, 2]
                connection.rollback()
                sent.clear()
                client.delete("/task/1")
                assert ["task_tag" in one for one in sent].count(True) == (2 if old else 0)
                assert connection.scalars(links).all() == []
    assert endpoint.count(", options=[tags]") == 1
    service = with_links(own(kind))
    unloaded = endpoint.replace(", options=[tags]", "")
    words = "'Task.tags' is not available due to lazy='raise'"
    with (
        service.serve(version, unloaded) as client,
        pytest.raises(InvalidRequestError, match=said(13, words)),
    ):
        client.put("/tag/1/task/1")


# 14. and 15. A new name, and a new type


def dated(service: Own, name: str, *changes: tuple[str, str]) -> Own:
    """Give a service the invoice of the page, with another name of the column, and changes."""
    models, _ = blocks(14)
    for old, new in (("issued_on", name), *changes):
        assert old in models
        models = models.replace(old, new)
    service.run(
        "from datetime import date\nfrom sqlalchemy import CheckConstraint, UniqueConstraint"
    )
    service.run("import sqlalchemy as sa", models)
    return service


@each_kind
def test_a_column_with_rules(kind: str, own: Make) -> None:
    """Up, down, up: the rules have the new name, and hold; `check` is content each time."""
    (_, revision), service = blocks(14), dated(own(kind), "issued")
    service.tables.create_all(service.engine)
    with service.engine.connect() as connection:
        insert = "INSERT INTO invoice (issued, number, paid) VALUES ('2030-01-02', 7, '2030-01-03')"
        connection.execute(sa.text(insert))
        connection.commit()
        service["op"] = service.operations(connection)
        service.run(revision)
        for command in ("upgrade()", "downgrade()"):
            service.run(command)
        assert service.differences(connection) == []
        service.run("upgrade()")
        renew(service)
        dated(service, "issued_on")
        assert service.differences(connection) == []
        for refused, rule in (
            ("UPDATE invoice SET issued_on = '2030-01-04'", "ck_invoice_paid"),
            (insert.replace("issued", "issued_on"), "uq_invoice_number_issued_on"),
        ):
            with pytest.raises(IntegrityError) as error, connection.begin_nested():
                connection.execute(sa.text(refused))
            assert kind == "sqlite" or rule in str(error.value)
        assert connection.scalar(sa.text("SELECT count(issued_on) FROM invoice")) == 1


def renew(service: Own) -> None:
    """Let a service forget its tables."""
    service.tables.clear()
    service.run("SQLModel._sa_registry._class_registry.clear()")


@each_kind
def test_what_a_new_name_leaves(kind: str, own: Make) -> None:
    """What the table of the section says, line by line."""
    unique = ('UniqueConstraint("number", "issued_on")', 'UniqueConstraint("number", "issued")')
    with pytest.raises(
        ConstraintColumnNotFoundError, match=said(14, "no column named 'issued' is present")
    ):
        dated(own(kind), "issued_on", unique)
    service = dated(own(kind), "issued")
    service.tables.create_all(service.engine)
    with service.engine.connect() as connection:
        op = service.operations(connection)

        def rename() -> None:
            with op.batch_alter_table("invoice", recreate="auto") as batch_op:
                batch_op.alter_column("issued", new_column_name="issued_on")
                batch_op.create_unique_constraint("more", ["paid"])

        if kind == "sqlite":
            with pytest.raises(DBAPIError, match=said(14, "no such column: issued")):
                rename()
        else:
            rename()
    service = dated(own(kind), "issued")
    service.tables.create_all(service.engine)
    with service.engine.connect() as connection:
        service.operations(connection).alter_column(
            "invoice", "issued", new_column_name="issued_on"
        )
        renew(service)
        dated(service, "issued_on", ("paid >= issued_on", "paid >= issued"))
        found = [one[0] for one in service.differences(connection)]
        assert found == ["remove_constraint", "add_constraint"]
    assert "`Detected removed unique constraint`" in section(14)


@each_kind
def test_a_foreign_key_keeps_its_name(kind: str, own: Make) -> None:
    """`alembic check` does not compare the names of foreign keys."""
    service = own(kind)
    field = 'owner_id: int = Field(foreign_key="owner.id"{})'
    owner = "class Owner(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n"
    models = BASE.format(field) + INVOICE
    service.run(owner, models.format(""))
    service.tables.create_all(service.engine)
    with service.engine.connect() as connection:
        op = service.operations(connection)
        op.alter_column("invoice", "owner_id", new_column_name="buyer_id")
        renew(service)
        service.run(owner, models.format(', sa_column_kwargs={"name": "buyer_id"}'))
        assert service.differences(connection) == []
        (key,) = sa.inspect(connection).get_foreign_keys("invoice")
        assert key["name"] == "fk_invoice_owner_id_owner"


@each_kind
def test_a_number_of_a_text(kind: str, own: Make) -> None:
    """PostgreSQL needs to be told how, and refuses what is none; SQLite takes the same line."""
    service, (revision,) = own(kind), blocks(15)
    using = ', postgresql_using="amount::integer"'
    assert revision.count(using) == 1
    with service.engine.connect() as connection:
        service["op"] = op = service.operations(connection)
        op.create_table("invoice", number(), sa.Column("amount", sa.String(20)))
        connection.execute(sa.text("INSERT INTO invoice VALUES (1, '-5')"))
        connection.commit()
        if kind == "postgresql":
            words = 'column "amount" cannot be cast automatically to type integer'
            with pytest.raises(DBAPIError, match=said(15, words)):
                service.run("import sqlalchemy as sa", revision.replace(using, ""), "upgrade()")
            connection.rollback()
            for text in ("7 apples", ""):
                words = said(15, "invalid input syntax for type integer")
                with pytest.raises(DBAPIError, match=words), connection.begin_nested():
                    connection.execute(sa.text(f"SELECT CAST(text '{text}' AS INTEGER)"))
        service.run("import sqlalchemy as sa", revision, "upgrade()")
        assert connection.execute(sa.text("SELECT amount FROM invoice")).all() == [(-5,)]
        place = {"sqlite": "instr(name, ' ')", "postgresql": "strpos(name, ' ')"}[kind]
        assert f"`{place}`" in section(15)
        assert connection.scalar(sa.text(f"SELECT {place} FROM (SELECT 'a b' AS name) AS t")) == 2
