"""The process in place over real loopback connections: stable answers, failures on request, a graceful end."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from triage.story import cases
from triage_rules import server
from triage_rules.server import RulesServer, Settings, fails, settings

from tests.component.bentos.asking import ask, connected, serving

BODIES = [json.dumps(features, separators=(",", ":")).encode() for features, _ in cases()]


def running(fail_rate=0.0, delay_seconds=0.0):
    return serving(RulesServer("127.0.0.1", Settings(0, fail_rate, delay_seconds)))


def test_the_same_request_gets_the_same_bytes():
    """Every case, asked twice over one kept connection, is answered with identical bytes."""
    with running() as server, connected(server) as connection:
        first = [ask(connection, "POST", "/triage", body) for body in BODIES]
        assert first == [ask(connection, "POST", "/triage", body) for body in BODIES]
        assert {status for status, _ in first} == {200}


@pytest.mark.parametrize(
    ("radius", "concavity", "result", "rule"),
    [
        (15.0, 0.0, "M", "R1-large-nuclei"),
        (14.99, 0.18, "M", "R2-indented-nuclei"),
        (14.99, 0.17, "B", "R0-otherwise"),
    ],
)
def test_the_rules(radius, concavity, result, rule):
    """A mean radius of 15 or a mean concavity of 0.18 refers the case as malignant; the answer names the rule."""
    body = json.dumps({"mean_radius": radius, "mean_concavity": concavity})
    with running() as server, connected(server) as connection:
        status, answer = ask(connection, "POST", "/triage", body)
    assert (status, json.loads(answer)) == (200, {"result": result, "rule": rule, "ruleset": "2019-03"})


@pytest.mark.parametrize(("rate", "least", "most"), [(0.0, 0, 0), (0.1, 15, 45), (0.5, 115, 169), (1.0, 284, 284)])
def test_the_share_that_fails_is_the_asked_one(rate, least, most):
    """FAIL_RATE is the share of failing cases, within what chance allows for 284 of them."""
    assert least <= sum(fails(body, rate) for body in BODIES) <= most


def test_about_the_asked_share_fails_and_always_the_same_cases():
    """FAIL_RATE=0.01 answers 500 to a few of the 284 cases, the same ones in every run."""
    failing = [body for body in BODIES if fails(body, 0.01)]
    assert 1 <= len(failing) <= 6
    for _ in range(2):
        with running(fail_rate=0.01) as server, connected(server) as connection:
            answered = {body: ask(connection, "POST", "/triage", body)[0] for body in BODIES}
        assert [body for body, status in answered.items() if status == 500] == failing


def test_served_requests_are_counted_by_status():
    """GET /stats counts triage answers only: neither probes nor its own calls."""
    with running() as server, connected(server) as connection:
        for body in (BODIES[0], BODIES[1], b"not JSON"):
            ask(connection, "POST", "/triage", body)
        ask(connection, "GET", "/health")
        assert json.loads(ask(connection, "GET", "/stats")[1]) == {"served": 3, "200": 2, "400": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "/triage", b"{}", 400, "mean_radius"),
        ("POST", "/triage", b"[1]", 400, "flat JSON object"),
        ("POST", "/other", b"{}", 404, "POST /triage"),
        ("GET", "/other", None, 404, "GET /health"),
    ],
)
def test_a_request_it_cannot_answer_is_told_why(method, path, body, status, told):
    """A bad request gets a status and a remedy, and the connection stays usable."""
    with running() as server, connected(server) as connection:
        assert ask(connection, "GET", "/health")[0] == 200
        answered, text = ask(connection, method, path, body)
        assert answered == status
        assert told in json.loads(text)["error"]
        assert ask(connection, "GET", "/health")[0] == 200


def test_a_request_under_way_is_answered_before_the_end():
    """Told to stop, the server finishes what it began: a delay ends at once and the answer arrives complete."""
    answers = []
    with running(delay_seconds=60) as server, connected(server) as connection:
        client = threading.Thread(target=lambda: answers.append(ask(connection, "POST", "/triage", BODIES[0])))
        client.start()
        assert server.tally.wait_until(lambda under_way: under_way == 1, 5)
        server.stop()
        assert server.tally.wait_until(lambda under_way: under_way == 0, 5)
        client.join()
    assert [status for status, _ in answers] == [200]


@contextmanager
def program(linger_s):
    """The whole program on a port of its own, killed at the end if it is still there."""
    command = [
        sys.executable,
        "-u",
        "-c",
        f"from triage_rules import server; server.LINGER_S = {linger_s}; server.main()",
    ]
    environment = {**os.environ, "PORT": "0", "PYTHONPATH": str(Path(server.__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running_program:
        try:
            yield running_program, int(running_program.stdout.readline().split()[-1])
        finally:
            running_program.kill()


def takes_up(port):
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def test_a_kept_connection_is_answered_and_told_to_close_at_the_end():
    """Told to end, the program takes up no connection: who asks again on one is answered, and learns that it was the last time."""
    with program(linger_s=60) as (running_program, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        assert ask(connection, "GET", "/health")[0] == 200
        running_program.terminate()
        while takes_up(port):
            pass
        connection.request("POST", "/triage", BODIES[0])
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 0, answer.getheader("Connection")) == (200, True, "close")


def test_the_program_ends_by_itself_when_it_is_told_to():
    """Soon, and with 0."""
    with program(server.LINGER_S) as (running_program, _):
        running_program.terminate()
        assert running_program.wait(5) == 0


@pytest.mark.parametrize("environ", [{"PORT": "eighty"}, {"FAIL_RATE": "2"}, {"DELAY_MS": "-1"}])
def test_a_bad_setting_ends_the_program_by_name(environ):
    """A setting that cannot be meant is refused with the variable's name."""
    with pytest.raises(SystemExit, match=next(iter(environ))):
        settings(environ)
