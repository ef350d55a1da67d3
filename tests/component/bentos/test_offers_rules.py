"""The shop's process in place over real loopback connections: two rules, stable answers, a graceful end."""

import json
import socket

import pytest
from offers.features import OFFERS
from offers.traffic import cases
from offers_rules import server as rules
from offers_rules.server import OfferRules

from tests.component.bentos.asking import ask, connected, serving

BODIES = [json.dumps(visitor, separators=(",", ":")).encode() for visitor, _ in cases()[:300]]


def running():
    return serving(OfferRules("127.0.0.1", 0))


def test_the_same_request_gets_the_same_bytes():
    """Every visit, asked twice over one kept connection, is answered with identical bytes, and with an offer that there is."""
    with running() as server, connected(server) as connection:
        first = [ask(connection, "POST", "/offer", body) for body in BODIES]
        assert first == [ask(connection, "POST", "/offer", body) for body in BODIES]
    assert {status for status, _ in first} == {200}
    assert {json.loads(answer)["show"] for _, answer in first} < set(OFFERS)


@pytest.mark.parametrize(
    ("visits", "show", "rule"),
    [(0, "discount", "welcome"), (1, "free-shipping", "standing"), (9, "free-shipping", "standing")],
)
def test_the_rules(visits, show, rule):
    """A discount at the first visit, free shipping at any other; the answer names the rule, whatever else is known."""
    status, answer = rules.respond(json.dumps({"visits": visits, "segment": "student", "basket": 12}).encode())
    assert (status, answer) == (200, {"show": show, "rule": rule})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "visits"),
        (b'{"visits": "3"}', "visits"),
        (b'{"visits": true}', "visits"),
        (b'{"visits": -1}', "visits"),
        (b'{"visits": 1.5}', "visits"),
        (b"[3]", "flat JSON object"),
        (b"often", "Expecting value"),
        (b"\xff", "decode"),
    ],
)
def test_what_is_no_visit_is_refused_with_the_remedy(body, told):
    """A whole number of visits from 0 on, and nothing else."""
    status, answer = rules.respond(body)
    assert status == 400
    assert told in answer["error"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "/offer", b"{}", 400, "visits"),
        ("POST", "/other", b"{}", 404, "POST /offer"),
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
        client.sendall(b"POST /offer HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert b"Connection: close" in answer


def test_a_request_under_way_is_answered_before_the_end():
    """Told to stop between a request's head and its body, it still answers, and says that the connection ends."""
    with running() as server, socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as client:
        client.sendall(b"POST /offer HTTP/1.1\r\nContent-Length: 13\r\n\r\n")
        assert server.under_way.wait_for(1, 5)
        server.stop()
        client.sendall(b'{"visits": 7}')
        answer = b"".join(iter(lambda: client.recv(4096), b""))
        assert server.under_way.wait_for(0, 5)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close" in answer
    assert answer.endswith(b'{"show": "free-shipping", "rule": "standing"}')
