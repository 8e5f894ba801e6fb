"""A service with the tables of notebooks/your_own_tables.md, made of the lines of this page.

What stands around them is the course's: the files that notebook 12 leaves, run in this process.
"""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import ModuleType
from typing import Any
from warnings import catch_warnings

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import FastAPI
from reading import NOTEBOOKS
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from tutorial.ends import stored_ends
from tutorial.postgres import Postgres
from tutorial.versions import in_async

with catch_warnings(action="ignore"):  # that a later version wants another httpx
    from starlette.testclient import TestClient

PAGE = (NOTEBOOKS / "your_own_tables.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = stored_ends().state(12).files
INVOICE = """
class Invoice(InvoiceBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
"""
MODELS = """
class InvoiceCreate(InvoiceBase):
    model_config = {"extra": "forbid"}


class InvoiceUpdate(InvoiceCreate):
    pass


class InvoicePublic(SQLModel):
    id: int
"""
ENDPOINTS = """
@app.post("/invoice/", status_code=201, response_model=InvoicePublic)
def create_invoice(body: InvoiceCreate, session: SessionDep) -> Invoice:
    invoice = Invoice.model_validate(body)
    session.add(invoice)
    session.commit()
    return invoice


@app.get("/invoice/{invoice_id}", response_model=InvoicePublic)
def read_invoice(invoice_id: int, session: ReaderDep) -> Invoice:
    return found(session.get(Invoice, invoice_id))


@app.patch("/invoice/{invoice_id}", response_model=InvoicePublic)
def update_invoice(invoice_id: int, changes: InvoiceUpdate, session: SessionDep) -> Invoice:
    invoice = found(session.get(Invoice, invoice_id, with_for_update=True))
    invoice.sqlmodel_update(changes.model_dump(exclude_unset=True))
    session.commit()
    return invoice
"""

LINE_BASE = "class LineBase(SQLModel):\n    text: Text = Field(min_length=1, max_length=100)\n"
PARTS = """
@app.post("/part/{count}")
def add(count: int, session: SessionDep) -> None:
    session.add(Invoice(lines=[Line(text=str(number)) for number in range(count)]))
    session.commit()


@app.put("/part/{invoice_id}")
def empty(invoice_id: int, session: SessionDep) -> None:
    invoice = session.get(Invoice, invoice_id, with_for_update=True, LOADED)
    invoice.lines = []
    session.commit()


@app.delete("/part/{invoice_id}")
def delete(invoice_id: int, session: SessionDep) -> None:
    session.delete(found(session.get(Invoice, invoice_id, with_for_update=True)))
    session.commit()
"""


def section(number: int) -> str:
    """Return a section of the page."""
    return re.split(r"^## \d+\. ", PAGE, flags=re.MULTILINE)[number]


def blocks(number: int, kind: str = "python") -> list[str]:
    """Return the blocks of code of a section."""
    return [text for name, text in BLOCK.findall(section(number)) if name == kind]


def said(number: int, words: str) -> str:
    """Return a pattern for words of an error, which the section must have."""
    assert f"`{words}`" in section(number), words
    return re.escape(words)


def both_sides(diff: str) -> tuple[str, str]:
    """Return the lines of a diff: as they were, and as they become."""
    old = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] != "+")
    new = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] != "-")
    return old, new


def changed(text: str, diff: str) -> str:
    """Return a text as a diff changes it; what is to be changed stands there exactly once."""
    old, new = both_sides(diff)
    assert text.count(old) == 1, diff
    return text.replace(old, new)


def in_version(source: str, version: str) -> str:
    """Return endpoints in a version."""
    return in_async(source) if version == "async" else source


def emptied(postgres: Postgres) -> str:
    """Return the URL of the server's database, of which nothing is left: quicker than a new one."""
    engine = sa.create_engine(postgres.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    return postgres.url


class Own(dict[str, Any]):
    """The names of a service of one's own: what stands at the top of the course's files."""

    def __init__(self, url: str) -> None:
        """Make it for a database. No table is in it."""

        class Base(SQLModel, registry=registry(metadata=sa.MetaData())):
            pass

        super().__init__(__name__="own")
        self.tables: sa.MetaData = Base.metadata
        self.modules = {name: ModuleType(name) for name in ("app", "app.db", "app.db_async")}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URL", url)
            for name, module in self.modules.items():
                patch.setitem(sys.modules, name, module)
                exec(FILES.get(f"{name.replace('.', '/')}.py", ""), module.__dict__)
        self.run(FILES["app/errors.py"])
        self["SQLModel"] = Base  # the page's tables meet no others
        top, *_ = FILES["app/models.py"].partition("\n\nclass ")
        self.run(top.replace("Relationship, SQLModel", "Relationship"))
        self.engine: sa.Engine = self.modules["app.db"].__dict__["engine"]

    def run(self, *sources: str) -> None:
        """Run code, as if it stood below what is there."""
        for source in sources:
            exec(source, self)

    def operations(self, connection: sa.Connection) -> Operations:
        """Return what a revision calls `op`."""
        options = {
            "target_metadata": self.tables,
            "render_as_batch": True,
            "sqlalchemy_module_prefix": "sa.",
            "alembic_module_prefix": "op.",
            "user_module_prefix": None,
        }
        return Operations(MigrationContext.configure(connection, opts=options))

    def draft(self, connection: sa.Connection) -> tuple[str, str]:
        """Return what Alembic drafts for the tables: upgrade and downgrade."""
        context = self.operations(connection).migration_context
        drafted = produce_migrations(context, self.tables)
        assert drafted.upgrade_ops and drafted.downgrade_ops
        both = (drafted.upgrade_ops, drafted.downgrade_ops)
        codes = [render_python_code(one, render_as_batch=True) for one in both]
        return f"if True:\n    pass\n{codes[0]}", f"if True:\n    pass\n{codes[1]}"

    def differences(self, connection: sa.Connection) -> list[Any]:
        """Return what `alembic check` finds."""
        return list(compare_metadata(self.operations(connection).migration_context, self.tables))

    @contextmanager
    def serve(self, version: str, *endpoints: str) -> Iterator[TestClient]:
        """Make the tables and run endpoints in a version. What would be a 500 is raised."""
        db = self.modules[{"sync": "app.db", "async": "app.db_async"}[version]].__dict__

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            self.engine.dispose()
            if version == "async":
                await db["engine"].dispose()

        self.tables.create_all(self.engine)
        limits = {"exception_handlers": self["HANDLERS"], "max_body_size": self["MAX_BODY"]}
        self["app"] = FastAPI(lifespan=lifespan, **limits)
        self |= {name: db[name] for name in ("SessionDep", "ReaderDep")}
        self.run(*[in_version(one, version) for one in endpoints])
        with TestClient(self["app"]) as client:
            yield client


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is sent to any database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(sa.Engine, "before_cursor_execute", note)
