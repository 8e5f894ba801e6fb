"""Answers to the exercise `patch_test`."""

from answers import right, wrong


class NewTask:
    """A task that is made for a test, and short forms of its requests."""

    def __init__(self, client):
        body = {"task_name": "buy milk", "task_description": "two bottles"}
        self.client = client
        self.task = client.post("/task/", json=body).json()
        self.path = f"/task/{self.task['id']}"

    def get(self):
        return self.client.get(self.path).json()

    def patch(self, **body):
        return self.client.patch(self.path, json=body).json()


def check_name(one):
    task = one.get()
    one.patch(task_name="x")
    assert one.get() == {**task, "task_name": "x"}


def check_description(one):
    task = one.get()
    one.patch(task_description="y")
    assert one.get() == {**task, "task_description": "y"}


@right
def description_first(client):
    one = NewTask(client)
    check_description(one)
    check_name(one)


@right
def raises_value_error(client):
    one = NewTask(client)
    one.patch(task_name="x")
    after = one.get()
    if after["task_name"] != "x" or after["task_description"] != "two bottles":
        raise ValueError("lost")
    one.patch(task_description="y")
    after = one.get()
    assert (after["task_name"], after["task_description"]) == ("x", "y")
    assert client.delete(one.path).status_code == 204
    return True


@right
def by_answers_and_list(client):
    one = NewTask(client)
    for body in ({"task_name": "x"}, {"task_description": None}):
        before = one.get()
        assert one.patch(**body) == {**before, **body}
        everything = client.get("/task/").json()
        assert {**before, **body} in everything


@wrong("a service that changes nothing passes the test")
def service_that_changes_nothing_passes_test(client):
    NewTask(client)


@wrong("that answers with the change, and does not store it passes the test")
def that_answers_with_change_and_does_not(client):
    one = NewTask(client)
    assert one.patch(task_name="x") == {**one.task, "task_name": "x"}


@wrong("that loses the description if only a name is sent passes the test")
def that_loses_description_if_only_name_is(client):
    one = NewTask(client)
    one.patch(task_name="x")
    assert one.get()["task_name"] == "x"


@wrong("loses the name if only a description is sent passes the test")
def loses_name_if_only_description_is_sent(client):
    one = NewTask(client)
    check_name(one)


@wrong("loses the description if only a name is sent passes")
def loses_description_if_only_name_is_sent(client):
    one = NewTask(client)
    check_description(one)


@wrong("changes nothing passes the test. Giving False is not enough: use `assert`")
def changes_nothing_passes_test_giving_false_is(client):
    one = NewTask(client)
    one.patch(task_name="x")
    return one.get() == {**one.task, "task_name": "x"}


@wrong("a right service fails the test, with AssertionError")
def right_service_fails_test_with_assertionerror(client):
    one = NewTask(client)
    one.patch(task_name="x")
    assert one.get() == one.task


@wrong("a right service with old tasks fails the test, with AssertionError")
def right_service_with_old_tasks_fails_test(client):
    one = NewTask(client)
    one.path = "/task/1"
    one.patch(task_name="x")
    assert one.get() == {**one.task, "task_name": "x"}


@wrong("a right service fails the test, with AssertionError: no 200")
def right_service_fails_test_with_assertionerror_no(client):
    assert client.patch("/tasks/1", json={}).status_code == 200, "no 200"


@wrong("it asks nothing with the client that it gets")
def asks_nothing_with_client_that_gets(client):
    return True
