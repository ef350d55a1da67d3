"""What ends a shadow must have stood for a while: a bad moment of the candidate's pods passes, and a worse candidate does not."""

from collections.abc import Callable

import pytest

from shadowlift.api.ledger import FIRST_STEP_EPOCH, SHADOW_EPOCH, WARM_UP_EPOCH, EpochCounters
from shadowlift.api.status import Phase, VerdictKind
from tests.support.world import BETTER, REJECT_AFTER_S, WORSE
from tests.unit.rollout import test_rivals as rivals
from tests.unit.rollout.given import CANARY, SENDERS, WARM, Life, arms, counting
from tests.unit.rollout.test_canary import kinds, verdict

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


def ends(life: Life) -> list[str]:
    """What was decided after counting began."""
    return kinds(life)[2:]


@pytest.mark.parametrize("counters", [WORSE, FUTILE], ids=["Harm", "Futility"])
def test_a_rejection_comes_when_it_has_stood_long_enough(counters: dict) -> None:
    """The look before says what will be, and since when; the operator comes back for it also if nothing happens meanwhile."""
    life = counted(counters)
    began = life.rejecting_since
    assert verdict(life)[:2] == (VerdictKind.HOLD, "Confirming")
    assert "stood for 5m, at every look; it would be a rejection: " in verdict(life)[2]
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
    assert verdict(life)[1] == "Confirming"
    counted(PASSED, life)
    assert (verdict(life)[1], life.rejecting_since) == ("NotProven", 0.0)
    life.now += REJECT_AFTER_S
    counted({**PASSED, "losses": 400}, life)
    assert verdict(life)[1] == "Confirming", "what was over begins anew"
    counted({**BETTER, "wins": 1400, "losses": 420, "ties": 20_000}, life)
    assert ends(life) == ["Promoted"]


def away(life: Life) -> None:
    life.error = "the recorder does not answer"
    life.cycle()
    life.error = None


def pausing(life: Life) -> None:
    life.edit(paused=True)
    life.cycle()
    life.edit(paused=None)


def overriding(life: Life) -> None:
    life.edit(serve="logreg")
    life.settle()
    life.edit(serve="Auto")


def unreadable(life: Life) -> None:
    before = life.spec
    life.edit(deadline="soon")
    life.cycle()
    life.edit(**before)


@pytest.mark.parametrize("interrupt", [away, pausing, overriding, unreadable])
@pytest.mark.parametrize("several", [False, True], ids=["one candidate", "three"])
def test_a_look_without_evidence_begins_it_anew(interrupt: Callable[[Life], None], several: bool) -> None:
    """Nobody knows what would have been seen meanwhile, whether or not evidence has grown."""
    life = rivals.seen(rivals.counting(), WORSE, rivals.SOME) if several else counting()
    counted(WORSE, life)
    assert life.rejecting_since
    life.now += REJECT_AFTER_S / 2
    interrupt(life)
    life.now += REJECT_AFTER_S / 2
    for _ in range(5):  # until copies are made again
        life.cycle()
    assert ends(life) == []
    assert life.rejecting_since >= life.now - 5
    life.settle()
    assert ends(life)[0] == ("Dropped" if several else "Rejected")


def test_another_attempt_begins_it_anew() -> None:
    """What was said of another trial is said of other pairs."""
    life = counted(WORSE)
    life.edit(trial="2")
    life.now += REJECT_AFTER_S
    life.settle()
    life.count(WARM_UP_EPOCH, WARM)
    life.settle()
    counted(WORSE, life)
    assert (verdict(life)[1], life.rejecting_since) == ("Confirming", pytest.approx(life.now, abs=1))


def test_who_needs_no_certainty_says_so() -> None:
    """`rejectAfter: 0s` acts at the first look."""
    assert ends(counted(WORSE, counting(strategy={"shadow": {"rejectAfter": "0s"}}))) == ["Rejected"]


