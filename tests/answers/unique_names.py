"""Answers to the exercise `unique_names`."""

from contextlib import suppress

from alembic import op
from sqlalchemy import text

from answers import both, right, wrong

hand_in = both

OTHERS = "id NOT IN (SELECT min(id) FROM task GROUP BY task_name)"


def add_rule():
    with op.batch_alter_table("task") as batch:
        batch.create_unique_constraint("uq_task_task_name", ["task_name"])


def renumber():
    op.execute(f"UPDATE task SET task_name = task_name || id WHERE {OTHERS}")


def up():
    renumber()
    add_rule()


def down():
    with op.batch_alter_table("task") as batch:
        batch.drop_constraint("uq_task_task_name", type_="unique")


@right
class ByIndex:
    @staticmethod
    def upgrade():
        renumber()
        op.create_index("names", "task", ["task_name"], unique=True)

    @staticmethod
    def downgrade():
        op.drop_index("names", "task")


@right(then=down)
def in_python():
    seen = set()
    rows = op.get_bind().execute(text("SELECT id, task_name FROM task ORDER BY id"))
    for number, name in rows.all():
        new = name
        while new in seen:
            new += " again"
        seen.add(new)
        query = text("UPDATE task SET task_name = :new WHERE id = :id")
        op.get_bind().execute(query, {"new": new, "id": number})
    add_rule()


@right
class ByCopy:
    @staticmethod
    def upgrade():
        renumber()
        op.execute(
            "CREATE TABLE new "
            "(task_name VARCHAR(100) NOT NULL UNIQUE, id INTEGER NOT NULL PRIMARY KEY)"
        )
        op.execute("INSERT INTO new SELECT task_name, id FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")

    @staticmethod
    def downgrade():
        op.execute(
            "CREATE TABLE new (task_name VARCHAR(100) NOT NULL, id INTEGER NOT NULL PRIMARY KEY)"
        )
        op.execute("INSERT INTO new SELECT task_name, id FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")


@wrong("because two tasks still have one name", then=down)
def because_two_tasks_still_have_one_name():
    add_rule()


@wrong("because two tasks still have one name", then=down)
def because_two_tasks_still_have_one_name_2():
    op.execute(f"UPDATE task SET task_name = task_name || 2 WHERE {OTHERS}")
    add_rule()


@wrong("task 4 is lost: give it another name instead", then=down)
def task_3_is_lost_give_another_name():
    op.execute(f"DELETE FROM task WHERE {OTHERS}")
    add_rule()


@wrong("task 1 should stay 'buy milk', and is 'buy milk1'", then=down)
def task_1_should_stay_buy_milk_and():
    op.execute("UPDATE task SET task_name = task_name || id")
    add_rule()


@wrong("task 1 should stay 'buy milk', and is 'buy milk1'", then=down)
def task_1_should_stay_buy_milk_and_2():
    op.execute(
        "UPDATE task SET task_name = task_name || id "
        "WHERE id NOT IN (SELECT max(id) FROM task GROUP BY task_name)"
    )
    add_rule()


@wrong("the name of task 4 was 'buy milk', and is '4'", then=down)
def name_of_task_3_was_buy_milk():
    op.execute(f"UPDATE task SET task_name = id WHERE {OTHERS}")
    add_rule()


@wrong("the table still takes a name twice")
class TableStillTakesNameTwice:
    @staticmethod
    def upgrade():
        renumber()

    @staticmethod
    def downgrade():
        pass


@wrong("two tasks have one name")
class TwoTasksHaveOneName:
    @staticmethod
    def upgrade():
        op.execute(f"UPDATE task SET task_name = task_name || 2 WHERE {OTHERS}")

    @staticmethod
    def downgrade():
        pass


@wrong("the table still takes a name twice")
class TableStillTakesNameTwice2:
    @staticmethod
    def upgrade():
        renumber()
        op.create_index("names", "task", ["task_name"])

    @staticmethod
    def downgrade():
        pass


@wrong("after the downgrade, the rule is still there", after=up)
def after_downgrade_rule_is_still_there():
    pass


@wrong("after the downgrade, the tasks are 1, 2, 4.", after=up)
def after_downgrade_tasks_are_1_2_3():
    down()
    op.execute(f"DELETE FROM task WHERE {OTHERS} OR id > 4")


