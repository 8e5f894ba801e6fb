"""Answers to the exercise `split_names`."""

from contextlib import suppress

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

from answers import both, right, wrong

hand_in = both


def add_priority():
    op.add_column("task", sa.Column("priority", sa.String()))


def split():
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = substr(task_name, 9) "
        "WHERE substr(task_name, 1, 8) = 'urgent: '"
    )


def join():
    op.execute("UPDATE task SET task_name = 'urgent: ' || task_name WHERE priority = 'urgent'")


def drop_priority():
    op.drop_column("task", "priority")


def up():
    add_priority()
    split()


def down():
    join()
    drop_priority()


@right
class ByBatch:
    @staticmethod
    def upgrade():
        with op.batch_alter_table("task") as batch:
            batch.add_column(sa.Column("priority", sa.Text()))
        split()

    @staticmethod
    def downgrade():
        join()
        with op.batch_alter_table("task") as batch:
            batch.drop_column("priority")


@right
class InPython:
    @staticmethod
    def upgrade():
        add_priority()
        bind = op.get_bind()
        for number, name in bind.execute(text("SELECT id, task_name FROM task")).all():
            if name.startswith("urgent: "):
                query = text("UPDATE task SET task_name = :new, priority = 'urgent' WHERE id = :id")
                bind.execute(query, {"id": number, "new": name[8:]})

    @staticmethod
    def downgrade():
        op.execute("UPDATE task SET task_name = coalesce(priority || ': ', '') || task_name")
        drop_priority()


@wrong(
    "the row (1, 'urgent: buy milk', None), and it should be (1, 'buy milk', 'urgent')", then=down
)
def row_1_urgent_buy_milk_none_and():
    add_priority()


@wrong("and it should be (3, 'urgent: sleep', 'urgent')", then=down)
def and_should_be_3_urgent_sleep_urgent():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = replace(task_name, 'urgent: ', '') "
        "WHERE task_name LIKE '%urgent: %'"
    )


@wrong("there is the row (1, ' buy milk', 'urgent')", then=down)
def there_is_row_1_buy_milk_urgent():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = substr(task_name, 8) "
        "WHERE substr(task_name, 1, 8) = 'urgent: '"
    )


@wrong("there is the row (2, 'e', 'urgent')", then=down)
def there_is_row_2_e_urgent():
    add_priority()
    op.execute("UPDATE task SET priority = 'urgent', task_name = substr(task_name, 9)")


@wrong("there is the row (2, 'call home', ''), and it should be (2, 'call home', None)")
class ThereIsRow2CallHomeAnd:
    @staticmethod
    def upgrade():
        op.add_column("task", sa.Column("priority", sa.String(), server_default=""))
        split()

    @staticmethod
    def downgrade():
        join()


@wrong("there is the row (5, 'tea', 'urgent')", then=down)
def there_is_row_5_tea_urgent():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = substr(task_name, 9) "
        "WHERE task_name LIKE 'urgent: %'"
    )


@wrong("your code stops with OperationalError")
class YourCodeStopsWithOperationalerror:
    @staticmethod
    def upgrade():
        split()

    @staticmethod
    def downgrade():
        join()


@wrong("the table task has the columns task_name, id, prio")
class TableTaskHasColumnsTaskNameId:
    @staticmethod
    def upgrade():
        op.add_column("task", sa.Column("prio", sa.String()))
        op.execute(
            "UPDATE task SET prio = 'urgent', task_name = substr(task_name, 9) "
            "WHERE substr(task_name, 1, 8) = 'urgent: '"
        )

    @staticmethod
    def downgrade():
        drop_priority()


@wrong("after the downgrade, there is the row (1, 'buy bread')", after=up)
def after_downgrade_there_is_row_1_buy():
    drop_priority()


@wrong("after the downgrade, the table task has the columns task_name, id, priority", after=up)
def after_downgrade_table_task_has_columns_task():
    join()


@wrong("after the downgrade, the table task has", after=up)
def after_downgrade_table_task_has():
    pass


@wrong("your code stops with OperationalError", after=up)
def your_code_stops_with_operationalerror_2():
    drop_priority()
    join()


@wrong(
    "there is the row (3, 'urgent: urgent: sleep'), and it should be (3, 'urgent: sleep')", after=up
)
def there_is_row_2_urgent_call_home():
    op.execute("UPDATE task SET task_name = 'urgent: ' || task_name -- 'urgent'")
    drop_priority()


@wrong("a text || NULL is NULL", after=up)
def text_null_is_null():
    op.execute("UPDATE task SET task_name = priority || ': ' || task_name")


@wrong("it should be (7, 'urgent: new')", after=up)
def should_be_7_urgent_new():
    op.execute(
        "UPDATE task SET task_name = 'urgent: ' || task_name WHERE priority = 'urgent' AND id < 5"
    )
    drop_priority()


@wrong("after the downgrade, task 4 is lost", after=up)
def after_downgrade_task_4_is_lost():
    op.execute("DELETE FROM task WHERE id = 4")
    join()
    drop_priority()


@wrong("the columns task_name, id.", then=down)
def columns_task_name_id():
    pass


@wrong("the table task is gone")
class TableTaskIsGone:
    @staticmethod
    def upgrade():
        op.drop_table("task")

    @staticmethod
    def downgrade():
        pass


@wrong("after the upgrade, task_name has not the type and the rules it had")
class AfterUpgradeTaskNameHasNotType:
    @staticmethod
    def upgrade():
        op.execute("CREATE TABLE new AS SELECT *, CAST(NULL AS TEXT) AS priority FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")
        split()

    @staticmethod
    def downgrade():
        pass


