"""Answers to the exercise `tag_table`."""

import sqlalchemy as sa

from answers import both, right, wrong

hand_in = both


def create(op):
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


def drop(op):
    op.drop_table("tag")


@right
class BySql:
    @staticmethod
    def upgrade(op):
        op.execute("CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")

    @staticmethod
    def downgrade(op):
        op.execute("DROP TABLE tag")


@right(then=drop)
def primary_key_constraint(op):
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer()),
        sa.Column("name", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


@right
class IfExists:
    @staticmethod
    def upgrade(op):
        op.create_table(
            "tag",
            sa.Column("name", sa.Text(), nullable=False),
            sa.Column("id", sa.Integer(), primary_key=True),
        )

    @staticmethod
    def downgrade(op):
        op.execute("DROP TABLE IF EXISTS tag")


@right(then=drop)
def by_table(op):
    sa.Table(
        "tag",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    ).create(op.get_bind())


@wrong("there is no table tag", then=drop)
def there_is_no_table_tag(op):
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
    )


@wrong("the table has the columns id", then=drop)
def table_has_columns_id(op):
    op.create_table("tag", sa.Column("id", sa.Integer(), primary_key=True))


@wrong("id is not the primary key", then=drop)
def id_is_not_primary_key(op):
    op.create_table(
        "tag", sa.Column("id", sa.Integer()), sa.Column("name", sa.String(50), nullable=False)
    )


@wrong("name may be empty", then=drop)
def name_may_be_empty(op):
    op.create_table(
        "tag", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(50))
    )


@wrong("name is a part of the primary key", then=drop)
def name_is_part_of_primary_key(op):
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(50), primary_key=True),
    )


@wrong("after the downgrade, the table tag is still there", after=create)
def after_downgrade_table_tag_is_still_there(op):
    pass


@wrong("the table tag is still there", after=create)
def table_tag_is_still_there(op):
    op.drop_table("task")


@wrong("dropped the table task", after=create)
def dropped_table_task(op):
    drop(op)
    op.drop_table("task")


@wrong("the upgrade has dropped", then=drop)
def upgrade_has_dropped(op):
    op.drop_table("task")
    create(op)


@wrong("your code stops with OperationalError", after=create)
def your_code_stops_with_operationalerror(op):
    op.drop_table("tags")


@wrong("there is no table tag", then=drop)
def there_is_no_table_tag_2(op):
    pass
