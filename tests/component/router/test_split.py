"""A canary on real Envoy: units stay where they are, nobody pays for a candidate that fails, and the rows say who was given what."""

import asyncio
import json
import time
from collections import Counter

import pytest

from shadowlift.api.capture import Extraction, Track
from shadowlift.api.ledger import Arm, Row, RowStatus
from shadowlift.resources.router.intent import RouterIntent
from tests.component.router.stand import Stand, plain, promoted, shared, until

pytestmark = pytest.mark.timeout(90)
MEBIBYTE = 1 << 20
ALL = 1000


def user(number: int) -> dict[str, str]:
    return {"x-user-id": f"u-{number:05}"}


async def answered(pod: Stand, numbers: range) -> dict[int, str]:
    """Who answers each of these units."""
    by: dict[int, str] = {}
    for start in range(numbers.start, numbers.stop, 100):
        some = range(start, min(start + 100, numbers.stop))
        answers = await asyncio.gather(*(pod.ask(headers=user(number)) for number in some))
        assert {status for status, _, _ in answers} == {200}
        by.update((number, headers["X-By"]) for number, (_, _, headers) in zip(some, answers, strict=True))
    return by


async def rows(pod: Stand, n: int) -> list[Row]:
    return await until(lambda: len(found := pod.recorder.rows(Track.LIVE)) >= n and found, "all rows have come")


async def test_a_larger_share_only_adds_units(pod: Stand) -> None:
    """Each step's share is as asked for, within four standard errors; whoever was in the canary is in it again."""
    await pod.up(shared(pod, 10))
    inside: set[int] = set()
    for weight in (10, 50, 250, 500, ALL):
        await pod.bring(shared(pod, weight))
        by = await answered(pod, range(2000))
        now = {number for number, name in by.items() if name == "candidate"}
        share = weight / ALL
        assert abs(len(now) / 2000 - share) <= 4 * (share * (1 - share) / 2000) ** 0.5
        assert inside <= now, "a unit has left the canary"
        inside = now


async def test_another_salt_chooses_other_units(pod: Stand) -> None:
    """The same users are not the guinea pigs of every trial."""
    await pod.up(shared(pod, 250))
    once = {number for number, name in (await answered(pod, range(800))).items() if name == "candidate"}
    await pod.bring(shared(pod, 250, salt="dcba"))
    again = {number for number, name in (await answered(pod, range(800))).items() if name == "candidate"}
    assert 0.1 < len(once & again) / len(once) < 0.4


async def test_without_a_unit_header_each_request_is_given_by_chance(pod: Stand) -> None:
    """The request is the unit."""
    await pod.up(shared(pod, 500, unit_header=None))
    answers = await asyncio.gather(*(pod.ask(headers=user(1)) for _ in range(400)))
    by = Counter(headers["X-By"] for _, _, headers in answers)
    assert abs(by["candidate"] - 200) <= 40


@pytest.mark.parametrize("weight", [0, ALL])
async def test_what_cannot_be_split_goes_to_who_serves(pod: Stand, weight: int) -> None:
    """Without a unit, or too large to be sent twice: current, whatever the share, and counted as not measured."""
    await pod.up(shared(pod, weight))
    for fields in ({}, {"headers": user(1), "data": b"x" * (MEBIBYTE + 1)}):
        status, _, headers = await pod.ask(**fields)
        assert (status, headers["X-By"]) == (200, "current")
    seen = await rows(pod, 2)
    assert [(row.arm, row.mirrored, row.unitless) for row in seen] == [(None, False, True), (None, False, False)]


async def test_the_share_of_a_promoted_process_is_its_own(pod: Stand) -> None:
    """A later candidate takes its share from who serves: a promoted one, behind which current still stands."""
    await pod.process("challenger")
    intent = promoted(pod)
    split = shared(pod, 300)
    assert split.split is not None
    canary = split.split.model_copy(update={"candidate": pod.processes["challenger"].upstream})
    await pod.up(intent.model_copy(update={"split": canary, "trial": split.trial}))
    assert set((await answered(pod, range(200))).values()) == {"challenger", "candidate"}
    await pod.mode("challenger", "status500")
    await pod.mode("candidate", "status500")
    assert set((await answered(pod, range(200))).values()) == {"current"}


@pytest.mark.parametrize("mode", ["status500", "status503", "status429", "reset", "hang", "dead"])
async def test_a_failing_candidate_costs_nobody_a_request(pod: Stand, mode: str) -> None:
    """Current answers within the time of a try, with the whole body; the row says that the candidate failed."""
    await pod.up(shared(pod, ALL, try_timeout_ms=500))
    if mode == "dead":
        pod.processes["candidate"].kill()
    else:
        await pod.mode("candidate", mode)
    bodies = [bytes([65 + n % 26]) * size for n, size in enumerate([0, 1, 1000, 100_000, MEBIBYTE] * 8)]
    started = time.monotonic()
    answers = await asyncio.gather(*(pod.ask(data=body, headers=user(n)) for n, body in enumerate(bodies)))
    assert {(status, headers.get("X-By")) for status, _, headers in answers} == {(200, "current")}
    assert [json.loads(answer)["bytes"] for _, answer, _ in answers] == [len(body) for body in bodies]
    assert time.monotonic() - started < 15
    told = {(row.arm, row.status) for row in await rows(pod, len(bodies))}
    assert told == {(Arm.CANDIDATE, RowStatus.FAILED)}


