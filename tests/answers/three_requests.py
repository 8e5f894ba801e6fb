"""Answers to the exercise `three_requests`."""

import httpx

from answers import right, wrong


def ping(client):
    return client.get("/ping").status_code


def post(client, **body):
    return client.post("/task/", json=body).status_code


@right
def empty_name(client):
    return [ping(client), post(client, task_name="x"), post(client, task_name="")]


@right
def other_order_of_sending(client):
    bad, good = (post(client), post(client, task_name="x"))
    return [ping(client), good, bad]


@right
def by_another_field(client):
    return [ping(client), post(client, task_name="x"), post(client, title="x")]


@right
def name_none(client):
    return [ping(client), post(client, task_name="x"), post(client, task_name=None)]


@right
def by_build_request(client):
    def ask(*args, **body):
        return client.send(client.build_request(*args, **body)).status_code

    return [ask("GET", "ping"), ask("POST", "task/", json={"task_name": "x"}), ask("POST", "task/")]


@wrong("sends no GET to /ping")
def sends_no_get_to_ping(client):
    return [post(client, task_name="x"), post(client)]


@wrong("sends 1 POST requests to /task/, not 2")
def sends_1_post_requests_to_task_not(client):
    return [ping(client), post(client)]


@wrong("sends 4 requests, not 3")
def sends_4_requests_not_3(client):
    return [ping(client), ping(client), post(client), post(client)]


@wrong("sends POST /task, not POST /task/")
def sends_post_task_not_post_task(client):
    return [ping(client), *[client.post("/task", json={}).status_code] * 2]


@wrong("it sends POST /tasks/. Send only GET /ping and POST /task/")
def sends_post_tasks_send_only_get_ping(client):
    return [ping(client), post(client), client.post("/tasks/", json={}).status_code]


@wrong("a tuple, not a list")
def tuple_not_list(client):
    return (ping(client), post(client, task_name="x"), post(client))


@wrong("gives None, not a list")
def gives_none_not_list(client):
    [ping(client), post(client, task_name="x"), post(client)]


@wrong("the list is [200, 422, 201], not [200, 201, 422]")
def list_is_200_422_201_not_200(client):
    return [ping(client), post(client), post(client, task_name="x")]


@wrong("the list is [200, 422, 422]")
def list_is_200_422_422(client):
    return [ping(client), post(client, name="x"), post(client)]


@wrong("from a service that answers [202, 200, 400], it gives [200, 201, 422]")
def from_service_that_answers_202_200_400(client):
    (ping(client), post(client, task_name="x"), post(client))
    return [200, 201, 422]


@wrong("it sends a request without the client that it gets")
def sends_request_without_client_that_gets(client):
    raise httpx.ConnectError("refused")


@wrong("sends nothing with the client that it gets")
def sends_nothing_with_client_that_gets(client):
    return [200, 201, 422]


@wrong("Response")
def response(client):
    return [client.get("/ping"), post(client, task_name="x"), post(client)]


@wrong("it gives a coroutine")
async def gives_coroutine(client):
    return []


@right
def by_loop(client):
    asked = [("GET", "/ping", None), ("POST", "/task/", {"task_name": "x"}), ("POST", "/task/", {})]
    return [client.request(method, path, json=body).status_code for method, path, body in asked]


@right
def by_content(client):
    json = {"Content-Type": "application/json"}
    good = client.post("/task/", content='{"task_name": "é"}', headers=json)
    bad = client.post("/task/", content="{}", headers=json)
    return [client.get("/ping").status_code, good.status_code, bad.status_code]


@right
def bad_one_first(client):
    bad = post(client)
    good = post(client, task_name="it's 100%")
    return [ping(client), good, bad]


@right
def without_a_body(client):
    return [ping(client), post(client, task_name="x" * 100), client.post("/task/").status_code]


@right
def by_full_address(client):
    address = client.base_url.join("/task/")
    bodies = [{"task_name": "Buy Milk"}, {}]
    return [ping(client), *(client.post(address, json=body).status_code for body in bodies)]


@right
def by_streams(client):
    with client.stream("GET", "/ping") as answer:
        first = answer.status_code
    return [first, post(client, task_name="x"), post(client)]


