"""Answers to the exercise `is_healthy`."""

from contextlib import suppress

import httpx

from answers import right, wrong


@wrong(
    "for a server that hangs up without an answer, it stops with RemoteProtocolError, in the line"
)
def by_two_errors(client):
    try:
        return client.get("/ping").status_code == 200
    except (httpx.ConnectError, httpx.TimeoutException):
        return False


@right
def by_else(client):
    try:
        r = client.get("/ping")
    except Exception:
        return False
    return r.status_code == 200


@right
def by_body(client):
    try:
        r = client.get("/ping", timeout=1)
    except httpx.HTTPError:
        return False
    return r.status_code == 200 and r.json() == {"ping": "pong!"}


@right
def by_send(client):
    try:
        r = client.send(client.build_request("GET", "/ping"))
    except httpx.RequestError:
        return False
    return r.status_code == httpx.codes.OK


@wrong("stops with ConnectError")
def stops_with_connecterror(client):
    try:
        return client.get("/ping").status_code == 200
    except ZeroDivisionError:
        return False


@wrong("stops with ReadTimeout")
def stops_with_readtimeout(client):
    try:
        return client.get("/ping").status_code == 200
    except httpx.ConnectError:
        return False


@wrong("is down, it gives None, not False")
def is_down_gives_none_not_false(client):
    try:
        return client.get("/ping").status_code == 200
    except httpx.TransportError:
        pass


@wrong("is down, it gives True, not False")
def is_down_gives_true_not_false(client):
    try:
        return client.get("/ping").status_code == 200
    except httpx.TransportError:
        return True


@wrong("it gives None, not True")
def gives_none_not_true(client):
    try:
        client.get("/ping").status_code == 200  # noqa: B015
    except httpx.TransportError:
        return False


@wrong("it gives False")
def gives_false(client):
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


@wrong("it gives False")
def gives_false_2(client):
    try:
        return client.post("/ping").status_code == 200
    except httpx.TransportError:
        return False


@wrong("404, it gives True")
def n404_gives_true(client):
    try:
        return client.get("/ping").status_code < 500
    except httpx.TransportError:
        return False


@wrong("answers 204, it gives True")
def answers_204_gives_true(client):
    try:
        return client.get("/ping").is_success
    except httpx.TransportError:
        return False


@wrong("answers 500, it stops with HTTPStatusError")
def answers_500_stops_with_httpstatuserror(client):
    try:
        client.get("/ping").raise_for_status()
        return True
    except httpx.TransportError:
        return False


@wrong("answers 500, it gives True")
def answers_500_gives_true(client):
    try:
        client.get("/ping")
        return True
    except httpx.TransportError:
        return False


@wrong("<Response [200")
def response_200(client):
    try:
        return client.get("/ping")
    except httpx.TransportError:
        return False


@wrong("it asks nothing with the client")
def asks_nothing_with_client(client):
    try:
        return True
    except httpx.TransportError:
        pass


@wrong("it asks nothing with the client")
def asks_nothing_with_client_2(client):
    try:
        return False
    except httpx.TransportError:
        pass


@wrong("for a service that answers 500, it gives True, not False")
def for_service_that_answers_500_gives_true(client):
    try:
        return client.get("/ping").json() == {"ping": "pong!"}
    except httpx.TransportError:
        return False


@right
def by_request(client):
    try:
        return client.request("GET", "ping").status_code == 200
    except httpx.HTTPError:
        return False


@right
def by_raise_for_status(client):
    try:
        answer = client.get("/ping")
        answer.raise_for_status()
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


@right
def by_stream(client):
    try:
        with client.stream("GET", "/ping", timeout=2.0) as answer:
            return answer.status_code == 200
    except httpx.TransportError:
        return False


@right
def by_full_address(client):
    with suppress(httpx.TransportError):
        return client.get(client.base_url.join("/ping")).status_code == 200
    return False


@right
def asks_twice(client):
    for _ in range(2):
        try:
            if client.get("/ping").status_code == 200:
                return True
        except httpx.TransportError:
            pass
    return False


@right
def follows_to_another_path(client):
    try:
        return client.get("/ping/", follow_redirects=True).status_code == 200
    except httpx.TransportError:
        return False


@wrong(
    "for a server that hangs up without an answer, it stops with RemoteProtocolError, in the line"
)
def by_list(client):
    try:
        answer = client.get("/ping")
    except (httpx.NetworkError, httpx.TimeoutException):
        return False
    return answer.status_code in [200]


@wrong("for a service that answers 201, it gives True, not False")
def all_but_some(client):
    try:
        return client.get("/ping").status_code not in (204, 404, 500)
    except httpx.TransportError:
        return False


@wrong("for a service that answers 500, it gives True, not False")
def asks_for_another_path(client):
    try:
        return client.get("/task/").status_code == 200
    except httpx.TransportError:
        return False


@wrong("for a service that answers 500, it gives True, not False")
def asks_for_the_pages(client):
    try:
        return client.get("/docs").status_code == 200
    except httpx.TransportError:
        return False


@wrong("it asks nothing with the client that it gets")
def catches_its_error(client):
    try:
        return client.gett("/ping").status_code == 200
    except AttributeError:
        return None


@wrong("for a service that answers 200 to GET /ping, it gives None, not True")
def only_false(client):
    try:
        if client.get("/ping").status_code != 200:
            return False
    except httpx.TransportError:
        return False


@wrong("for a service that answers 301, it gives True, not False")
def up_to_399(client):
    try:
        code = client.get("/ping").status_code
    except httpx.TransportError:
        return False
    return code == 200 or 300 <= code < 400


@wrong("for a server that can't be reached in time, it stops with ConnectTimeout, in the line")
def two_kinds_of_errors(client):
    try:
        return client.get("/ping").status_code == 200
    except (httpx.ConnectError, httpx.ReadTimeout):
        return False


@wrong("for a server that is down, it stops with ConnectError, in the line")
def python_errors_only(client):
    try:
        return client.get("/ping").status_code == 200
    except (ConnectionError, TimeoutError):
        return False


@wrong("for a service that answers 200 to GET /ping, it gives 'yes', not True")
def yes_and_no(client):
    try:
        return "yes" if client.get("/ping").status_code == 200 else "no"
    except httpx.TransportError:
        return "no"


KNOWN = []


@wrong("for a service that answers 500, it gives True, not False")
def remembers(client):
    if not KNOWN:
        KNOWN.append(client.get("/ping").status_code == 200)
    client.get("/")
    return KNOWN[0]


@wrong("it gives False, not True")
def asks_by_head(client):
    try:
        return client.head("/ping").status_code == 200
    except httpx.TransportError:
        return False


@wrong("your code stops with ValueError, in the line `raise ValueError`")
def stops_with_value_error(client):
    raise ValueError


DOWN = []


@wrong("for a service that is up again, it gives False, not True")
def remembers_a_failure(client):
    try:
        up = client.get("/ping").status_code == 200
    except httpx.TransportError:
        up = False
        DOWN.append(client)
    return up and not DOWN


@wrong("for a server that is down, it asks more than 30 times: let it give an answer, in the line")
def asks_for_ever(client):
    while True:
        try:
            return client.get("/ping").status_code == 200
        except Exception:
            continue


@right
def in_a_block_of_its_own(client):
    try:
        with client as one:
            return one.get("/ping").status_code == 200
    except httpx.TransportError:
        return False
