"""Answers to the exercise `patch_test`."""

import unittest
from contextlib import suppress

import pytest

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


@right
def knows_the_422(client):
    one = NewTask(client)
    for body in ({"colour": "red"}, {"task_name": None}):
        assert client.patch(one.path, json=body).status_code == 422, body
        assert one.get() == one.task
    check_name(one)
    check_description(one)


@right
def knows_the_ids(client):
    one = NewTask(client)
    assert client.patch("/task/0", json={"task_name": "x"}).status_code == 422
    assert client.patch("/task/999", json={"task_name": "x"}).status_code == 404
    check_name(one)
    check_description(one)


@right
def through_the_pages(client):
    one = NewTask(client)

    def find():
        after = 0
        while page := client.get("/task/", params={"after": after, "limit": 2}).json():
            for task in page:
                if task["id"] == one.task["id"]:
                    return task
            after = page[-1]["id"]
        raise AssertionError("the task is not in the list")

    one.patch(task_name="x")
    assert find() == {**one.task, "task_name": "x"}
    one.patch(task_description="y")
    assert find() == {**one.task, "task_name": "x", "task_description": "y"}


@right
def many_changes(client):
    one = NewTask(client)
    wanted = dict(one.task)
    for body in (
        {"task_name": "x"},
        {"task_description": "y"},
        {},
        {"task_description": None},
        {"task_name": "é" * 100},
        {"task_name": "both", "task_description": "z" * 1000},
    ):
        answer = client.patch(one.path, json=body)
        wanted.update(body)
        assert (answer.status_code, answer.json(), one.get()) == (200, wanted, wanted)


@right
def two_tasks(client):
    first, second = NewTask(client), NewTask(client)
    check_name(first)
    check_description(second)
    assert second.get() != first.get()
    assert client.delete(first.path).status_code == 204
    assert client.patch(first.path, json={"task_name": "x"}).status_code == 404


@right
def by_pytest(client):
    one = NewTask(client)
    one.patch(task_name="x")
    if one.get() != {**one.task, "task_name": "x"}:
        pytest.fail("the name")
    one.patch(task_description="y")
    if one.get() != {**one.task, "task_name": "x", "task_description": "y"}:
        pytest.fail("the description")


@right
def by_unittest(client):
    one, case = NewTask(client), unittest.TestCase()
    one.patch(task_description="y")
    case.assertEqual(one.get(), {**one.task, "task_description": "y"})
    one.patch(task_name="x")
    case.assertDictEqual(one.get(), {**one.task, "task_description": "y", "task_name": "x"})


@wrong("that answers with a new name, and does not store it passes the test")
def only_looks_at_the_description(client):
    one = NewTask(client)
    one.patch(task_name="x")
    assert one.get()["task_description"] == "two bottles"
    before = one.get()
    one.patch(task_description="y")
    assert one.get() == {**before, "task_description": "y"}


@wrong("that loses the name if only a description is sent passes the test")
def a_name_is_enough(client):
    one = NewTask(client)
    check_name(one)
    one.patch(task_description="y")
    assert one.get()["task_name"]
    assert one.get()["task_description"] == "y"


@wrong("that answers with a new description, and does not store it passes the test")
def does_not_look_for_the_new_description(client):
    one = NewTask(client)
    check_name(one)
    one.patch(task_description="y")
    assert one.patch(task_description="z")["task_name"] == "x"
    assert one.get()["task_name"] == "x"


@wrong("that changes the description if only a name is sent passes the test")
def any_description(client):
    one = NewTask(client)
    one.patch(task_name="x")
    assert one.get()["task_name"] == "x"
    assert one.get()["task_description"] is not None
    check_description(one)


@wrong("that stores another name than it was sent passes the test")
def any_other_name(client):
    one = NewTask(client)
    one.patch(task_name="x")
    assert one.get()["task_name"] != "buy milk"
    assert one.get()["task_description"] == "two bottles"
    check_description(one)


@wrong("that loses the description in the database, and answers with it passes the test")
def name_by_the_answer(client):
    one = NewTask(client)
    assert one.patch(task_name="x") == {**one.task, "task_name": "x"}
    assert one.get()["task_name"] == "x"
    check_description(one)


@wrong("that answers with the change, and does not store it passes the test")
def never_reads(client):
    one = NewTask(client)
    assert one.patch(task_name="x") == {**one.task, "task_name": "x"}
    after = one.patch(task_description="y")
    assert after["task_description"] == "y"


@wrong("that loses the description if only a name is sent passes the test")
def both_at_once(client):
    one = NewTask(client)
    one.patch(task_name="x", task_description="y")
    assert one.get() == {**one.task, "task_name": "x", "task_description": "y"}


