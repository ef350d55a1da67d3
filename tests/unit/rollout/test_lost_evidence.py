"""A ledger that is another one, or has shrunk: what is counted there afterwards proves nothing."""

from typing import Any

import pytest

from shadowlift.api.ledger import FIRST_STEP_EPOCH, SHADOW_EPOCH, WATCH_EPOCH, EpochCounters
from shadowlift.api.status import VerdictKind
from tests.support.world import BETTER, VALUES
from tests.unit.rollout.given import arms, counting, stepping
from tests.unit.rollout.test_canary import kinds, shared, verdict

SOME = {"wins": 20, "losses": 12, "ties": 968, "disagreements": 32, **VALUES}  # neither proven nor given up


@pytest.mark.parametrize("regrown", [BETTER, {**BETTER, "wins": 0}], ids=["more than before", "less than before"])
def test_a_trial_whose_evidence_has_a_hole_is_given_up(regrown: dict[str, Any]) -> None:
    """Whatever is counted afterwards: a ledger that was restored from a copy lacks what came after the copy."""
    life = counting()
    life.count(SHADOW_EPOCH, EpochCounters(**SOME))
    life.settle()
    life.now += 300
    life.count(SHADOW_EPOCH, EpochCounters(**{**SOME, "ties": SOME["ties"] - 1}))
    life.cycle()
    assert (kinds(life)[-1], life.records[-1].reason) == ("Abandoned", "EvidenceLost")
    lost = life.trial
    life.count(SHADOW_EPOCH, EpochCounters(**regrown))
    life.settle()
    assert kinds(life)[-2:] == ["Abandoned", "Started"], "a trial of its own, with evidence of its own"
    assert life.trial != lost
    assert life.status is not None
    assert life.status.trial is not None
    assert life.status.trial.attempt == 2


def test_a_canary_whose_evidence_has_a_hole_gives_its_units_back() -> None:
    """By the very next configuration: nobody stays with a candidate of which less is known than was."""
    life = stepping()
    life.count(FIRST_STEP_EPOCH, arms((10, 8), (190, 152)))
    life.cycle()
    assert shared(life)[0] == 50
    life.now += 300
    life.count(FIRST_STEP_EPOCH, arms((10, 8), (189, 152)))
    life.cycle()
    assert (kinds(life)[-1], life.records[-1].reason) == ("Abandoned", "EvidenceLost")
    life.cycle()
    assert (kinds(life)[-1], shared(life)[0]) == ("Started", 50)
    life.cycle()
    assert shared(life) == (0, WATCH_EPOCH)


def test_an_answer_that_an_earlier_operator_saw_is_no_hole() -> None:
    """The successor's first answer may be the older one: for some seconds nothing is decided, and nothing is given up."""
    life = counting()
    life.count(SHADOW_EPOCH, EpochCounters(**SOME))
    life.settle()
    life.count(SHADOW_EPOCH, EpochCounters(**{**SOME, "ties": SOME["ties"] - 1}))
    life.cycle()
    assert verdict(life)[:2] == (VerdictKind.ERROR, "EvidenceLost")
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.cycle()
    assert kinds(life)[-1] == "Promoted"


def test_another_ledger_ends_no_trial() -> None:
    """The right one may come back, and then nothing was lost."""
    life = counting()
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.ledger = "ledger-2"
    for _ in range(3):
        life.now += 300
        life.cycle()
        assert verdict(life)[:2] == (VerdictKind.ERROR, "EvidenceLost")
    assert kinds(life)[-1] == "Counting"
    life.ledger = "ledger-1"
    life.cycle()
    assert kinds(life)[-1] == "Promoted"