@wrong("one task should have no name. It is sent with the name 'xxxxxxxxxxxxxxxxxxxx…'")
def long_name(client):
    return [ping(client), post(client, task_name="x"), post(client, task_name="x" * 101)]


@wrong("one task should have no name. It is sent with the name 'x'.")
def name_with_another_mistake(client):
    return [ping(client), post(client, task_name="x"), post(client, task_name="x", id="one")]


@wrong(
    "the list is [200, 422, 422], not [200, 201, 422]. A body is not sent as JSON: write `json=…`."
)
def as_form(client):
    good = client.post("/task/", data={"task_name": "x"})
    return [ping(client), good.status_code, post(client)]


@wrong("the list is [200, 201, 201], not [200, 201, 422]")
def a_space_as_the_name(client):
    return [ping(client), post(client, task_name="x"), post(client, task_name=" ")]


@wrong("it sends nothing with the client that it gets")
def catches_its_error(client):
    try:
        return [client.gett("/ping").status_code]
    except AttributeError:
        return []


@wrong("it sends no GET to /ping")
def ping_with_a_slash(client):
    return [client.get("/ping/").status_code, post(client, task_name="x"), post(client)]


@wrong("the list is [200, 201, 422, 3], not")
def says_more(client):
    return [ping(client), post(client, task_name="x"), post(client), 3]


@wrong("the list is [True, True, False], not")
def true_and_false(client):
    codes = [ping(client), post(client, task_name="x"), post(client)]
    return [code < 400 for code in codes]


@wrong("the list is ['200', '201', '422'], not")
def as_texts(client):
    return [str(code) for code in (ping(client), post(client, task_name="x"), post(client))]


@wrong("it sends POST /ping. Send only")
def posts_a_ping(client):
    return [client.get("/ping").status_code, client.post("/ping").status_code, post(client)]


@wrong("the list is [200], not [200, 201, 422]")
def forgets_two(client):
    codes = [ping(client), post(client, task_name="x"), post(client)]
    return codes[:1]


@wrong("your code stops with HTTPStatusError")
def stops_at_422(client):
    answers = [client.get("/ping"), client.post("/task/", json={"task_name": "x"})]
    answers.append(client.post("/task/", json={}))
    return [answer.raise_for_status().status_code for answer in answers]


@wrong("A body is not sent as JSON: write `json=…`.")
def as_content_without_a_header(client):
    good = client.post("/task/", content='{"task_name": "x"}')
    return [ping(client), good.status_code, post(client)]


@wrong("it sends POST /task, not POST /task/: these are two different paths.")
def follows_the_redirect(client):
    good = client.post("/task", json={"task_name": "x"}, follow_redirects=True)
    return [ping(client), good.status_code, post(client)]


@wrong("not [200, 201, 422]")
def gives_what_the_answers_say(client):
    answers = [client.get("/ping"), client.post("/task/", json={"task_name": "x"})]
    answers.append(client.post("/task/", json={}))
    return [answer.json() for answer in answers]


@wrong("not [200, 201, 422]. A task has no field `name`: its name is `task_name`")
def name_of_another_field(client):
    return [ping(client), post(client, name="x"), post(client)]


@right
def in_a_block_of_its_own(client):
    with client:
        return [ping(client), post(client, task_name="x"), post(client)]


@wrong("A body is a text, not an object: write a dict, without quotes around it")
def dict_in_quotes(client):
    good = client.post("/task/", json='{"task_name": "x"}').status_code
    return [ping(client), good, post(client)]


@wrong("it gives a generator, and runs no line of it: write `return`, not `yield`")
def by_yield(client):
    yield ping(client)
    yield post(client, task_name="x")
    yield post(client)


@wrong("A value is no function: leave out the `()`. Or is a comma missing")
def calls_a_status_later(client):
    return [ping(client), client.get("/ping").status_code()]


@wrong("or has one of your variables the name of a function?")
def name_of_a_function(client):
    list = "ping"
    return list(ping(client))


@wrong("the list is [200, 422, 422], not [200, 201, 422]. No request has a body: write `json=…`.")
def in_the_address(client):
    good = client.post("/task/", params={"task_name": "x"}).status_code
    return [ping(client), good, client.post("/task/").status_code]
