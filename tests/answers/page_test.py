"""Answers to the exercise `page_test`."""

from contextlib import suppress

import pytest

from answers import right, wrong


def create(client, number=5):
    task = {"task_name": "x"}
    return [client.post("/task/", json=task).json()["id"] for _ in range(number)]


def page(client, **params):
    return [task["id"] for task in client.get("/task/", params=params).json()]


@right
def page_by_page(client):
    ids = create(client, 7)
    found, after = [], ids[0] - 1
    while len(found) < 7 and (part := page(client, after=after, limit=2)):
        assert len(part) <= 2
        found += part
        after = part[-1]
    assert found == ids


@right
def raises_value_error(client):
    ids = create(client)
    answer = client.get(f"/task/?after={ids[1]}&limit=2")
    if [task["id"] for task in answer.json()] != ids[2:4]:
        raise ValueError(answer.text)


@right
def by_pytest(client):
    ids = create(client, 4)
    if page(client, after=ids[0], limit=2) != ids[1:3]:
        pytest.fail("wrong page")


@right
def in_pieces(client):
    ids = create(client)
    found = page(client, after=ids[0], limit=3)
    assert ids[0] not in found
    assert found[0] == ids[1]
    assert found == sorted(found)
    assert len(found) == 3
    assert page(client, after=ids[-1]) == []


@right
def with_names(client):
    names = ["a", "b", "c", "d"]
    ids = [client.post("/task/", json={"task_name": one}).json()["id"] for one in names]
    found = client.get("/task/", params={"after": ids[0], "limit": 2}).json()
    assert [one["task_name"] for one in found] == ["b", "c"]
    for one in ids:
        assert client.delete(f"/task/{one}").status_code == 204


@wrong("whose page begins with the task `after` itself passes the test")
def only_looks_whether_they_are_there(client):
    ids = create(client)
    assert set(ids[1:3]) <= set(page(client, after=ids[0], limit=3))


@wrong("whose page begins with the task `after` itself passes the test")
def only_the_status(client):
    create(client)
    assert client.get("/task/?after=1&limit=2").status_code == 200


@wrong("a right service with old tasks fails the test, with AssertionError")
def first_page_of_an_empty_table(client):
    ids = create(client)
    assert page(client, limit=2) == ids[:2]


@wrong("whose page begins with the task `after` itself passes the test")
def only_the_number(client):
    ids = create(client)
    assert len(page(client, after=ids[0], limit=2)) == 2


@wrong("that does not look at `limit` passes the test")
def without_a_limit(client):
    ids = create(client, 3)
    assert page(client, after=ids[0]) == ids[1:]


@wrong("that turns the order around passes the test")
def of_one_task(client):
    ids = create(client, 3)
    assert page(client, after=ids[0], limit=1) == ids[1:2]
    assert sorted(page(client, after=ids[0], limit=2)) == ids[1:]


@wrong("that answers one task too many passes the test")
def no_task_after_the_page(client):
    ids = create(client, 3)
    assert page(client, after=ids[0], limit=2) == ids[1:]
    assert len(page(client, after=0, limit=1)) < 3


@wrong("that leaves out one task passes the test")
def only_not_the_old_one(client):
    ids = create(client)
    found = page(client, after=ids[0], limit=2)
    assert ids[0] not in found
    assert found == sorted(found)
    assert found[0] > ids[0]
    assert len(found) == 2


@wrong("that takes `after` for how many tasks to skip passes the test")
def counts_on_an_empty_table(client):
    create(client)
    assert page(client, after=1, limit=2) == [2, 3]


@wrong("a right service fails the test, with AssertionError")
def expects_the_task_itself(client):
    ids = create(client)
    assert page(client, after=ids[0], limit=2) == ids[:2]


@wrong("Giving False is not enough: use `assert`")
def gives_it_back(client):
    ids = create(client)
    return page(client, after=ids[0], limit=2) == ids[1:3]


@wrong("whose page begins with the task `after` itself passes the test")
def catches_the_assert(client):
    ids = create(client)
    with suppress(AssertionError):
        assert page(client, after=ids[0], limit=2) == ids[1:3]


@wrong("it asks nothing with the client that it gets")
def asks_nothing(client):
    return True


@wrong("your code stops with NameError")
def stops_with_name_error(client):
    create_tasks(client)  # noqa: F821


@right
def turns_all_pages(client):
    ids = [client.post("/task/", json={"task_name": "a"}).json()["id"] for _ in range(5)]
    found, after = [], ids[0]
    while page := client.get(f"/task/?after={after}&limit=2").json():
        found.append([task["id"] for task in page])
        after = found[-1][-1]
    assert found == [ids[1:3], ids[3:]]
