"""A canary that follows a shadow: which of the two decides is said beforehand, and harm ends a trial in either."""

from typing import Any

from shadowlift.api.ledger import FIRST_STEP_EPOCH, SHADOW_EPOCH, WARM_UP_EPOCH, EpochCounters
from shadowlift.api.record import RecordKind
from shadowlift.api.status import VerdictKind
from shadowlift.stats import cases
from shadowlift.stats.verdict import Reason
from tests.support.world import BETTER, VALUES, WORSE, spec
from tests.unit.rollout.given import CANARY, STEP_S, Life, arms, counting
from tests.unit.rollout.test_canary import intent, kinds, last, shared, verdict

FIRST = FIRST_STEP_EPOCH
BOTH = {"shadow": {"percent": "100%"}, **CANARY}
OUTCOME = {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}]}


def proven(**changes: Any) -> Life:
    """The shadow has proven a lift, and the first step is under way."""
    life = counting(**{"strategy": BOTH, **changes})
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    return life.settled()


def test_a_shadow_that_decides_is_followed_by_steps_and_these_by_the_promotion() -> None:
    """The lift was proven there; the steps only show that nothing else suffers, and ask no question of the outcomes."""
    life = proven()
    assert kinds(life) == ["Started", "Counting", "Stepped"]
    first = life.records[-1]
    assert first.step is not None
    assert (first.reason, first.step.weight, first.step.test) == ("LiftProven", 50, None)
    assert first.case is not None
    assert cases.rule(cases.from_json(first.case)).reason is Reason.LIFT_PROVEN
    life.count(FIRST, arms((10, 5), (190, 152)))
    for _ in range(2):
        life.now += STEP_S
        life.settle()
    assert kinds(life)[2:5] == ["Stepped", "Stepped", "Promoted"]
    end = last(life, RecordKind.PROMOTED)
    assert (end.reason, end.case) == ("StepsPassed", None)
    assert end.evidence is not None
    assert (end.evidence.candidate_units, end.evidence.candidate_mean) == (10, "0.5")


def test_at_a_share_of_all_no_unit_is_currents() -> None:
    """One is a proof that units are not where the records say."""
    steps = [{"weight": "5%", "minimumDuration": "10s"}, {"weight": "100%", "minimumDuration": "10s"}]
    life = proven(strategy={"shadow": {"percent": "100%"}, "canary": {"steps": steps}})
    life.now += STEP_S
    life.settle()
    assert shared(life) == (1000, FIRST + 1)
    life.count(FIRST + 1, arms((50, 40)))
    life.settle()
    assert verdict(life)[1] == "Step"
    life.count(FIRST + 1, arms((50, 40), (1, 1)))
    life.settle()
    assert verdict(life)[:2] == (VerdictKind.HOLD, "SampleRatio")


def test_what_is_proven_waits_for_no_cycle() -> None:
    """The shadow looked at whole ones; the steps ask no question of the lift."""
    life = proven(objective={"outcome": OUTCOME, "cycle": "24h"}, deadline="7d")
    assert kinds(life) == ["Started", "Counting"], "not yet a whole cycle"
    life.now += 24 * 3600 + 6
    life.settle()
    for _ in range(2):
        life.now += STEP_S
        life.settle()
    assert kinds(life)[2:] == ["Stepped", "Stepped", "Promoted"]


def test_copies_end_where_sharing_begins() -> None:
    """A request is copied or shared, never both; the shadow's units may come to the canary."""
    life = proven()
    assert intent(life).shadow is None
    assert shared(life) == (50, FIRST)


def test_what_the_shadow_has_counted_is_not_missed_in_the_canary() -> None:
    """Pairs end where units begin: at no look is that taken for a ledger that has shrunk."""
    life = counting(strategy=BOTH)
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    for _ in range(4):
        life.cycle()
        assert verdict(life)[0] is not VerdictKind.ERROR, verdict(life)
    life.count(FIRST, arms((10, 8), (190, 152)))
    life.cycle()
    life.count(FIRST, arms((10, 8), (189, 152)))
    for _ in range(3):
        life.cycle()
        assert verdict(life)[:2] == (VerdictKind.ERROR, "EvidenceLost"), "it stays so"


def test_a_shadow_that_proves_a_lift_at_the_deadline_takes_no_step() -> None:
    """There is no time for a canary any more: the trial expires, and nobody has met the candidate."""
    life = counting(strategy=BOTH)
    life.now += 3600
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Expired"]


def test_a_canary_that_decides_is_not_spared_by_a_shadow() -> None:
    """A lift between the answers to copies promotes nothing: it only opens the way, once enough pairs are mature."""
    life = counting(strategy=BOTH, objective={"decidedIn": "Canary", "outcome": OUTCOME})
    life.count(SHADOW_EPOCH, EpochCounters(**{**BETTER, "wins": 90, "losses": 0, "ties": 9, "disagreements": 90}))
    life.settle()
    assert verdict(life)[:2] == (VerdictKind.HOLD, "Shadow")
    assert "99 of 100 pairs" in verdict(life)[2]
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.settle()
    stepped = last(life, RecordKind.STEPPED)
    assert (stepped.reason, kinds(life)) == ("ShadowPassed", ["Started", "Counting", "Stepped"])
    assert stepped.step is not None
    assert stepped.step.test is not None


def test_harm_in_the_shadow_ends_a_trial_whoever_decides() -> None:
    """Nobody is sent to a process that is proven to be worse; that it is no better is not the shadow's to say."""
    life = counting(strategy=BOTH, objective={"decidedIn": "Canary", "outcome": OUTCOME})
    even = life.copy()
    life.count(SHADOW_EPOCH, EpochCounters(**WORSE))
    life.settle()
    assert (kinds(life), life.records[-1].reason) == (["Started", "Counting", "Rejected"], "Harm")
    even.count(SHADOW_EPOCH, EpochCounters(wins=300, losses=300, ties=9400, **VALUES))
    even.settle()
    assert kinds(even) == ["Started", "Counting", "Stepped"]


def test_a_reward_may_have_a_shadow_before_its_canary() -> None:
    """Copies bring nothing; what came of current's answers tells what to expect, and the canary decides."""
    reward = {"type": "Reward", "range": {"min": "0", "max": "100"}, "targetLift": "2", "outcome": OUTCOME}
    life = Life(spec=without_prediction(strategy=BOTH, objective=reward)).settled()
    life.count(WARM_UP_EPOCH, EpochCounters(live=200, booked=200, current_values={"": 200}, candidate_values={"": 200}))
    life.settle()
    life.count(SHADOW_EPOCH, EpochCounters(live=99, booked=99, results_by_arm={"current/7": 99}))
    life.settle()
    assert (kinds(life), verdict(life)[1]) == (["Started", "Counting"], "Shadow")
    life.count(SHADOW_EPOCH, EpochCounters(live=100, booked=100, results_by_arm={"current/7": 100}))
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Stepped"]
    assert shared(life) == (50, FIRST)


def without_prediction(**changes: Any) -> dict[str, Any]:
    raw = spec(**changes)
    del raw["prediction"]
    return raw
