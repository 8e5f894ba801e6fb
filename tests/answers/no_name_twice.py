"""Answers to the exercise `no_name_twice`."""

from contextlib import suppress

import sqlalchemy as sa
from alembic import op

from answers import right, wrong

CLEAN = (
    "UPDATE task SET task_name = task_name || ' (' || id || ')' "
    "WHERE id NOT IN (SELECT min(id) FROM task GROUP BY task_name)"
)


def rule():
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint("uq_task_task_name", ["task_name"])


@right
def as_shown():
    op.execute(CLEAN)
    rule()


@right
def by_an_earlier_row():
    op.execute(
        "UPDATE task SET task_name = task_name || ' (' || id || ')' WHERE EXISTS (SELECT 1 "
        "FROM task AS first WHERE first.task_name = task.task_name AND first.id < task.id)"
    )
    rule()


@right
def row_by_row():
    bind, seen = op.get_bind(), set()
    for number, name in bind.execute(sa.text("SELECT id, task_name FROM task ORDER BY id")).all():
        if name in seen:
            change = sa.text("UPDATE task SET task_name = :name WHERE id = :id")
            bind.execute(change, {"name": f"{name} ({number})", "id": number})
        seen.add(name)
    rule()


@right
def named_by_the_convention():
    op.execute(CLEAN)
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint(None, ["task_name"])


@right
def name_of_the_draft():
    op.execute(CLEAN)
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint(batch_op.f("uq_task_task_name"), ["task_name"])


@wrong("the upgrade stops, because the name 'buy milk' is there twice: clean the rows first")
def rule_without_cleaning():
    rule()


@wrong("the upgrade stops, because the name 'buy milk' is there twice: clean the rows first")
def rule_first():
    rule()
    op.execute(CLEAN)


@wrong("a name can still be there twice")
def cleaning_without_rule():
    op.execute(CLEAN)


@wrong("after the upgrade, there is the row (2, 'buy milk (2)')")
def all_of_them():
    op.execute("UPDATE task SET task_name = task_name || ' (' || id || ')'")
    rule()


@wrong("after the upgrade, there is the row (2, 'buy milk (2)')")
def the_last_one_keeps_it():
    op.execute(CLEAN.replace("min", "max"))
    rule()


@wrong("after the upgrade, task 5 is lost")
def deletes_the_twins():
    op.execute("DELETE FROM task WHERE id NOT IN (SELECT min(id) FROM task GROUP BY task_name)")
    rule()


@wrong("after the upgrade, there is the row (5, 'buy milk(5)')")
def without_a_space():
    op.execute(CLEAN.replace("' ('", "'('"))
    rule()


@wrong("after the upgrade, there is the row (3, 'yyyy")
def cuts_names():
    op.execute(CLEAN.replace("= task_name", "= substr(task_name, 1, 80)"))
    rule()


@wrong("your code stops with NotImplementedError")
def without_batch_mode():
    op.execute(CLEAN)
    op.create_unique_constraint("uq_task_task_name", "task", ["task_name"])


@wrong("there is a unique index, uq_task_task_name, and not a constraint")
def an_index():
    op.execute(CLEAN)
    op.create_index("uq_task_task_name", "task", ["task_name"], unique=True)


@wrong("the rule has the name no_twins, and should be called uq_task_task_name")
def another_name():
    op.execute(CLEAN)
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint("no_twins", ["task_name"])


@wrong("a name can still be there twice")
def of_id_and_name():
    op.execute(CLEAN)
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint("uq_task_task_name", ["id", "task_name"])


@wrong("your code stops with IntegrityError")
def without_regard_to_case():
    op.execute(CLEAN)
    rule()
    op.execute("CREATE UNIQUE INDEX no_case ON task (task_name COLLATE NOCASE)")


@wrong("after the upgrade, there is the row (5, 'buy milk')")
def catches_its_error():
    with suppress(AttributeError):
        op.createunique("task")


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_with_value_error():
    raise ValueError


@wrong("takes_op wants an argument `op`. Take it out of the brackets")
def takes_op(op):
    op.execute(CLEAN)


@wrong("because it writes the name 'buy milk (2)' twice: use the id, in the line")
def counts_the_twins():
    op.execute(
        "UPDATE task SET task_name = task_name || ' (2)' "
        "WHERE id NOT IN (SELECT min(id) FROM task GROUP BY task_name)"
    )
    rule()


@wrong('the columns of a rule stand in a list: write `["task_name"]`, in the line')
def column_as_a_text():
    op.execute(CLEAN)
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint("uq_task_task_name", "task_name")


@wrong("a name can still be there twice: there is no rule")
def only_cleans():
    op.execute(CLEAN)


@wrong("the rule is on (id, task_name), and should be on `task_name` alone")
def rule_on_two_columns():
    op.execute(CLEAN)
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_unique_constraint("uq_task_task_name", ["id", "task_name"])
