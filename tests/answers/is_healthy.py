"""Answers to the exercise `is_healthy`."""

import httpx

from answers import right, wrong


@right
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
