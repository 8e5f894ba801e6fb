"""Answers to the exercise `link_table`."""

import sqlalchemy as sa
from alembic import op

from answers import both, right, wrong

hand_in = both


def drop():
    op.drop_table("task_tag")


def column(name, table, rule="CASCADE", **options):
    key = sa.ForeignKey(f"{table}.id", ondelete=rule)
    return sa.Column(name, sa.Integer(), key, **options)


def create(task, tag, *more):
    op.create_table("task_tag", task, tag, *more)


TASK = {"name": "task_id", "table": "task", "primary_key": True}
TAG = {"name": "tag_id", "table": "tag", "primary_key": True}


@right
class BySql:
    @staticmethod
    def upgrade():
        op.execute(
            "CREATE TABLE task_tag (task_id INTEGER NOT NULL REFERENCES task ON DELETE CASCADE, "
            "tag_id INTEGER NOT NULL REFERENCES tag ON DELETE CASCADE, "
            "PRIMARY KEY (task_id, tag_id))"
        )

    @staticmethod
    def downgrade():
        op.execute("DROP TABLE task_tag")


@right(then=drop)
def tag_first():
    create(column(**TAG), column(**TASK))


@right(then=drop)
def by_constraints():
    op.create_table(
        "task_tag",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "tag_id", name="pk_task_tag"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], ondelete="CASCADE"),
    )


@right(then=drop)
def with_an_id():
    create(
        sa.Column("id", sa.Integer(), primary_key=True),
        column("task_id", "task", nullable=False),
        column("tag_id", "tag", nullable=False),
        sa.UniqueConstraint("task_id", "tag_id"),
    )


@right(then=drop)
def with_an_index():
    create(column(**TASK), column(**TAG))
    op.create_index("ix_task_tag_tag_id", "task_tag", ["tag_id"])


@wrong("there is no table task_tag. There is: links, tag, task", then=drop)
def other_name():
    op.create_table("links", column(**TASK), column(**TAG))


@wrong("the table task_tag has the columns task, tag, not task_id and tag_id", then=drop)
def other_columns():
    create(column("task", "task", primary_key=True), column("tag", "tag", primary_key=True))


@wrong("a column that nobody asked for: since", then=drop)
def one_column_more():
    create(column(**TASK), column(**TAG), sa.Column("since", sa.Date()))


@wrong("it takes a link to a task that is not there", then=drop)
def no_foreign_key():
    create(sa.Column("task_id", sa.Integer(), primary_key=True), column(**TAG))


@wrong("it takes a link to a tag that is not there", then=drop)
def both_to_the_task():
    create(column(**TASK), sa.Column("tag_id", sa.Integer(), primary_key=True))


@wrong("a task that has links can't be deleted. Its links should go with it", then=drop)
def no_rule():
    create(column(**TASK, rule=None), column(**TAG))


@wrong("a tag that has links can't be deleted", then=drop)
def rule_for_one():
    create(column(**TASK), column(**TAG, rule="RESTRICT"))


@wrong("it takes a link without a task", then=drop)
def set_null_and_no_key():
    create(column("task_id", "task", "SET NULL"), column("tag_id", "tag", "SET NULL"))


@wrong("a task can have the same tag twice", then=drop)
def no_key():
    create(column("task_id", "task", nullable=False), column("tag_id", "tag", nullable=False))


@wrong("The two columns together are the key, not each of them", then=drop)
def one_tag_for_each_task():
    create(column(**TASK), column("tag_id", "tag", nullable=False))


@wrong("your code stops with CompileError", then=drop)
def no_type():
    op.create_table(
        "task_tag",
        sa.Column("task_id", sa.ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True),
    )


def nothing():
    pass


@wrong("after the downgrade, the table task_tag is still there", then=nothing)
def never_goes():
    create(column(**TASK), column(**TAG))


@wrong("after the downgrade, the tables are")
class DropsTooMuch:
    @staticmethod
    def upgrade():
        create(column(**TASK), column(**TAG))

    @staticmethod
    def downgrade():
        op.drop_table("task_tag")
        op.drop_table("tag")


@wrong("for task 4: FOREIGN KEY constraint failed. Refer from `task_id` to `task.id`, and from")
class SwappedTables:
    def upgrade():
        create(
            column("task_id", "tag", primary_key=True), column("tag_id", "task", primary_key=True)
        )

    downgrade = drop


@wrong("it takes no link: foreign key mismatch")
class TagByItsName:
    def upgrade():
        key = sa.ForeignKey("tag.name", ondelete="CASCADE")
        create(column(**TASK), sa.Column("tag_id", sa.Text(), key, primary_key=True))

    downgrade = drop
