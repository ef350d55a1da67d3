"""The flights' process in place over real loopback connections: the rule, stable answers, a graceful end."""

import json
import socket

import pytest
from flights import features
from flights.story import traffic
from flights_rule import server as rule
from flights_rule.server import Arrivals

from tests.component.bentos.asking import ask, connected, serving

BODIES = [json.dumps(known, separators=(",", ":")).encode() for known, _ in traffic()][:300]


def running():
    return serving(Arrivals("127.0.0.1", 0))


def test_the_same_request_gets_the_same_bytes():
    """Every flight, asked twice over one kept connection, is answered with identical bytes."""
    with running() as server, connected(server) as connection:
        first = [ask(connection, "POST", "/arrival", body) for body in BODIES]
        assert first == [ask(connection, "POST", "/arrival", body) for body in BODIES]
        assert {status for status, _ in first} == {200}


@pytest.mark.parametrize(
    ("departed", "delay", "late"), [(12, 12, 0), (14.5, 14.5, 0), (15, 15, 1), (1301, 180, 1), (-75, -60, 0)]
)
def test_it_arrives_as_late_as_it_departed(departed, delay, late):
    """The departure delay, cut to what the board can show; late from 15 minutes on."""
    status, answer = rule.respond(json.dumps({"departure_delay": departed, "carrier": "UA"}).encode())
    assert (status, answer) == (200, {"delay": delay, "late": late, "rule": "as-departed"})


def test_it_cuts_and_judges_as_the_outcomes_do():
    """Somebody else's program has the airport's definitions in it: they are those of the outcomes."""
    assert rule.BOARD == (features.EARLIEST, features.LATEST)
    assert rule.LATE == features.LATE


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "departure_delay"),
        (b'{"departure_delay": "12"}', "departure_delay"),
        (b'{"departure_delay": true}', "departure_delay"),
        (b'{"departure_delay": NaN}', "departure_delay"),
        (b"[12]", "flat JSON object"),
        (b"soon", "Expecting value"),
        (b"\xff", "decode"),
    ],
)
def test_what_is_no_flight_is_refused_with_the_remedy(body, told):
    """Numbers only: no text, no boolean, nothing that would be answered with a number that is none."""
    status, answer = rule.respond(body)
    assert status == 400
    assert told in answer["error"]


def test_a_number_without_bounds_is_still_answered_with_one():
    """However large, it is cut."""
    for much in (b"1" + b"0" * 400, b"Infinity"):
        assert rule.respond(b'{"departure_delay": %s}' % much)[1]["delay"] == 180


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "/arrival", b"{}", 400, "departure_delay"),
        ("POST", "/other", b"{}", 404, "POST /arrival"),
        ("GET", "/other", None, 404, "GET /health"),
    ],
)
def test_a_request_it_cannot_answer_leaves_the_connection_usable(method, path, body, status, told):
    """It gets a status and a remedy, and the next request is answered."""
    with running() as server, connected(server) as connection:
        answered, text = ask(connection, method, path, body)
        assert answered == status
        assert told in json.loads(text)["error"]
        assert ask(connection, "GET", "/health") == (200, b'{"status": "up"}')


def test_a_body_of_unknown_length_ends_the_connection():
    """What was not read must not be taken for the next request."""
    with running() as server, socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as client:
        client.sendall(b"POST /arrival HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert b"Connection: close" in answer


def test_a_request_under_way_is_answered_before_the_end():
    """Told to stop between a request's head and its body, it still answers, and says that the connection ends."""
    with running() as server, socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as client:
        client.sendall(b"POST /arrival HTTP/1.1\r\nContent-Length: 22\r\n\r\n")
        assert server.under_way.wait_for(1, 5)
        server.stop()
        client.sendall(b'{"departure_delay": 7}')
        answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert server.under_way.wait_for(0, 5)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close" in answer
    assert answer.endswith(b'{"delay": 7, "late": 0, "rule": "as-departed"}')
