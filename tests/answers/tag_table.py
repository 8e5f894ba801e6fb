"""Answers to the exercise `tag_table`."""

from contextlib import suppress

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

from answers import both, right, wrong

hand_in = both


def create():
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


def drop():
    op.drop_table("tag")


@right
class BySql:
    @staticmethod
    def upgrade():
        op.execute("CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")

    @staticmethod
    def downgrade():
        op.execute("DROP TABLE tag")


@right(then=drop)
def primary_key_constraint():
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer()),
        sa.Column("name", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


@right
class IfExists:
    @staticmethod
    def upgrade():
        op.create_table(
            "tag",
            sa.Column("name", sa.Text(), nullable=False),
            sa.Column("id", sa.Integer(), primary_key=True),
        )

    @staticmethod
    def downgrade():
        op.execute("DROP TABLE IF EXISTS tag")


@right(then=drop)
def by_table():
    sa.Table(
        "tag",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    ).create(op.get_bind())


@wrong("there is no table tag", then=drop)
def there_is_no_table_tag():
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


@wrong("the table has the columns id", then=drop)
def table_has_columns_id():
    op.create_table("tag", sa.Column("id", sa.Integer(), primary_key=True))


@wrong("id is not the primary key", then=drop)
def id_is_not_primary_key():
    op.create_table(
        "tag", sa.Column("id", sa.Integer()), sa.Column("name", sa.String(50), nullable=False)
    )


@wrong("name may be NULL: write `nullable=False`, without quotes around False", then=drop)
def name_may_be_empty():
    op.create_table(
        "tag", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(50))
    )


@wrong("name is a part of the primary key", then=drop)
def name_is_part_of_primary_key():
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), primary_key=True),
    )


@wrong("after the downgrade, the table tag is still there", after=create)
def after_downgrade_table_tag_is_still_there():
    pass


@wrong("the table tag is still there", after=create)
def table_tag_is_still_there():
    op.drop_table("task")


@wrong("dropped the table task", after=create)
def dropped_table_task():
    drop()
    op.drop_table("task")


@wrong("the upgrade has dropped", then=drop)
def upgrade_has_dropped():
    op.drop_table("task")
    create()


@wrong("your code stops with OperationalError", after=create)
def your_code_stops_with_operationalerror():
    op.drop_table("tags")


@wrong("there is no table tag", then=drop)
def there_is_no_table_tag_2():
    pass


@right(then=drop)
def autoincrement():
    op.execute("CREATE TABLE tag (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR NOT NULL)")


@right(then=drop)
def never_an_empty_text():
    op.execute("CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (name <> ''))")


@right(then=drop)
def of_sqlmodel():
    name = sa.Column("name", AutoString(length=50), nullable=False)
    op.create_table("tag", sa.Column("id", sa.Integer(), nullable=False, primary_key=True), name)


@right(then=drop)
def with_an_index():
    create()
    op.create_index("ix_tag_name", "tag", ["name"])


@right(then=drop)
def named_key():
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Unicode(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
    )


@right(after=create)
def drops_if_there():
    if "tag" in sa.inspect(op.get_bind()).get_table_names():
        op.drop_table("tag")


@wrong("With the type sa.Integer(), SQLite gives each row its id", then=drop)
def big_integer():
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