@wrong("after the downgrade, there are 19 tasks, not 18", after=up)
def after_downgrade_there_are_8_tasks_not():
    join()
    drop_priority()
    op.execute("INSERT INTO task VALUES ('more', 8)")


@right(then=down)
def by_glob():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = substr(task_name, length('urgent: ') + 1)"
        " WHERE task_name GLOB 'urgent: *'"
    )


@right(then=down)
def by_instr():
    op.add_column("task", sa.Column("priority", sa.VARCHAR(6), nullable=True))
    op.execute("UPDATE task SET priority = 'urgent' WHERE instr(task_name, 'urgent: ') = 1")
    op.execute("UPDATE task SET task_name = substr(task_name, 9) WHERE priority IS NOT NULL")


@right(after=up)
def by_case():
    op.execute(
        "UPDATE task SET task_name = CASE WHEN priority = 'urgent' THEN 'urgent: ' ELSE '' END "
        "|| task_name"
    )
    drop_priority()


@right(after=up)
def down_in_python():
    bind = op.get_bind()
    rows = bind.execute(text("SELECT id, task_name, priority FROM task")).all()
    for number, name, priority in rows:
        if priority:
            query = text("UPDATE task SET task_name = :name WHERE id = :id")
            bind.execute(query, {"id": number, "name": f"{priority}: {name}"})
    with op.batch_alter_table("task") as batch:
        batch.drop_column("priority")


@right(after=up)
def by_is_not_null():
    op.execute("UPDATE task SET task_name = 'urgent: ' || task_name WHERE priority IS NOT NULL")
    op.execute("ALTER TABLE task DROP COLUMN priority")


@right(then=down)
def by_enum():
    op.add_column("task", sa.Column("priority", sa.Enum("urgent", name="priority")))
    split()


@wrong("there is the row (12, 'two spaces, and one behind ', 'urgent')", then=down)
def without_all_spaces():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = ltrim(substr(task_name, 9)) "
        "WHERE substr(task_name, 1, 8) = 'urgent: '"
    )


@wrong("there is the row (12, ' two spaces, and one behind', 'urgent')", then=down)
def without_the_spaces_behind():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = rtrim(substr(task_name, 9)) "
        "WHERE substr(task_name, 1, 8) = 'urgent: '"
    )


@wrong("there is the row (6, 'ow', 'urgent')", then=down)
def without_the_space():
    add_priority()
    op.execute(
        "UPDATE task SET priority = 'urgent', task_name = substr(task_name, 9) "
        "WHERE substr(task_name, 1, 7) = 'urgent:'"
    )


@wrong("there is the row (13, ' urgent: a space before', 'urgent')", then=down)
def also_after_a_space():
    split_before = "UPDATE task SET priority = 'urgent' WHERE ltrim(task_name) GLOB 'urgent: *'"
    add_priority()
    op.execute(split_before)
    op.execute("UPDATE task SET task_name = substr(task_name, 9) WHERE task_name GLOB 'urgent: *'")


@wrong("and it should be", then=down)
def only_the_first_row():
    add_priority()
    op.execute("UPDATE task SET priority = 'urgent', task_name = 'buy milk' WHERE id = 1")


@wrong("the type of priority is BOOLEAN, and it holds a text", then=down)
def as_boolean():
    op.add_column("task", sa.Column("priority", sa.Boolean()))
    split()


@wrong("priority may not be empty", then=down)
def never_empty():
    op.add_column("task", sa.Column("priority", sa.String(), nullable=False, server_default=""))
    split()


@wrong("there is the row (2, 'call home', 'normal')", then=down)
def normal():
    up()
    op.execute("UPDATE task SET priority = 'normal' WHERE priority IS NULL")


@wrong("there is the row (2, 'call home'), and it should be (2, 'urgent: call home')", after=up)
def only_the_old_rows():
    op.execute("UPDATE task SET task_name = 'urgent: ' || task_name WHERE id IN (1, 3, 9, 12, 40)")
    drop_priority()


@wrong(
    "there is the row (50, 'urgent: New'), and it should be (50, 'urgent: urgent: New')", after=up
)
def not_twice():
    op.execute(
        "UPDATE task SET task_name = 'urgent: ' || task_name "
        "WHERE priority = 'urgent' AND substr(task_name, 1, 8) <> 'urgent: '"
    )
    drop_priority()


@wrong("after the downgrade, there is the row (1, 'urgent:buy bread')", after=up)
def without_a_space_back():
    op.execute("UPDATE task SET task_name = 'urgent:' || task_name WHERE priority = 'urgent'")
    drop_priority()


@wrong("after the downgrade, task 51 is lost", after=up)
def only_urgent_ones():
    join()
    op.execute("DELETE FROM task WHERE priority IS NULL AND id > 50 AND id < 60")
    drop_priority()


@wrong("the columns task_name, id.", then=down)
def catches_its_error():
    with suppress(AttributeError):
        op.addcolumn("task", sa.Column("priority", sa.String()))


@wrong("your code stops with ValueError, in the line `raise ValueError`", after=up)
def stops_in_the_downgrade():
    raise ValueError


@wrong("after the downgrade, there is the row (52, 'urgent: new, too')", then=down)
def urgent_by_default():
    op.add_column("task", sa.Column("priority", sa.String(), server_default="urgent"))
    op.execute("UPDATE task SET priority = NULL")
    split()


@wrong("takes_op wants an argument `op`. Take it out of the brackets", after=up)
def takes_op(op):
    op.drop_column("task", "priority")
