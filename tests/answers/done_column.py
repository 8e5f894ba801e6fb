"""Answers to the exercise `done_column`."""

import sqlalchemy as sa

from answers import right, wrong


@right
def as_text(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="0"))


@right
def filled_then_not_null(op):
    op.add_column("task", sa.Column("done", sa.Boolean()))
    op.execute("UPDATE task SET done = 0")
    with op.batch_alter_table("task") as batch_op:
        batch_op.alter_column("done", nullable=False)


@right
def by_sql(op):
    op.execute("ALTER TABLE task ADD done BOOLEAN NOT NULL DEFAULT FALSE")


@right
def by_copy(op):
    op.execute("ALTER TABLE task RENAME TO old")
    op.execute(
        "CREATE TABLE task (id INTEGER NOT NULL PRIMARY KEY, done BOOLEAN NOT NULL, "
        "task_name VARCHAR(100) NOT NULL)"
    )
    op.execute("INSERT INTO task SELECT id, 0, task_name FROM old")
    op.drop_table("old")


@wrong("your code stops with OperationalError")
def your_code_stops_with_operationalerror(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False))


@wrong("your code stops with OperationalError")
def your_code_stops_with_operationalerror_2(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, default=sa.false()))


@wrong("the old rows should have done = false")
def old_rows_should_have_done_false(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.true()))


@wrong("the old rows should have done = false")
def old_rows_should_have_done_false_2(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="false"))


@wrong("may be empty")
def may_be_empty(op):
    op.add_column("task", sa.Column("done", sa.Boolean()))


@wrong("done may be empty")
def done_may_be_empty(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=True, server_default=sa.false()))


@wrong("VARCHAR, not BOOLEAN")
def varchar_not_boolean(op):
    op.add_column("task", sa.Column("done", sa.String(), nullable=False, server_default="0"))


@wrong("the columns task_name, id")
def columns_task_name_id(op):
    op.add_column("task", sa.Column("is_done", sa.Boolean(), nullable=False, server_default="0"))


@wrong("the rows are now []")
def rows_are_now(op):
    op.execute("DELETE FROM task")
    op.add_column(
        "task", sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.false())
    )


@wrong("the table task is gone")
def table_task_is_gone(op):
    op.drop_table("task")


@wrong("the columns task_name, id.")
def columns_task_name_id_2(op):
    op.execute("SELECT 1")


@wrong("done may be empty")
def done_may_be_empty_2(op):
    op.execute("CREATE TABLE new AS SELECT *, FALSE AS done FROM task")
    op.drop_table("task")
    op.rename_table("new", "task")


@wrong("after the upgrade, task_name has not the type and the rules it had")
def after_upgrade_task_name_has_not_type(op):
    op.execute("CREATE TABLE new (id INT, task_name TEXT, done BOOLEAN NOT NULL)")
    op.execute("INSERT INTO new SELECT id, task_name, 0 FROM task")
    op.drop_table("task")
    op.rename_table("new", "task")
