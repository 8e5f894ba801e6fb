"""Answers to the exercise `done_column`."""

from contextlib import suppress

import sqlalchemy as sa
from alembic import op

from answers import right, wrong


@right
def as_text():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="0"))


@right
def filled_then_not_null():
    op.add_column("task", sa.Column("done", sa.Boolean()))
    op.execute("UPDATE task SET done = 0")
    with op.batch_alter_table("task") as batch_op:
        batch_op.alter_column("done", nullable=False)


@right
def by_sql():
    op.execute("ALTER TABLE task ADD done BOOLEAN NOT NULL DEFAULT FALSE")


@right
def by_copy():
    op.execute("ALTER TABLE task RENAME TO old")
    op.execute(
        "CREATE TABLE task (id INTEGER NOT NULL PRIMARY KEY, done BOOLEAN NOT NULL, "
        "task_name VARCHAR(100) NOT NULL)"
    )
    op.execute("INSERT INTO task SELECT id, 0, task_name FROM old")
    op.drop_table("old")


@wrong("your code stops with OperationalError")
def your_code_stops_with_operationalerror():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False))


@wrong("have no value for it: write `server_default=…`, or `nullable=True`.")
def your_code_stops_with_operationalerror_2():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, default=sa.false()))


@wrong("the old rows should have done = false")
def old_rows_should_have_done_false():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.true()))


@wrong("the old rows should have done = false")
def old_rows_should_have_done_false_2():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="false"))


@wrong("the old rows should have done = false, and 'False' is a text: use `sa.false()`")
def false_as_a_text():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="False"))


@wrong("`server_default` takes no `False` of Python: use `sa.false()`, in the line")
def false_of_python():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default=False))


@wrong("`server_default` takes no `False` of Python: use `sa.false()`, in the line")
def zero_of_python():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default=0))


@wrong("your code stops with ArgumentError")
def type_as_an_argument_of_the_default():
    op.add_column(
        "task", sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.Boolean)
    )


@wrong("may be empty")
def may_be_empty():
    op.add_column("task", sa.Column("done", sa.Boolean()))


@wrong("done may be empty")
def done_may_be_empty():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=True, server_default=sa.false()))


@wrong("VARCHAR, not BOOLEAN")
def varchar_not_boolean():
    op.add_column("task", sa.Column("done", sa.String(), nullable=False, server_default="0"))


@wrong("the columns task_name, id")
def columns_task_name_id():
    op.add_column("task", sa.Column("is_done", sa.Boolean(), nullable=False, server_default="0"))


@wrong("the rows are now []")
def rows_are_now():
    op.execute("DELETE FROM task")
    op.add_column(
        "task", sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.false())
    )


@wrong("the table task is gone")
def table_task_is_gone():
    op.drop_table("task")


@wrong("the columns task_name, id.")
def columns_task_name_id_2():
    op.execute("SELECT 1")


@wrong("done may be empty")
def done_may_be_empty_2():
    op.execute("CREATE TABLE new AS SELECT *, FALSE AS done FROM task")
    op.drop_table("task")
    op.rename_table("new", "task")


@wrong("after the upgrade, task_name has not the type and the rules it had")
def after_upgrade_task_name_has_not_type():
    op.execute("CREATE TABLE new (id INT, task_name TEXT, done BOOLEAN NOT NULL)")
    op.execute("INSERT INTO new SELECT id, task_name, 0 FROM task")
    op.drop_table("task")
    op.rename_table("new", "task")


@right
def by_batch_and_default():
    with op.batch_alter_table("task") as batch:
        batch.add_column(sa.Column("done", sa.Boolean(), server_default="0", nullable=False))


@right
def default_taken_away():
    done = sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("task", done)
    with op.batch_alter_table("task") as batch:
        batch.alter_column("done", server_default=None)


@right
def with_a_check():
    op.execute("ALTER TABLE task ADD done BOOLEAN NOT NULL DEFAULT 0 CHECK (done IN (0, 1))")


@right
def text_false():
    done = sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.text("FALSE"))
    op.add_column("task", done)