@wrong("after the downgrade, the table task is gone", after=up)
def after_downgrade_table_task_is_gone():
    op.drop_table("task")


@wrong("after the upgrade, task_name has not the type and the rules it had")
class AfterUpgradeTaskNameHasNotType:
    @staticmethod
    def upgrade():
        renumber()
        op.execute("CREATE TABLE new AS SELECT * FROM task")
        op.drop_table("task")
        op.rename_table("new", "task")

    @staticmethod
    def downgrade():
        pass


@wrong("stops with NotImplementedError: No support for ALTER of constraints in SQLite", then=down)
def stops_with_notimplementederror_no_support_for_alter():
    renumber()
    op.create_unique_constraint("uq_task_task_name", "task", ["task_name"])


@wrong("your code stops with ValueError: Constraint must have a name", then=down)
def your_code_stops_with_valueerror_constraint_must():
    renumber()
    with op.batch_alter_table("task") as batch:
        batch.create_unique_constraint(None, ["task_name"])


@wrong("two tasks have one name", then=down)
def two_tasks_have_one_name_2():
    pass


@right(then=down)
def numbered_by_a_window():
    op.execute(
        "WITH n AS (SELECT id, row_number() OVER (PARTITION BY task_name ORDER BY id) AS place "
        "FROM task) UPDATE task SET task_name = task_name || ' #' || n.place "
        "FROM n WHERE n.id = task.id AND n.place > 1"
    )
    add_rule()


@right(then=down)
def by_exists():
    op.execute(
        "UPDATE task SET task_name = task_name || ' (' || id || ')' WHERE EXISTS "
        "(SELECT 1 FROM task AS o WHERE o.task_name = task.task_name AND o.id < task.id)"
    )
    add_rule()


@right(then=down)
def rule_of_another_name():
    renumber()
    with op.batch_alter_table("task", recreate="always") as batch:
        batch.create_unique_constraint("uq_task_task_name", ["task_name"])


@right
class ByRawIndex:
    @staticmethod
    def upgrade():
        renumber()
        op.execute("CREATE UNIQUE INDEX one_name ON task (task_name)")

    @staticmethod
    def downgrade():
        op.execute("DROP INDEX IF EXISTS one_name")


@right
class ByTwoTriggers:
    @staticmethod
    def upgrade():
        renumber()
        for event in ("INSERT", "UPDATE OF task_name"):
            op.execute(
                f"CREATE TRIGGER twin_{event[:6]} BEFORE {event} ON task WHEN EXISTS (SELECT 1 "
                "FROM task WHERE task_name = NEW.task_name) BEGIN SELECT RAISE(ABORT, 'twin'); END"
            )

    @staticmethod
    def downgrade():
        op.execute("DROP TRIGGER twin_INSERT")
        op.execute("DROP TRIGGER twin_UPDATE")


@wrong("after the downgrade, there is the row (4, 'buy milk'), and it should be", after=up)
def gives_the_old_names_back():
    down()
    op.execute(
        "UPDATE task SET task_name = substr(task_name, 1, length(task_name) - length(id)) "
        "WHERE task_name LIKE '%' || id"
    )


@wrong("after the downgrade, there is the row (5, 'buy milk'), and it should be", after=up)
def lower_names_after():
    down()
    op.execute("UPDATE task SET task_name = lower(task_name)")


@wrong("after the downgrade, the tasks are", after=up)
def new_ids_after():
    down()
    op.execute("UPDATE task SET id = id + 1000 WHERE id > 40")


@wrong("the database refuses the rule, although no two tasks have one name", then=down)
def no_capitals():
    renumber()
    op.execute("CREATE UNIQUE INDEX names ON task (lower(task_name))")


@wrong("task 5 should stay 'Buy Milk', and is 'Buy Milk5'", then=down)
def also_other_capitals():
    op.execute(
        "UPDATE task SET task_name = task_name || id "
        "WHERE id NOT IN (SELECT min(id) FROM task GROUP BY lower(task_name))"
    )
    add_rule()


@wrong("task 13 should stay ' sleep', and is ' sleep13'", then=down)
def also_other_spaces():
    op.execute(
        "UPDATE task SET task_name = task_name || id "
        "WHERE id NOT IN (SELECT min(id) FROM task GROUP BY trim(task_name))"
    )
    add_rule()