@wrong("a service that changes nothing passes the test")
def only_the_status(client):
    one = NewTask(client)
    assert client.patch(one.path, json={"task_name": "x"}).status_code == 200


@wrong("a service that changes nothing passes the test")
def catches_the_assert(client):
    one = NewTask(client)
    with suppress(AssertionError):
        check_name(one)
        check_description(one)


@wrong("in the line `assert len(client.get(")
def only_task(client):
    one = NewTask(client)
    check_name(one)
    check_description(one)
    assert len(client.get("/task/").json()) == 1


@wrong('in the line `assert one.get() == {**one.task, "task_description": "y"}`')
def old_name_again(client):
    one = NewTask(client)
    check_name(one)
    one.patch(task_description="y")
    assert one.get() == {**one.task, "task_description": "y"}


@wrong("it asks nothing with the client that it gets")
def catches_its_error(client):
    with suppress(AttributeError):
        client.pach("/task/1")


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_with_value_error(client):
    raise ValueError


@wrong("that loses the description if only a name is sent passes the test")
def name_in_the_first_page(client):
    for number in range(8):
        one = NewTask(client)
        one.patch(task_name=f"x {number}")
        assert f"x {number}" in [task["task_name"] for task in client.get("/task/").json()]


@right
def knows_bad_requests(client):
    one = NewTask(client)
    assert client.get("/ping").json() == {"ping": "pong!"}
    assert client.get("/task/", params={"limit": 101}).status_code == 422
    assert client.put(one.path, json=one.task).status_code == 405
    assert client.patch(one.path, content="{").status_code in (400, 422)
    assert client.patch(one.path, json={"task_description": "x" * 20_000}).status_code == 413
    check_name(one)
    check_description(one)


@wrong("with a right service, the test sends more than 1000 requests, and goes on, in the line")
def waits_for_ever(client):
    while client.get("/ping").is_success:
        pass


@wrong("a call still runs after 0.3 s, in the line `while True:` (line ")
def never_ends_with_any_service(client):
    client.get("/ping")
    while True:
        pass


@wrong("a service that loses the name if only a description is sent passes the test")
def waits_for_the_change(client):
    task = {"task_name": "a", "task_description": "b"}
    task = client.post("/task/", json=task).json()
    path = f"/task/{task['id']}"
    client.patch(path, json={"task_name": "c"})
    while client.get(path).json() != {**task, "task_name": "c"}:
        pass


@right
def in_a_block_of_its_own(client):
    with client:
        one = NewTask(client)
        check_name(one)
        check_description(one)


@wrong("a call still runs after 0.3 s, in the line `")
def never_ends(client):
    task = client.post("/task/", json={"task_name": "a", "task_description": "b"}).json()
    path = f"/task/{task['id']}"
    client.patch(path, json={"task_name": "c"})
    found = client.get(path).json()
    while found != {**task, "task_name": "c"}:
        pass


@wrong("The service has answered 422 to GET /task/{id}. Is the `f` in front of the quotes missing?")
def f_forgotten(client):
    NewTask(client)
    client.patch("/task/{id}", json={"task_name": "x"})
    assert client.get("/task/{id}").json()["task_name"] == "x"


@wrong("The service has answered 307 to GET /task/1/.")
def slash_at_the_end(client):
    path = f"{NewTask(client).path}/"
    client.patch(path, json={"task_name": "x"})
    assert client.get(path).json()["task_name"] == "x"


@wrong("The service has answered 404 to GET /task/1.")
def task_of_nobody(client):
    client.patch("/task/1", json={"task_name": "x"})
    assert client.get("/task/1").json()["task_name"] == "x"


@wrong("`.json()` makes a dict of an answer.")
def no_json(client):
    assert client.get(NewTask(client).path)["task_name"] == "buy milk"


@wrong('A value of a dict stands in brackets: `["task_name"]`.')
def attribute_of_a_dict(client):
    assert NewTask(client).get().task_name == "buy milk"


@wrong("`.status_code` is for the answer itself, and this has been through `.json()` already.")
def status_of_a_dict(client):
    assert client.get(NewTask(client).path).json().status_code == 200


@wrong("`.json` is for the answer itself, and this has been through `.json()` already.")
def json_twice(client):
    assert client.get(NewTask(client).path).json().json()


@wrong("fails the test, with AttributeError: 'dict' object has no attribute 'append', in the line")
def takes_a_dict_for_a_list(client):
    client.get(NewTask(client).path).json().append(1)


@wrong("or a dict is put into a set.")
def dicts_in_a_set(client):
    NewTask(client)
    assert set(client.get("/task/").json())