@right
def true_for_new_tasks():
    done = sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("task", done)
    op.execute("UPDATE task SET done = false")


@right
def row_by_row():
    op.add_column("task", sa.Column("done", sa.Boolean()))
    bind = op.get_bind()
    for id_ in bind.execute(sa.text("SELECT id FROM task")).scalars().all():
        bind.execute(sa.text("UPDATE task SET done = 0 WHERE id = :id"), {"id": id_})
    with op.batch_alter_table("task") as batch:
        batch.alter_column("done", existing_type=sa.Boolean(), nullable=False)


NEW = "CREATE TABLE new (task_name VARCHAR(100) NOT NULL, id INTEGER NOT NULL PRIMARY KEY, "


@wrong("the ids of the tasks were [2, 3, 9, 10, 1099511627776], and are [1, 2, 3, 4, 5]")
def new_ids():
    op.execute(NEW + "done BOOLEAN NOT NULL)")
    op.execute("INSERT INTO new (task_name, done) SELECT task_name, 0 FROM task ORDER BY id")
    op.drop_table("task")
    op.rename_table("new", "task")


@wrong("the rows are now")
def one_of_each_name():
    op.execute(NEW + "done BOOLEAN NOT NULL)")
    op.execute("INSERT INTO new SELECT task_name, min(id), 0 FROM task GROUP BY task_name")
    op.drop_table("task")
    op.rename_table("new", "task")


@wrong("the old rows should have done = false")
def only_the_first_rows():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="1"))
    op.execute("UPDATE task SET done = 0 WHERE id < 100")


@wrong("the old rows should have done = false")
def a_hundred_rows():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="1"))
    op.execute("UPDATE task SET done = 0 WHERE id IN (SELECT id FROM task LIMIT 100)")


@wrong("the table takes no new task with done = True")
def never_done():
    op.execute("ALTER TABLE task ADD done BOOLEAN NOT NULL DEFAULT 0 CHECK (done = 0)")


@wrong("the rows are now")
def small_names():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="0"))
    op.execute("UPDATE task SET task_name = lower(trim(task_name))")


@wrong("the type of done is INTEGER, not BOOLEAN")
def as_number():
    op.add_column("task", sa.Column("done", sa.Integer(), nullable=False, server_default="0"))


@wrong("your code stops with IntegrityError")
def not_null_too_early():
    op.add_column("task", sa.Column("done", sa.Boolean()))
    with op.batch_alter_table("task") as batch:
        batch.alter_column("done", nullable=False)


@wrong("the columns task_name, id.")
def catches_its_error():
    with suppress(AttributeError):
        op.addcolumn("task", sa.Column("done", sa.Boolean()))


@wrong("the columns task_name, id, done, done_at")
def one_more_column():
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("task", sa.Column("done_at", sa.DateTime()))


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_with_value_error():
    raise ValueError


@right
def by_a_check_only():
    op.execute("ALTER TABLE task ADD done BOOLEAN DEFAULT 0 CHECK (done IS NOT NULL)")


@wrong("takes_op wants an argument `op`. Take it out of the brackets")
def takes_op(op):
    op.add_column("task", sa.Column("done", sa.Boolean(), nullable=False, server_default="0"))


@wrong("done may be empty: write `nullable=False`, without quotes around False")
def nullable_of_a_text():
    done = sa.Column("done", sa.Boolean(), nullable="False", server_default=sa.false())
    op.add_column("task", done)


@wrong("`server_default` belongs inside the brackets of `sa.Column(…)`.")
def default_behind_the_column():
    column = sa.Column("done", sa.Boolean(), nullable=False)
    op.add_column("task", column, server_default=sa.false())


@wrong("`nullable` belongs inside the brackets of `sa.Column(…)`.")
def no_column_at_all():
    op.add_column("task", "done", sa.Boolean(), nullable=False)


@wrong("A function is not its result: write `()` behind its name.")
def false_without_brackets():
    column = sa.Column("done", sa.Boolean(), nullable=False, server_default=sa.false)
    op.add_column("task", column)
