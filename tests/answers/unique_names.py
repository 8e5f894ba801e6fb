"""Answers to the exercise `unique_names`."""

from sqlalchemy import text

from answers import both, right, wrong

hand_in = both

OTHERS = "id NOT IN (SELECT min(id) FROM task GROUP BY task_name)"


def add_rule(op):
    with op.batch_alter_table("task") as batch:
        batch.create_unique_constraint("uq_task_task_name", ["task_name"])


def renumber(op):
    op.execute(f"UPDATE task SET task_name = task_name || id WHERE {OTHERS}")


def up(op):
    renumber(op)
    add_rule(op)


def down(op):
    with op.batch_alter_table("task") as batch:
        batch.drop_constraint("uq_task_task_name", type_="unique")


@right
class ByIndex:
    @staticmethod
    def upgrade(op):
        renumber(op)
        op.create_index("names", "task", ["task_name"], unique=True)

    @staticmethod
    def downgrade(op):
        op.drop_index("names", "task")


@right(then=down)
def in_python(op):
    seen = set()
    rows = op.get_bind().execute(text("SELECT id, task_name FROM task ORDER BY id"))
    for number, name in rows.all():
        new = name
        while new in seen:
            new += " again"
        seen.add(new)
        query = text("UPDATE task SET task_name = :new WHERE id = :id")
        op.get_bind().execute(query, {"new": new, "id": number})
    add_rule(op)


@right
class ByCopy:
    @staticmethod
    def upgrade(op):
        renumber(op)
        op.execute(
            "CREATE TABLE new "
            "(task_name VARCHAR(100) NOT NULL UNIQUE, id INTEGER NOT NULL PRIMARY KEY)"
        )
        op.execute("INSERT INTO new SELECT task_name, id FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")

    @staticmethod
    def downgrade(op):
        op.execute(
            "CREATE TABLE new (task_name VARCHAR(100) NOT NULL, id INTEGER NOT NULL PRIMARY KEY)"
        )
        op.execute("INSERT INTO new SELECT task_name, id FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")


@wrong("because two tasks still have one name", then=down)
def because_two_tasks_still_have_one_name(op):
    add_rule(op)


@wrong("because two tasks still have one name", then=down)
def because_two_tasks_still_have_one_name_2(op):
    op.execute(f"UPDATE task SET task_name = task_name || 2 WHERE {OTHERS}")
    add_rule(op)


@wrong("task 3 is lost: give it another name instead", then=down)
def task_3_is_lost_give_another_name(op):
    op.execute(f"DELETE FROM task WHERE {OTHERS}")
    add_rule(op)


@wrong("task 1 should stay 'buy milk', and is 'buy milk1'", then=down)
def task_1_should_stay_buy_milk_and(op):
    op.execute("UPDATE task SET task_name = task_name || id")
    add_rule(op)


@wrong("task 1 should stay 'buy milk', and is 'buy milk1'", then=down)
def task_1_should_stay_buy_milk_and_2(op):
    op.execute(
        "UPDATE task SET task_name = task_name || id "
        "WHERE id NOT IN (SELECT max(id) FROM task GROUP BY task_name)"
    )
    add_rule(op)


@wrong("the name of task 3 was 'buy milk', and is '3'", then=down)
def name_of_task_3_was_buy_milk(op):
    op.execute(f"UPDATE task SET task_name = id WHERE {OTHERS}")
    add_rule(op)


@wrong("the table still takes a name twice")
class TableStillTakesNameTwice:
    @staticmethod
    def upgrade(op):
        renumber(op)

    @staticmethod
    def downgrade(op):
        pass


@wrong("two tasks have one name")
class TwoTasksHaveOneName:
    @staticmethod
    def upgrade(op):
        op.execute(f"UPDATE task SET task_name = task_name || 2 WHERE {OTHERS}")

    @staticmethod
    def downgrade(op):
        pass


@wrong("the table still takes a name twice")
class TableStillTakesNameTwice2:
    @staticmethod
    def upgrade(op):
        renumber(op)
        op.create_index("names", "task", ["task_name"])

    @staticmethod
    def downgrade(op):
        pass


@wrong("after the downgrade, the rule is still there", after=up)
def after_downgrade_rule_is_still_there(op):
    pass


@wrong("after the downgrade, the tasks are 1, 2, 3, 4", after=up)
def after_downgrade_tasks_are_1_2_3(op):
    down(op)
    op.execute(f"DELETE FROM task WHERE {OTHERS} OR id > 4")


@wrong("after the downgrade, the table task is gone", after=up)
def after_downgrade_table_task_is_gone(op):
    op.drop_table("task")


@wrong("after the upgrade, task_name has not the type and the rules it had")
class AfterUpgradeTaskNameHasNotType:
    @staticmethod
    def upgrade(op):
        renumber(op)
        op.execute("CREATE TABLE new AS SELECT * FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")

    @staticmethod
    def downgrade(op):
        pass


@wrong("stops with NotImplementedError: No support for ALTER of constraints in SQLite", then=down)
def stops_with_notimplementederror_no_support_for_alter(op):
    renumber(op)
    op.create_unique_constraint("uq_task_task_name", "task", ["task_name"])


@wrong("your code stops with ValueError: Constraint must have a name", then=down)
def your_code_stops_with_valueerror_constraint_must(op):
    renumber(op)
    with op.batch_alter_table("task") as batch:
        batch.create_unique_constraint(None, ["task_name"])


@wrong("two tasks have one name", then=down)
def two_tasks_have_one_name_2(op):
    pass
