"""Answers to the exercise `one_value_more`."""

from alembic import op

from answers import both, right, wrong

hand_in = both
WIDE, NARROW = "state IN ('open', 'done', 'late')", "state IN ('open', 'done')"


def drop(name=None):
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_constraint(name or op.f("ck_task_state"), type_="check")


def make(rule, name=None):
    with op.batch_alter_table("task") as batch_op:
        batch_op.create_check_constraint(name or op.f("ck_task_state"), rule)


def change(rule):
    with op.batch_alter_table("task") as batch_op:
        batch_op.drop_constraint(op.f("ck_task_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_task_state"), rule)


def up():
    change(WIDE)


def clean():
    op.execute("UPDATE task SET state = 'open' WHERE state = 'late'")


def down():
    clean()
    change(NARROW)


@right(then=down)
def as_shown():
    change(WIDE)


@right(then=down)
def in_two_blocks():
    drop()
    make(f"state = 'late' OR {NARROW}")


@right(then=down)
def named_by_the_convention():
    drop("state")
    make(WIDE, "state")


@right(after=up)
def cleaned_between():
    drop()
    op.execute("UPDATE task SET state = 'open' WHERE state NOT IN ('open', 'done')")
    make(NARROW)


@right(after=up)
def by_a_copy():
    op.execute(
        "CREATE TABLE new (task_name VARCHAR(100) NOT NULL, id INTEGER NOT NULL PRIMARY KEY, "
        f"state VARCHAR(10) CONSTRAINT ck_task_state CHECK ({NARROW}))"
    )
    op.execute("INSERT INTO new SELECT task_name, id, replace(state, 'late', 'open') FROM task")
    op.drop_table("task")
    op.rename_table("new", "task")


@wrong("after the upgrade, the table does not take the state 'late'", then=down)
def nothing_up():
    op.execute("SELECT 1")


@wrong("after the upgrade, the table still takes the state 'nonsense'", then=down)
def no_rule_any_more():
    drop()


@wrong("after the upgrade, the table does not take the state 'late'", then=down)
def second_rule_beside_the_first():
    make(WIDE, op.f("ck_task_states"))


@wrong("the new rule refuses states that tasks have: name all three in the rule", then=down)
def late_in_place_of_done():
    change("state IN ('open', 'late')")


@wrong("the rule has the name ck_task_ck_task_state, and should be called ck_task_state", then=down)
def made_without_f():
    drop()
    make(WIDE, "ck_task_state")


@wrong('no rule is called ck_task_ck_task_state: write op.f("ck_task_state")', then=down)
def dropped_without_f():
    drop("ck_task_state")
    make(WIDE)


@wrong('no rule is called ck_task_ck_task_state: write op.f("ck_task_state")', after=up)
def dropped_without_f_in_the_downgrade():
    clean()
    drop("ck_task_state")
    make(NARROW)


@wrong("your code stops with NotImplementedError", then=down)
def without_batch_mode():
    op.drop_constraint(op.f("ck_task_state"), "task", type_="check")
    op.create_check_constraint(op.f("ck_task_state"), "task", WIDE)


@wrong("the downgrade stops, because a task is late: change such rows first", after=up)
def rule_only():
    change(NARROW)


@wrong("the downgrade stops, because a task is late: change such rows first", after=up)
def rule_first():
    change(NARROW)
    clean()


@wrong("after the downgrade, the table still takes the state 'late'", after=up)
def cleaned_only():
    clean()


@wrong("after the downgrade, the table still takes the state 'late'", after=up)
def rule_forgotten():
    drop()
    clean()


@wrong("after the downgrade, there is the row (9, 'done'), and it should be (9, 'open')", after=up)
def late_becomes_done():
    op.execute("UPDATE task SET state = 'done' WHERE state = 'late'")
    change(NARROW)


@wrong("after the downgrade, task 9 is lost", after=up)
def late_tasks_deleted():
    op.execute("DELETE FROM task WHERE state = 'late'")
    change(NARROW)


@wrong("after the downgrade, there is the row", after=up)
def all_become_open():
    op.execute("UPDATE task SET state = 'open'")
    change(NARROW)


@wrong("your code stops with ValueError, in the line `raise ValueError`", then=down)
def stops_with_value_error():
    raise ValueError


@wrong("the new rule refuses states that tasks have: name all three in the rule", then=down)
def only_the_new_state():
    change("state IN ('late')")


@wrong("the new rule refuses states that tasks have: name all three in the rule", then=down)
def all_in_one_pair_of_quotes():
    change("state IN ('open, done, late')")


@wrong("a state without quotes is taken for a column: write `'open'`, in the line", then=down)
def without_quotes():
    change("state IN (open, done, late)")


@wrong("after the upgrade, the table does not take the state None", then=down)
def no_null_any_more():
    change(f"state IS NOT NULL AND {WIDE}")
