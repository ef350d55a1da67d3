"""What ends a shadow must have stood for a while: a bad moment of the candidate's pods passes, and a worse candidate does not."""

import pytest

from shadowlift.api.ledger import SHADOW_EPOCH, EpochCounters
from shadowlift.api.status import Phase, Verdict, VerdictKind
from tests.support.world import BETTER, REJECT_AFTER_S, WORSE
from tests.unit.rollout import test_rivals as rivals
from tests.unit.rollout.given import SENDERS, Life, counting

MATURITY_S = 5
MANUAL = {"policy": "Manual"}
BURST = {**BETTER, "wins": 0, "losses": 33, "ties": 100, "candidate_failed": 33}
PASSED = {**BETTER, "wins": 60, "losses": 45, "ties": 1900}  # not proven yet, and far from harm
FUTILE = {**BETTER, "wins": 300, "losses": 300, "ties": 9400}


def counted(counters: dict, life: Life | None = None) -> Life:
    """These pairs have come, and were looked at once."""
    life = life or counting()
    life.count(SHADOW_EPOCH, EpochCounters(**counters))
    life.cycle()
    return life


def said(life: Life) -> Verdict:
    """The last look."""
    assert life.status is not None
    assert life.status.trial is not None
    assert life.status.trial.verdict is not None
    return life.status.trial.verdict


def ends(life: Life) -> list[str]:
    """What was decided after counting began."""
    return [record.kind.value for record in life.records[2:]]


@pytest.mark.parametrize("counters", [WORSE, FUTILE], ids=["Harm", "Futility"])
def test_a_rejection_comes_when_it_has_stood_long_enough(counters: dict) -> None:
    """The look before says what will be, and since when; the operator comes back for it also if nothing happens meanwhile."""
    life = counted(counters)
    began = life.rejecting_since
    assert (said(life).kind, said(life).reason) == (VerdictKind.HOLD, "Confirming")
    assert said(life).message.startswith("a rejection once this has stood for 1m: ")
    assert life.last is not None
    assert life.last.requeue_after == pytest.approx(REJECT_AFTER_S, abs=1)
    life.now = began + REJECT_AFTER_S - 0.1
    life.cycle()
    assert (life.rejecting_since, ends(life)) == (began, [])
    life.now = began + REJECT_AFTER_S
    life.cycle()
    assert ends(life) == ["Rejected"]


def test_a_burst_of_failures_passes() -> None:
    """33 failures in a row prove harm; the two thousand pairs after them tell another story, and the lift has its chance."""
    life = counted(BURST)
    assert said(life).reason == "Confirming"
    counted(PASSED, life)
    assert (said(life).reason, life.rejecting_since) == ("NotProven", 0.0)
    life.now += REJECT_AFTER_S
    counted({**PASSED, "losses": 400}, life)
    assert said(life).reason == "Confirming", "what was over begins anew"
    counted({**BETTER, "wins": 300, "losses": 40, "ties": 4000}, life)
    assert ends(life) == ["Promoted"]


def test_a_look_without_evidence_begins_it_anew() -> None:
    """Nobody knows what would have been seen while the recorder was away."""
    life = counted(WORSE)
    life.now += REJECT_AFTER_S
    life.error = "the recorder does not answer"
    life.cycle()
    life.error = None
    life.cycle()
    assert (said(life).reason, ends(life)) == ("Confirming", [])


def test_of_several_each_has_its_own_time() -> None:
    """One that is worse from now on is dropped a minute from now, whatever was said of another."""
    life = rivals.seen(rivals.counting(), WORSE, rivals.SOME)
    life.cycle()
    life.now += REJECT_AFTER_S - 1
    rivals.seen(life, WORSE, WORSE).cycle()
    assert rivals.ends(life) == []
    life.now += 1
    life.cycle()
    assert rivals.ends(life) == [("Dropped", "logreg")]
    life.cycle()
    assert rivals.ends(life) == [("Dropped", "logreg")]
    life.now += REJECT_AFTER_S
    life.cycle()
    assert rivals.ends(life) == [("Dropped", "logreg"), ("Dropped", "boosted")]


@pytest.mark.parametrize("asked", [{"policy": "Automatic"}, MANUAL], ids=["nobody is asked any more", "approved"])
def test_a_proposal_is_not_granted_while_a_rejection_stands(asked: dict) -> None:
    """What was proven yesterday is harmful today: nobody is sent there in the minute until that is certain."""
    life = counted(BETTER, counting(promotion=MANUAL))
    life.settle()
    assert ends(life) == ["Proposed"]
    life.edit(promotion={**asked, **({"approve": life.trial} if asked is MANUAL else {})})
    counted({**BETTER, "wins": 90, "losses": 400}, life)
    assert (said(life).reason, ends(life)) == ("Confirming", ["Proposed"])
    assert life.settle().phase is Phase.REJECTED


def test_a_guardrail_waits_for_no_cycle() -> None:
    """Not even where giving up would: its harm is proven whatever the time of day."""
    life = counting(
        objective={"outcome": SENDERS, "cycle": "24h"},
        deadline="7d",
        guardrails=[{"name": "errors", "type": "ErrorRate", "maxIncrease": "0.01"}],
    )
    failing = {
        "failures_by_arm": {"candidate": 400, "current": 10},
        "units_by_arm": {"candidate": 10_000, "current": 10_000},
    }
    counted({**FUTILE, **failing}, life)
    assert said(life).reason == "Confirming"
    life.settle()
    assert (ends(life), life.records[-1].reason) == (["Rejected"], "Guardrail")


def test_the_time_runs_while_a_cycle_is_waited_for() -> None:
    """At the end of the cycle the rejection has stood for hours."""
    life = counted(FUTILE, counting(objective={"outcome": SENDERS, "cycle": "24h"}, deadline="7d"))
    assert said(life).reason == "WithinCycle"
    life.now += 24 * 3600 + MATURITY_S
    life.cycle()
    assert ends(life) == ["Rejected"]
