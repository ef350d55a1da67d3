"""When a look may promote: at any time, once more at the deadline, and with a cycle after whole cycles only."""

from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.ledger import FIRST_STEP_EPOCH, EpochCounters, RouterReport
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase, VerdictKind
from shadowlift.rollout import gates
from shadowlift.rollout.decide import decide
from shadowlift.rollout.gates import LEAST_CYCLE_SLACK_S, judge
from shadowlift.stats.verdict import Case, Reason, rule
from tests.support.world import BETTER, VALUES
from tests.unit.rollout.given import STEP_S, Life, arms, counting, last_step
from tests.unit.rollout.test_gates import look

DAY = 86_400.0
OUTCOME = {"maturity": "1h", "from": [{"serviceAccount": "outcome-sender"}]}
# Good enough for the exact test at 0.6 alpha (p = 0.0029), not for the e-process at 2.5 / alpha.
CLOSE = EpochCounters(
    live=1000, booked=1000, wins=62, losses=34, ties=904, disagreements=96, labelled=96, **VALUES
)  # fmt: skip


def close_at_deadline(counters: EpochCounters = CLOSE, **objective: Any) -> Life:
    life = counting(objective={"outcome": {**OUTCOME, "maturity": "5s"}, **objective})
    life.count(2, counters)
    life.settle()
    deadline = life.world().deadline
    assert deadline is not None
    life.now = deadline
    return life


def test_the_exact_test_promotes_at_the_deadline() -> None:
    """Not a second before, and the record says by which test."""
    life = close_at_deadline()
    life.now -= 1
    assert judge(look(life)).kind is VerdictKind.HOLD
    life.now += 1
    assert life.settle().phase is Phase.PROMOTED
    record = next(record for record in life.records if record.kind is RecordKind.PROMOTED)
    assert record.reason == "LiftProvenAtDeadline"
    assert record.evidence is not None
    assert record.evidence.deadline_p is not None
    assert float(record.evidence.deadline_p) <= 0.006
    assert record.evidence.deadline_p in record.message
    assert record.case is not None
    assert rule(Case.from_json(record.case)).reason is Reason.LIFT_PROVEN_AT_DEADLINE


def test_without_a_share_the_deadline_is_only_an_end() -> None:
    """Share 0: all of alpha was spent on looking."""
    assert close_at_deadline(deadlineShare="0").settle().phase is Phase.EXPIRED


def test_a_lift_that_is_not_proven_expires() -> None:
    """The exact test has a bar as well."""
    life = close_at_deadline(CLOSE.model_copy(update={"wins": 55, "losses": 41}))
    assert life.settle().phase is Phase.EXPIRED
    assert life.records[-1].evidence is not None
    assert life.records[-1].evidence.deadline_p is not None


def test_a_shut_gate_is_not_opened_by_the_deadline() -> None:
    """Unknown never promotes, at the last look neither."""
    life = close_at_deadline()
    name, workload = next(iter(life.workloads.items()))
    life.workloads[name] = replace(workload, ready=1)
    life.starts = False
    assert life.settle().phase is Phase.EXPIRED


def cycling() -> Life:
    life = counting(objective={"outcome": OUTCOME, "cycle": "24h"}, deadline="7d")
    life.count(2, EpochCounters(**BETTER))
    return life


@pytest.mark.parametrize(
    ("hours", "opens"), [(0.5, False), (12, False), (24, False), (25, True), (26, False), (48.9, False), (49.01, True)]
)
def test_a_promotion_waits_for_whole_cycles(hours: float, opens: bool) -> None:
    """24 h of matured units, which is 25 h after counting began with a maturity of an hour; and again a day later."""
    life = cycling()
    life.now += hours * 3600
    shut = gates.cycles_are_whole(look(life))
    assert (shut is None) is opens
    if shut is not None:
        assert (shut.kind, shut.reason) == (VerdictKind.HOLD, "WithinCycle")