@wrong("With the type sa.Integer(), SQLite gives each row its id", then=drop)
def id_as_text():
    op.create_table(
        "tag",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


@wrong("four new tags should get an id each, and are stored as [(None, 'Home')", then=drop)
def id_without_a_number():
    op.execute("CREATE TABLE tag (id TEXT PRIMARY KEY, name TEXT NOT NULL)")


@wrong("the table tag takes no row with a name: CHECK constraint failed", then=drop)
def short_names_only():
    op.execute(
        "CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL CHECK (length(name) < 9))"
    )


@wrong("after the upgrade, task 2 is lost", then=drop)
def deletes_tasks():
    create()
    op.execute("DELETE FROM task")


@wrong("after the upgrade, the table task has the columns task_name, id, tag_id", then=drop)
def adds_a_column_to_task():
    create()
    op.add_column("task", sa.Column("tag_id", sa.Integer()))


@wrong("after the downgrade, task 2 is lost", after=create)
def empties_task():
    op.drop_table("tag")
    op.execute("DELETE FROM task")


@wrong("after the downgrade, the tables are old_tag, task", after=create)
def renames():
    op.rename_table("tag", "old_tag")


@wrong("after the downgrade, the table tag is still there", after=create)
def empties_tag():
    op.execute("DELETE FROM tag")


@wrong("there is no table tag. There is: task", then=drop)
def catches_its_error():
    with suppress(AttributeError):
        op.make_table("tag")


@wrong("after the downgrade, there is the row (2, 'buy milk')", after=create)
def changes_a_name():
    op.drop_table("tag")
    op.execute("UPDATE task SET task_name = lower(task_name) WHERE id = 2")


@wrong("your code stops with ValueError, in the line `raise ValueError`", after=create)
def stops_in_the_downgrade():
    raise ValueError


@right(then=drop)
def by_a_check():
    op.execute("CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT CHECK (name IS NOT NULL))")


@wrong("after the downgrade, the table task has the columns task_name, id, tag_id", after=create)
def leaves_a_column():
    op.drop_table("tag")
    op.add_column("task", sa.Column("tag_id", sa.Integer()))


@wrong("in a revision, `op` is imported, and not handed in", then=drop)
def takes_op(op):
    create()


def of_type(type_):
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", type_, nullable=False),
    )


@wrong("the name '007' is stored as 7.0: name must be a text", then=drop)
def copies_the_float():
    of_type(sa.Float())


@wrong("the name '007' is stored as 7: name must be a text", then=drop)
def a_whole_number():
    of_type(sa.Integer())


@wrong("the name '007' is stored as 7: name must be a text", then=drop)
def a_decimal():
    of_type(sa.Numeric())


@right(then=drop)
def a_long_text():
    of_type(sa.Text())


@wrong("the name '007' is stored as 7.0", then=drop)
def a_float_that_may_be_null():
    op.create_table(
        "tag", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Float())
    )


@wrong("the type of name is BLOB, and should be a text")
class NameOfBytes:
    def upgrade():
        op.create_table(
            "tag",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("name", sa.LargeBinary(), nullable=False),
        )

    def downgrade():
        op.drop_table("tag")


@wrong("name may be NULL: write `nullable=False`, without quotes around False")
class NullableOfAText:
    def upgrade():
        op.create_table(
            "tag",
            sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("name", sa.String(), nullable="False"),
        )

    def downgrade():
        op.drop_table("tag")


@wrong("it gives a generator, and runs no line of it", then=drop)
def by_yield():
    yield create()


@wrong("`nullable` belongs inside the brackets of `sa.Column(…)`.", then=drop)
def nullable_behind_the_column():
    number = sa.Column("id", sa.Integer(), primary_key=True)
    op.create_table("tag", number, sa.Column("name", sa.String(50)), nullable=False)


@wrong("The table gets no column: each `sa.Column(…)` belongs inside the brackets of", then=drop)
def columns_below_the_table():
    op.create_table("tag")
    sa.Column("id", sa.Integer(), primary_key=True)
    sa.Column("name", sa.String(50), nullable=False)


@wrong("behind a comma, and not in a list.", then=drop)
def columns_in_a_list():
    number = sa.Column("id", sa.Integer(), primary_key=True)
    op.create_table("tag", [number, sa.Column("name", sa.String(50), nullable=False)])


@wrong("A type of SQLAlchemy is missing, such as `sa.String()`.", then=drop)
def type_of_python():
    number = sa.Column("id", sa.Integer(), primary_key=True)
    op.create_table("tag", number, sa.Column("name", str, nullable=False))


@wrong("A length belongs to the type of a text, as in `sa.String(50)`.", then=drop)
def length_behind_the_type():
    number = sa.Column("id", sa.Integer(), primary_key=True)
    op.create_table("tag", number, sa.Column("name", sa.String, length=50, nullable=False))