def test_at_the_deadline_what_has_not_stood_expires() -> None:
    """The record says what was about to be."""
    life = counting()
    life.now += 3600 - REJECT_AFTER_S / 2
    counted(WORSE, life)
    life.now += REJECT_AFTER_S / 2
    life.settle()
    assert ends(life) == ["Expired"]
    assert "Hold/Confirming" in life.records[-1].message
    assert "proven worse" in life.records[-1].message


def test_no_step_is_taken_meanwhile_and_none_is_waited_with() -> None:
    """A shadow that only passes to a canary waits as well; in a step clients meet the candidate, and its harm ends it at that look."""
    both = {"shadow": {"percent": "100%"}, **CANARY}
    life = counted(WORSE, counting(strategy=both, objective={"decidedIn": "Canary", "outcome": SENDERS}))
    assert (verdict(life)[1], ends(life)) == ("Confirming", [])
    life.now += REJECT_AFTER_S
    life.cycle()
    assert ends(life) == ["Rejected"]
    life = counted(BETTER, counting(strategy=both, objective={"decidedIn": "Canary", "outcome": SENDERS})).settled()
    assert ends(life) == ["Stepped"]
    life.count(FIRST_STEP_EPOCH, arms((400, 40), (8000, 7000)))
    life.cycle()
    assert ends(life) == ["Stepped", "Rejected"]


def test_of_several_each_has_its_own_time() -> None:
    """One that is worse from now on is dropped that long from now, whatever was said of another."""
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


def test_of_several_the_operator_comes_back_for_each() -> None:
    """Also for one that does not speak for the trial."""
    life = rivals.seen(rivals.counting(), rivals.SOME, WORSE)
    life.cycle()
    assert verdict(life)[1] == "NotProven"
    assert life.last is not None
    assert life.last.requeue_after == pytest.approx(REJECT_AFTER_S, abs=1)


def test_who_was_chosen_of_several_is_judged_by_its_own_looks() -> None:
    """Once one goes on alone, what status said of all of them is the past."""
    life = rivals.seen(
        rivals.counting(promotion=MANUAL), rivals.SOME, BETTER, boosted_over_logreg=rivals.BEATS
    ).settled()
    assert rivals.ends(life) == [("Proposed", "boosted")]
    rivals.seen(life, rivals.SOME, {**BETTER, "wins": 90, "losses": 400, "ties": 9510}).cycle()
    assert verdict(life)[1] == "Confirming"
    life.now += REJECT_AFTER_S
    life.cycle()
    assert rivals.ends(life) == [("Proposed", "boosted"), ("Rejected", "boosted")]


@pytest.mark.parametrize("asked", [{"policy": "Automatic"}, MANUAL], ids=["nobody is asked any more", "approved"])
def test_a_proposal_is_not_granted_while_a_rejection_stands(asked: dict) -> None:
    """What was proven yesterday is harmful today: nobody is sent there until that is certain."""
    life = counted(BETTER, counting(promotion=MANUAL))
    life.settle()
    assert ends(life) == ["Proposed"]
    life.edit(promotion={**asked, **({"approve": life.trial} if asked is MANUAL else {})})
    counted({**BETTER, "wins": 90, "losses": 400}, life)
    assert (verdict(life)[1], ends(life)) == ("Confirming", ["Proposed"])
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
    assert verdict(life)[1] == "Confirming"
    life.settle()
    assert (ends(life), life.records[-1].reason) == (["Rejected"], "Guardrail")


def test_the_time_runs_while_a_cycle_is_waited_for() -> None:
    """At the end of the cycle the rejection has stood for hours."""
    life = counted(FUTILE, counting(objective={"outcome": SENDERS, "cycle": "24h"}, deadline="7d"))
    assert verdict(life)[1] == "WithinCycle"
    life.now += 24 * 3600 + MATURITY_S
    life.cycle()
    assert ends(life) == ["Rejected"]