async def test_without_fail_open_a_failure_is_the_clients(pod: Stand) -> None:
    """Nothing is sent twice: the candidate's own failure is the answer."""
    await pod.up(shared(pod, ALL, fail_open=False))
    await pod.mode("candidate", "status500")
    before = (await pod.seen("current"))["requests"]
    statuses = [(await pod.ask(headers=user(number)))[0] for number in range(20)]
    assert set(statuses) == {500}
    assert (await pod.seen("current"))["requests"] == before
    assert {(row.arm, row.status) for row in await rows(pod, 20)} == {(Arm.CANDIDATE, RowStatus.FAILED)}


async def test_without_fail_open_a_candidate_that_hangs_is_cut(pod: Stand) -> None:
    """A request that never ends would never be counted: the time of a try is its limit, and current is not asked."""
    await pod.up(shared(pod, ALL, fail_open=False, try_timeout_ms=300))
    await pod.mode("candidate", "hang")
    statuses = await asyncio.gather(*(pod.ask(headers=user(number)) for number in range(10)))
    assert {status for status, _, _ in statuses} == {504}
    assert (await pod.seen("current"))["requests"] == 0
    assert {(row.arm, row.status) for row in await rows(pod, 10)} == {(Arm.CANDIDATE, RowStatus.FAILED)}


async def test_currents_own_failures_are_not_made_again(pod: Stand) -> None:
    """What the candidate's arm is spared must not change current's: neither its failures nor its slowness."""
    await pod.up(shared(pod, 0, try_timeout_ms=500))
    await pod.mode("current", "status500")
    statuses = [(await pod.ask(headers=user(number)))[0] for number in range(20)]
    assert set(statuses) == {500}
    assert (await pod.seen("current"))["requests"] == 20
    await pod.mode("current", "ok")
    status, _, headers = await pod.ask("/predict?mode=after1.5", headers=user(1))  # three times the time of a try
    assert (status, headers["X-By"]) == (200, "current")
    told = Counter((row.arm, row.status) for row in await rows(pod, 21))
    assert told == {(Arm.CURRENT, RowStatus.FAILED): 20, (Arm.CURRENT, RowStatus.OK): 1}


async def test_a_client_cannot_ask_for_retries(pod: Stand) -> None:
    """Headers by which the router is steered are the router's own."""
    await pod.up(shared(pod, 0))
    await pod.mode("current", "status500")
    steering = {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "3", "x-envoy-upstream-rq-per-try-timeout-ms": "1"}
    status, _, _ = await pod.ask(headers={**user(1), **steering})
    assert status == 500
    assert (await pod.seen("current"))["requests"] == 1


async def test_rows_tell_arm_value_time_and_epoch(pod: Stand) -> None:
    """Each process is read in its own way, by the one route; times are those of the whole request."""
    ways = {"current": Extraction(body="by"), "candidate": Extraction(header="x-prediction")}
    await pod.up(shared(pod, 500, **ways))
    by = await answered(pod, range(200))
    seen = await rows(pod, 200)
    assert Counter(row.arm for row in seen) == Counter(Arm(name) for name in by.values())
    assert {(row.arm, row.status, row.value) for row in seen} == {
        (Arm.CURRENT, RowStatus.OK, "current"),
        (Arm.CANDIDATE, RowStatus.OK, "benign"),
    }
    assert {row.epoch for row in seen} == {3}
    assert all(row.us and row.us > 0 and row.unit for row in seen)


async def test_nothing_that_is_read_is_an_answer_all_the_same(pod: Stand) -> None:
    """With a reward nobody predicts: what counts is whether there was an answer."""
    await pod.up(shared(pod, 500, current=Extraction(), candidate=Extraction()))
    await answered(pod, range(100))
    assert {(row.status, row.value) for row in await rows(pod, 100)} == {(RowStatus.OK, None)}


async def test_shares_change_under_load_without_a_loss(pod: Stand) -> None:
    """1, 5, 25, 50, 100 % and back to none: every request is answered."""
    await pod.up(plain(pod))
    every: list[RouterIntent] = [shared(pod, weight, unit_header=None) for weight in (0, 10, 50, 250, 500, ALL)]
    load = asyncio.create_task(pod.load(60))
    ready = plain(pod, candidate=pod.processes["candidate"].upstream)
    for intent in (ready, *every, ready):
        await pod.bring(intent)
        n = len(pod.statuses)
        await until(lambda n=n: len(pod.statuses) > n + 50, "requests go on")
    pod.stop_load()
    assert set(await load) == {200}