@wrong("after the upgrade, a task can still get the name of another one")
class ForNewTasksOnly:
    @staticmethod
    def upgrade():
        renumber()
        op.execute(
            "CREATE TRIGGER twin BEFORE INSERT ON task WHEN EXISTS (SELECT 1 FROM task "
            "WHERE task_name = NEW.task_name) BEGIN SELECT RAISE(ABORT, 'twin'); END"
        )

    @staticmethod
    def downgrade():
        op.execute("DROP TRIGGER twin")


@wrong("after the upgrade, the table still takes a name twice.", then=down)
def for_some_rows_only():
    renumber()
    op.execute("CREATE UNIQUE INDEX names ON task (task_name) WHERE id < 30")


@wrong("the name of task 4 was 'buy milk', and is '4 buy milk'", then=down)
def before_the_name():
    op.execute(f"UPDATE task SET task_name = id || ' ' || task_name WHERE {OTHERS}")
    add_rule()


@wrong("because two tasks still have one name ('buy milk", then=down)
def only_the_second_one():
    op.execute("UPDATE task SET task_name = task_name || ' 2' WHERE id = 4")
    add_rule()


@wrong("two tasks have one name", then=down)
def catches_its_error():
    with suppress(Exception):
        add_rule()


@wrong("after the upgrade, there are 13 tasks, not 12", then=down)
def adds_a_task():
    renumber()
    add_rule()
    op.execute("INSERT INTO task (task_name) VALUES ('one more')")


@wrong("because two tasks still have one name", then=down)
def stops_at_the_rule():
    add_rule()


@wrong("after the upgrade, the table still takes a name twice", then=down)
def all_but_one_name():
    renumber()
    op.execute("CREATE UNIQUE INDEX names ON task (task_name) WHERE task_name <> 'call home'")


@wrong("after the upgrade, the table still takes a name twice", then=down)
def old_names_only():
    renumber()
    op.execute("CREATE UNIQUE INDEX names ON task (task_name) WHERE task_name < 'n' OR id < 40")


@wrong("after the upgrade, the table does not take the new name 'new'", then=down)
def no_new_tasks():
    up()
    op.execute("CREATE TRIGGER no BEFORE INSERT ON task BEGIN SELECT RAISE(ABORT, 'no'); END")


@wrong("in a revision, `op` is imported, and not handed in", after=up)
def takes_op(op):
    down()


def rule_on(*columns):
    with op.batch_alter_table("task") as batch:
        batch.create_unique_constraint("uq_task_task_name", list(columns))


@wrong("`task_name`. Alembic leaves out a rule for a column that is not", then=lambda: None)
def copies_the_column():
    renumber()
    rule_on("name")


@wrong("the rule is on (id), and should be on `task_name` alone", then=down)
def another_column():
    renumber()
    rule_on("id")


@wrong("the rule is on (task_name, id), and should be on `task_name` alone", then=down)
def two_columns():
    renumber()
    rule_on("task_name", "id")


@wrong("the rule is on (id) and (task_name, id), and should be", then=down)
def two_rules():
    two_columns.written()
    op.create_index("ix_task_id", "task", ["id"], unique=True)


@wrong('the columns of a rule stand in a list: write `["task_name"]`, in the line')
class ColumnAsAText:
    def upgrade():
        renumber()
        with op.batch_alter_table("task") as batch:
            batch.create_unique_constraint("uq_task_task_name", "task_name")

    downgrade = down


@wrong("And does it stay? `drop_constraint` is not for the upgrade.", then=lambda: None)
def takes_the_rule_away_at_once():
    up()
    down()


@wrong("`unique` belongs inside the brackets of `sa.Column(…)`: a rule of its own needs none.")
class UniqueTwice:
    def upgrade():
        renumber()
        with op.batch_alter_table("task") as batch:
            batch.create_unique_constraint("uq_task_task_name", ["task_name"], unique=True)

    downgrade = down


@wrong("there is an index on the names, which only finds them faster: it needs `unique=True`.")
class AnIndexThatAllowsTwins:
    def upgrade():
        renumber()
        op.create_index("ix_task_task_name", "task", ["task_name"])

    def downgrade():
        op.drop_index("ix_task_task_name")
