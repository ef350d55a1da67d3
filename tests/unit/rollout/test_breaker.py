"""The circuit breaker: how many of the candidate's requests failed within the last seconds, whatever is proven."""

from collections.abc import Callable

import pytest

from shadowlift.api.ledger import FIRST_STEP_EPOCH
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase, VerdictKind
from shadowlift.api.strategy import CircuitBreaker
from shadowlift.rollout.breaker import tripped
from shadowlift.rollout.observed import Traffic
from tests.unit.rollout.given import CANARY, NOW, Life, arms, last_step, stepping

BREAKER = CircuitBreaker(window="10s", minimum_requests=10, max_error_rate="0.5")
STRICT = CircuitBreaker(window="20s", minimum_requests=20, max_error_rate="0.2")
LENIENT = CircuitBreaker(window="10s", minimum_requests=1, max_error_rate="1")
Totals = tuple[float, int, int]  # seconds before now, requests, failures


def seen(*samples: Totals, now: float = NOW) -> tuple[Traffic, ...]:
    """Totals as the operator heard of them, oldest first."""
    return tuple(Traffic(now - ago, requests, failures) for ago, requests, failures in samples)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([(10, 100, 0), (5, 110, 10), (0, 120, 20)], "20 of 20 requests of the candidate failed within 10 s"),
        (
            [(20, 0, 0), (15, 90, 90), (5, 110, 100), (0, 120, 110)],
            "20 of 30 requests of the candidate failed within 15 s",
        ),
        ([(30, 0, 0), (10, 100, 0), (0, 120, 20)], "20 of 20 requests of the candidate failed within 10 s"),
        ([(14, 100, 0), (0, 120, 20)], "20 of 20 requests of the candidate failed within 14 s"),
        ([(3, 100, 7), (0, 120, 27)], "20 of 20 requests of the candidate failed within 3 s"),
        ([(60, 0, 0), (12, 50, 50), (0, 70, 50)], None),
        ([(12, 50, 0), (9, 70, 20), (0, 90, 20)], None),
    ],
    ids=[
        "the window",
        "its start is before it",
        "its very start",
        "looks far apart",
        "less is known",
        "long past",
        "diluted within it",
    ],
)
def test_only_what_happened_within_the_window_counts(samples: list[Totals], said: str | None) -> None:
    """The newest totals less those at its start; where looks are rarer than that, a little more, and never less than is known."""
    verdict = tripped(BREAKER, seen(*samples))
    assert (verdict is None) is (said is None)
    if verdict is not None:
        assert (verdict.kind, verdict.reason) == (VerdictKind.REJECT, "CircuitBreaker")
        assert verdict.message == f"{said}; strategy.canary.circuitBreaker allows 50%"


@pytest.mark.parametrize(
    ("breaker", "requests", "failures", "trips"),
    [
        (BREAKER, 9, 9, False),
        (BREAKER, 10, 5, False),
        (BREAKER, 10, 6, True),
        (BREAKER, 1000, 500, False),
        (BREAKER, 1000, 501, True),
        (BREAKER, 0, 0, False),
        (STRICT, 19, 19, False),
        (STRICT, 20, 4, False),
        (STRICT, 20, 5, True),
        (LENIENT, 10, 10, False),
    ],
)
def test_too_few_requests_and_the_limit_itself_accuse_nobody(
    breaker: CircuitBreaker, requests: int, failures: int, trips: bool
) -> None:
    """More than may fail, of at least so many: both are the user's numbers."""
    before = (20, 500, 300)
    verdict = tripped(breaker, seen(before, (0, 500 + requests, 300 + failures)))
    assert (verdict is not None) is trips


@pytest.mark.parametrize(
    "samples",
    [[], [(0, 1000, 1000)], [(10, 1000, 1000), (0, 20, 20)]],
    ids=["nothing heard", "an operator that has just started", "another ledger"],
)
def test_what_cannot_be_told_trips_nothing(samples: list[Totals]) -> None:
    """Totals alone do not say when; totals that went back say nothing."""
    assert tripped(BREAKER, seen(*samples)) is None


def breaking(life: Life) -> Life:
    life.traffic = seen((12, 500, 0), (6, 510, 6), (0, 520, 16), now=life.now)
    return life


@pytest.mark.parametrize("loads", [True, False], ids=["routers answer", "routers do not answer"])
@pytest.mark.parametrize("start", [stepping, last_step])
def test_a_candidate_that_breaks_loses_its_traffic_without_a_proof(start: Callable[[], Life], loads: bool) -> None:
    """A record in this cycle, and no share at all in the very next configuration, whatever the routers say."""
    life = breaking(start())
    life.loads = loads
    plan = life.cycle()
    assert [(record.kind, record.reason) for record in plan.records] == [(RecordKind.REJECTED, "CircuitBreaker")]
    assert plan.router is None
    assert life.cycle().router is not None
    assert life.published is not None
    now = life.published.intent
    assert (now.split, now.trial, now.serve, now.weight) == (None, None, "current", 0)
    life.loads = True
    status = life.settle()
    assert (status.phase, status.weight) == (Phase.REJECTED, "0%")
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert status.trial.verdict.message.startswith("16 of 20 requests of the candidate failed within 12 s")


@pytest.mark.parametrize(
    "change",
    [
        lambda life: life.count(FIRST_STEP_EPOCH + 1, arms((2_000, 1_800), (2_000, 1_600))),
        lambda life: setattr(life, "ledger", "ledger-2"),
        lambda life: setattr(life, "workloads", {}),
        lambda life: setattr(life, "now", life.now + 3600),
    ],
    ids=["a lift is proven", "evidence is lost", "no pods", "the deadline"],
)
def test_it_is_asked_before_anything_else(change: Callable[[Life], object]) -> None:
    """Nothing that is proven, missing or over speaks for a process that does not answer."""
    life = last_step()
    change(life)
    (record,) = breaking(life).cycle().records
    assert (record.kind, record.reason) == (RecordKind.REJECTED, "CircuitBreaker")


def test_a_recorder_that_is_away_says_nothing_new() -> None:
    """What it said a while ago is no reason now."""
    life = breaking(last_step())
    life.error = "no answer"
    assert life.cycle().records == ()


def test_the_users_own_limits_are_held_to() -> None:
    """16 of 20 within 12 seconds is nothing where a user looks at fifty, or tolerates nine tenths."""
    for limits in ({"minimumRequests": 50}, {"maxErrorRate": "0.9"}):
        life = breaking(stepping(strategy={"canary": {**CANARY["canary"], "circuitBreaker": limits}}))
        assert life.cycle().records == ()