def test_the_wait_for_a_cycle_is_told() -> None:
    """Until the next whole one, in seconds, to within the moments of the trial's start."""
    life = cycling()
    life.now += 13 * 3600
    shut = gates.cycles_are_whole(look(life))
    assert shut is not None
    waits = float(shut.message.split(" in ")[1].removesuffix(" s"))
    assert waits == pytest.approx(12 * 3600, abs=LEAST_CYCLE_SLACK_S)


def test_harm_waits_for_no_cycle() -> None:
    """What hurts is taken away on a bad day, too."""
    life = cycling()
    life.count(2, EpochCounters(**{**BETTER, "wins": 10, "losses": 90}))
    assert life.settle().phase is Phase.REJECTED


def test_giving_up_waits_for_a_whole_cycle() -> None:
    """A bad morning is no reason to give up a good candidate; after the day it is."""
    life = cycling()
    life.count(2, EpochCounters(**{**BETTER, "wins": 300, "losses": 300, "ties": 9400}))
    assert judge(look(life.stood())).reason == "WithinCycle"
    life.now += 25 * 3600
    assert judge(look(life)).reason == "Futility"


def test_without_a_cycle_every_look_counts() -> None:
    """The gate is open."""
    life = counting()
    life.count(2, EpochCounters(**BETTER))
    assert gates.cycles_are_whole(look(life)) is None


@pytest.mark.parametrize("error", ["the recorder has not been asked yet", None])
def test_an_operator_that_starts_at_the_deadline_looks_before_it_ends_anything(error: str | None) -> None:
    """Nothing asked yet, or the trial not known yet: the exact look is made when the evidence is there."""
    life = close_at_deadline()
    seen, life.error = dict(life.counters), error
    if error is None:
        life.counters.clear()
    assert life.settle().phase is Phase.SHADOWING
    life.error, life.counters = None, seen
    assert life.settle().phase is Phase.PROMOTED


@pytest.mark.parametrize(("change", "phase"), [({"paused": True}, Phase.PAUSED), ({"serve": "logreg"}, Phase.EXPIRED)])
def test_the_time_box_ends_whatever_a_person_holds(change: dict[str, Any], phase: Phase) -> None:
    """Paused or overridden: what is proven by then is not promoted, and the trial is over all the same."""
    life = close_at_deadline()
    life.now -= 60
    life.edit(**change)
    life.settle()
    life.now += 120
    assert life.settle().phase is phase
    assert life.records[-1].kind is RecordKind.EXPIRED
    life.edit(paused=False, serve="Auto")
    assert life.settle().phase is Phase.EXPIRED


@pytest.mark.parametrize(
    ("held", "kinds"),
    [
        ({}, ["Promoted"]),
        ({"paused": True}, []),
        ({"serve": "Current"}, []),
        ({"promotion": {"policy": "Manual"}}, ["Proposed"]),
    ],
    ids=["nobody", "paused", "override", "manual"],
)
def test_a_promotion_that_could_not_be_written_does_not_come_before_a_person(held: dict, kinds: list[str]):
    """It was reached, and a quota refused its record for hours; what somebody has asked for meanwhile goes first."""
    life = last_step()
    life.count(FIRST_STEP_EPOCH + 1, arms((2000, 1800), (2000, 1600)))
    life.now += STEP_S
    (record,) = life.plan().records
    life.edit(**held)
    plan = decide(replace(life.observed(), undecided=record), life.now)
    assert [written.kind.value for written in plan.records] == kinds


def test_a_loss_is_as_old_as_the_recorders_clock_says():
    """It noted the loss; that ours is two minutes ahead makes it no older."""
    life = counting()
    life.count(2, EpochCounters(**BETTER))
    behind = life.now - 120
    life.routers_report(RouterReport(uid="uid-r-1", last_seen=0, low=0, last_loss=round(behind * 1e6)))
    seen = life.observed()
    ahead = replace(seen, evidence=replace(seen.evidence, at=behind + 1))
    assert [record.kind for record in decide(seen, life.now).records] == [RecordKind.PROMOTED]
    assert decide(ahead, life.now).records == ()
