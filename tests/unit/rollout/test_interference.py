"""Interference: current is watched alone, then its requests are copied, and it may not be worse off for that."""

from bisect import bisect_left
from typing import Any

import pytest

from shadowlift.api.ledger import SHADOW_EPOCH, WARM_UP_EPOCH, WATCH_EPOCH, EpochCounters
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from shadowlift.stats.threshold import LADDER
from tests.support.world import BETTER, spec
from tests.unit.rollout.given import VALUES, Life

GUARD = {"name": "mirror", "type": "Interference", "maxIncrease": "50%"}
FAST, SLOW = bisect_left(LADDER, 10_000), bisect_left(LADDER, 80_000)  # microseconds


def answers(fast: int, slow: int, failed: int = 0) -> dict[str, Any]:
    """Answers of current by how long they took."""
    times = {f"current/{FAST}": fast, f"current/{SLOW}": slow}
    return {"units_by_arm": {"current": fast + slow}, "failures_by_arm": {"current": failed}, "latency_by_arm": times}


def alone(fast: int = 1960, slow: int = 40) -> EpochCounters:
    return EpochCounters(live=fast + slow, booked=fast + slow, **answers(fast, slow))


def warm(fast: int, slow: int, failed: int = 0) -> EpochCounters:
    n = fast + slow
    compared = {"current_values": VALUES, "candidate_values": VALUES}
    return EpochCounters(live=n, booked=n, ties=90, disagreements=10, **compared, **answers(fast, slow, failed))


def watched(**changes: Any) -> Life:
    """Current is watched alone, and nothing is known of it."""
    return Life(spec=spec(guardrails=[GUARD], **changes)).settled()


def copied(**changes: Any) -> Life:
    """Its requests are copied."""
    life = watched(**changes)
    life.count(WATCH_EPOCH, alone())
    return life.settled()


def test_nothing_is_copied_before_current_is_known() -> None:
    """The routers count at weight 0, in phase Shadowing."""
    life = watched()
    assert life.status is not None
    assert life.status.trial is not None
    assert life.published is not None
    assert (life.status.phase, life.status.weight) == (Phase.SHADOWING, "0%")
    assert life.published.intent.shadow is None
    assert life.published.intent.split is not None
    assert life.published.intent.split.weight == 0
    assert life.published.intent.trial is not None
    assert life.published.intent.trial.alone, "current is to be seen as it will be beside copies"
    assert [epoch.number for epoch in life.status.trial.epochs] == [WATCH_EPOCH]
    verdict = life.status.trial.verdict
    assert verdict is not None
    assert (verdict.kind, verdict.reason) == ("Hold", "Watch")
    assert verdict.message == "0 of 2000 answers of current are timed while nothing is copied"
    life.count(WATCH_EPOCH, alone(1900, 99))
    life.settle()
    assert life.published.intent.shadow is None


def test_once_known_it_is_written_down_and_requests_are_copied() -> None:
    """One record with limit and bars; then the warm-up begins."""
    life = copied()
    assert life.published is not None
    assert life.status is not None
    assert life.status.trial is not None
    assert life.published.intent.trial is not None
    assert not life.published.intent.trial.alone
    record = life.records[-1]
    assert (record.kind, record.suffix) == (RecordKind.WATCHED, f"{life.trial}-watched")
    [guard] = record.watched or []
    assert (guard.name, guard.kind) == ("mirror", "Interference")
    assert float(guard.harm.limit or 0) == LADDER[FAST]
    assert 1.5 * 0.02 < float(guard.harm.null) < 1.5 * 0.04
    assert life.published.intent.shadow is not None
    assert life.published.intent.split is None
    assert [epoch.number for epoch in life.status.trial.epochs] == [WATCH_EPOCH, WARM_UP_EPOCH]


def test_worse_off_stops_the_copies_in_the_warm_up_already() -> None:
    """A hundred first pairs are not waited for."""
    life = copied()
    life.count(WARM_UP_EPOCH, warm(50, 30))
    status = life.settle()
    assert status.phase is Phase.REJECTED
    assert life.published is not None
    assert life.published.intent.shadow is None
    assert (life.records[-1].kind, life.records[-1].reason) == (RecordKind.REJECTED, "Interference")
    assert "current is worse off while its requests are copied: 30 of 80 answers" in life.records[-1].message


@pytest.mark.parametrize("worse", [warm(200, 40), warm(240, 0, failed=40)], ids=["slow", "failed"])
def test_slow_and_failed_are_alike(worse: EpochCounters) -> None:
    """Both are answers that clients do not want."""
    life = copied()
    life.count(WARM_UP_EPOCH, worse)
    assert life.settle().phase is Phase.REJECTED


def test_less_than_before_is_no_harm_and_in_time_safe() -> None:
    """Shown as Safe."""
    life = copied()
    life.count(WARM_UP_EPOCH, warm(98, 2))
    life.settle()
    assert life.records[-1].kind is RecordKind.COUNTING
    life.count(SHADOW_EPOCH, EpochCounters(live=20_000, **answers(19_900, 100)))
    status = life.settle()
    assert status.trial is not None
    assert [(guard.name, guard.safety) for guard in status.trial.guardrails] == [("mirror", "Safe")]


def test_a_promotion_does_not_wait_for_it() -> None:
    """After a promotion nothing is copied."""
    life = copied()
    life.count(WARM_UP_EPOCH, warm(98, 2))
    life.settle()
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    assert life.settle().phase is Phase.PROMOTED


def test_a_pause_does_not_keep_the_harm() -> None:
    """Who asks for a pause does not ask for slow answers."""
    life = copied()
    life.edit(paused=True)
    life.settle()
    life.count(WARM_UP_EPOCH, warm(50, 30))
    life.settle()
    assert life.records[-1].reason == "Interference"
    assert life.published is not None
    assert life.published.intent.shadow is None


def test_a_current_that_is_bad_alone_cannot_be_watched() -> None:
    """There is no room above its share; the verdict says so."""
    life = watched()
    life.count(WATCH_EPOCH, EpochCounters(live=2000, booked=2000, **answers(2000, 0, failed=1500)))
    status = life.settle()
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert status.trial.verdict.reason == "Watch"
    assert "leaves no room for 50% more" in status.trial.verdict.message


def test_the_time_box_ends_a_watch() -> None:
    """A watch without traffic is not for ever."""
    life = watched(deadline="1h")
    life.now += 3700
    assert life.settle().phase is Phase.EXPIRED
