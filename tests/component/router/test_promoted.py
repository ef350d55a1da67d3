"""After a promotion the candidate serves, and no request is lost to it."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from shadowlift.api.capture import Track
from shadowlift.resources.router.intent import Upstream
from shadowlift.resources.router.steps import next_intent
from tests.component.router.stand import Stand, plain, promoted, tried, until

pytestmark = pytest.mark.timeout(90)
MEBIBYTE = 1 << 20


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port at which connects hang: its queue is full, so the kernel drops every further SYN."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield int(address[1])


async def test_the_candidate_serves(pod: Stand) -> None:
    """Requests that can be sent twice are its; all others stay with current. Nothing is logged."""
    await pod.up(promoted(pod))

    async def pieces() -> object:
        yield b"0123456789"

    for fields, by in (
        ({}, "candidate"),
        ({"method": "GET", "data": None}, "candidate"),
        ({"data": b"x" * MEBIBYTE}, "candidate"),
        ({"data": b"x" * (MEBIBYTE + 1)}, "current"),
        ({"data": pieces()}, "current"),
    ):
        status, _, headers = await pod.ask(**fields)
        assert (status, headers["X-By"]) == (200, by)
    async with pod.client.ws_connect(pod.url + "/x?mode=echo") as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "current:hello"
    assert (pod.spool / "access.jsonl").stat().st_size == 0


@pytest.mark.parametrize("mode", ["status500", "status503", "status429", "reset", "hang", "dead"])
async def test_a_failing_candidate_loses_no_request(pod: Stand, mode: str) -> None:
    """Current answers instead, with the whole body, up to the largest that is sent twice."""
    await pod.up(promoted(pod), shipper=False)
    if mode == "dead":
        pod.processes["candidate"].kill()
    else:
        await pod.mode("candidate", mode)
    bodies = [bytes([65 + n % 26]) * size for n, size in enumerate([0, 1, 1000, 100_000, MEBIBYTE] * 8)]
    answers = await asyncio.gather(*(pod.ask(data=body) for body in bodies))
    assert {(status, headers.get("X-By")) for status, _, headers in answers} == {(200, "current")}
    assert [json.loads(answer)["bytes"] for _, answer, _ in answers] == [len(body) for body in bodies]


async def test_a_candidate_that_cannot_even_be_connected_to_loses_no_request(pod: Stand) -> None:
    """Its node is gone and nobody answers: connects neither succeed nor fail."""
    with black_hole() as port:
        intent = promoted(pod, try_timeout_ms=1000)
        await pod.up(intent.model_copy(update={"candidate": Upstream(host="127.0.0.1", port=port)}), shipper=False)
        started = time.monotonic()
        answers = await asyncio.gather(*(pod.ask() for _ in range(20)))
    assert {(status, headers.get("X-By")) for status, _, headers in answers} == {(200, "current")}
    assert time.monotonic() - started < 3


async def test_taking_the_traffic_away_costs_no_request_that_hangs(pod: Stand) -> None:
    """The candidate hangs, a person rolls back: whoever waits for it gets current's answer when the time of the try is over."""
    await pod.up(promoted(pod, try_timeout_ms=1000), shipper=False)
    await pod.mode("candidate", "hang")
    hanging = [asyncio.create_task(pod.ask()) for _ in range(20)]

    async def asked() -> bool:
        return bool((await pod.seen("candidate"))["requests"] >= 20)

    await until(asked, "all of them wait for the candidate")
    await pod.bring(next_intent(pod.published, True, plain(pod), spare_is_idle=False))
    _, _, headers = await pod.ask()
    assert headers["X-By"] == "current"
    assert not any(task.done() for task in hanging)
    answers = await asyncio.gather(*hanging)
    assert {(status, headers.get("X-By")) for status, _, headers in answers} == {(200, "current")}


async def test_current_may_take_longer_than_its_candidate_may(pod: Stand) -> None:
    """The time-out of a try limits how long we wait before asking current, never how long current may take."""
    await pod.up(promoted(pod, try_timeout_ms=200), shipper=False)
    await pod.mode("candidate", "hang")
    await pod.mode("current", "after1.5")
    started = time.monotonic()
    answers = await asyncio.gather(*(pod.ask() for _ in range(20)))
    assert {(status, headers.get("X-By")) for status, _, headers in answers} == {(200, "current")}
    assert 1.6 < time.monotonic() - started < 4


async def test_the_first_good_answer_wins(pod: Stand) -> None:
    """A candidate that is a little late is still used where current is slower."""
    await pod.up(promoted(pod, try_timeout_ms=200), shipper=False)
    await pod.mode("candidate", "after0.6")
    await pod.mode("current", "after5")
    status, _, headers = await pod.ask()
    assert (status, headers["X-By"]) == (200, "candidate")


async def test_what_the_candidate_decides_is_not_asked_again(pod: Stand) -> None:
    """A 4xx is an answer; current never sees the request."""
    await pod.up(promoted(pod), shipper=False)
    status, _, _ = await pod.ask("/predict?mode=status422")
    assert status == 422
    assert (await pod.seen("current"))["requests"] == 0


async def test_current_never_acts_twice(pod: Stand) -> None:
    """Where both fail, current has been asked once."""
    await pod.up(promoted(pod), shipper=False)
    status, _, _ = await pod.ask("/predict?mode=status500")
    assert status == 500
    assert (await pod.seen("current"))["requests"] == 1


async def test_killing_the_candidate_under_load_loses_nothing(pod: Stand) -> None:
    """Also the requests that were with it at that moment."""
    await pod.up(promoted(pod), shipper=False)
    await pod.mode("candidate", "after0.02")
    load = asyncio.create_task(pod.load(3.0))

    async def served() -> bool:
        return bool((await pod.seen("candidate"))["requests"] > 50)

    await until(served, "the candidate is in the middle of it")
    pod.processes["candidate"].kill()
    statuses = await load
    assert len(statuses) > 200
    assert set(statuses) == {200}


async def test_a_next_candidate_is_tried_against_the_promoted_one(pod: Stand) -> None:
    """Live rows hold the promoted candidate's answers, shadow rows the challenger's."""
    challenger = await pod.process("challenger")
    intent = promoted(pod)
    trial = tried(pod).trial
    await pod.up(intent.model_copy(update={"shadow": challenger.upstream, "trial": trial}))
    _, _, headers = await pod.ask("/predict?diagnosis=malignant")
    assert headers["X-By"] == "candidate"
    await until(lambda: pod.recorder.rows(Track.SHADOW) and pod.recorder.rows(Track.LIVE), "both rows have come")
    assert (await pod.seen("challenger"))["requests"] == 1
    assert {row.value for row in pod.recorder.rows(Track.LIVE)} == {"malignant"}
