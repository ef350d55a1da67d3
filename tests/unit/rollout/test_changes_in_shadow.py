"""What changes while a candidate is in a shadow: of the tables in `docs/explanation/changes-in-mid-trial.md`, what no other file shows."""

from collections.abc import Callable
from typing import Any

import pytest

from shadowlift.api.ledger import SHADOW_EPOCH, WARM_UP_EPOCH, EpochCounters
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from tests.support.world import BETTER, WORSE
from tests.unit.rollout.given import (
    CANARY,
    OTHER_CONTENT,
    OTHER_QUESTION,
    WARM,
    Life,
    counting,
    created_again,
)
from tests.unit.rollout.test_canary import intent, kinds, verdict
from tests.unit.rollout.test_decide import second
from tests.unit.rollout.test_probation import MANUAL

SHADOW = {"shadow": {"percent": "100%"}}
YES: dict[str, Callable[[str], dict[str, Any]]] = {  # a person's, once that trial is proposed
    "Automatic again": lambda _: {"policy": "Automatic"},
    "approved": lambda trial: {**MANUAL, "approve": trial},
}


def copied(life: Life) -> tuple[bool, int | None]:
    """Whether requests are copied, and in which epoch."""
    now = intent(life)
    return now.shadow is not None, now.trial.epoch if now.trial else None


def salt(life: Life) -> str:
    """By what the routers give units to arms."""
    now = intent(life).trial
    assert now is not None
    return now.salt


def attempts(life: Life) -> list[tuple[int, float]]:
    """Number and error rate of each trial that has begun."""
    return [(record.terms.attempt, record.terms.alpha) for record in life.records if record.terms]


@pytest.mark.parametrize("field", ["steps", "failOpen", "circuitBreaker"])
def test_another_canary_to_come_is_another_trial(field: str) -> None:
    """What was planned is frozen from the beginning, long before the first step."""
    life = counting(strategy={**SHADOW, **CANARY})
    life.edit(strategy={**SHADOW, **OTHER_QUESTION[field]["strategy"]})
    (record,) = life.cycle().records
    assert (record.kind, record.reason) == (RecordKind.ABANDONED, "SpecChanged")
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Abandoned", "Started"]
    assert copied(life) == (True, WARM_UP_EPOCH)


@pytest.mark.parametrize("change", [OTHER_CONTENT["another image"], OTHER_QUESTION["trial"]], ids=["image", "trial"])
def test_copies_end_at_once_where_a_paused_trial_is_another_one(change: dict[str, Any]) -> None:
    """Copies would answer a question that nobody asks any more; the record waits for the end of the pause."""
    life = counting()
    life.edit(paused=True, **change)
    assert life.cycle().router is not None
    assert (copied(life), intent(life).serve) == ((False, None), "current")
    life.settle()
    assert kinds(life) == ["Started", "Counting"]


def test_serve_current_holds_a_promotion_and_auto_lets_it_through() -> None:
    """The same trial goes on: its copies are compared with current either way."""
    life = counting()
    life.edit(serve="Current")
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.settle()
    assert (kinds(life), verdict(life)[1]) == (["Started", "Counting"], "ServeOverride")
    assert copied(life) == (True, SHADOW_EPOCH)
    life.edit(serve="Auto")
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Promoted"]


def test_serve_current_keeps_no_harm() -> None:
    """Who wants current wants nothing of a candidate that is proven to be worse."""
    life = counting()
    life.edit(serve="Current")
    life.count(SHADOW_EPOCH, EpochCounters(**WORSE))
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Rejected"]


def test_serve_current_takes_an_earlier_promotion_back_and_the_trial_with_it() -> None:
    """What was measured against does not serve any more: the evidence says nothing about current."""
    life = second()
    life.count(WARM_UP_EPOCH, WARM)
    life.settle()
    life.edit(serve="Current")
    life.settle()
    ends = [(record.kind.value, record.reason, record.candidate) for record in life.records[-3:]]
    assert ends == [
        ("RolledBack", "ServeCurrent", "logreg"),
        ("Abandoned", "BaselineChanged", "boost"),
        ("Started", "TrialStarted", "boost"),
    ]
    assert life.records[-1].terms is not None
    assert life.records[-1].terms.against == life.world().current.identity
    assert intent(life).serve == "current"


def test_an_override_of_a_trial_serves_the_candidate_and_auto_goes_on_with_it() -> None:
    """No proof and no record: copies would compare the candidate with itself, so there are none, and the trial waits."""
    life = counting()
    before, trial = kinds(life), life.trial
    life.edit(serve="logreg")
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    assert life.settle().phase is Phase.PENDING
    progressing = life.condition("Progressing")
    assert progressing is not None
    assert progressing.reason == "ServeOverride"
    assert (copied(life), intent(life).serve, kinds(life)) == ((False, None), "candidate", before)
    life.count(SHADOW_EPOCH, EpochCounters())
    life.edit(serve="Auto")
    life.settle()
    assert (copied(life), intent(life).serve) == ((True, SHADOW_EPOCH), "current")
    assert (kinds(life), life.trial) == (before, trial)


@pytest.mark.parametrize("yes", YES.values(), ids=YES)
def test_who_promotes_is_asked_at_the_next_look(yes: Callable[[str], dict[str, Any]]) -> None:
    """Manual in mid-trial: what is proven is proposed, and promoted by a person or when nobody is to be asked any more."""
    life = counting()
    life.edit(promotion=MANUAL)
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.settle()
    assert (kinds(life)[2:], copied(life)) == (["Proposed"], (True, SHADOW_EPOCH))
    life.edit(promotion=yes(life.trial))
    life.settle()
    assert (kinds(life)[2:], intent(life).serve) == (["Proposed", "Promoted"], "candidate")


def test_a_probation_that_is_asked_for_in_mid_trial_counts_when_it_is_promoted() -> None:
    """Its terms are those of the spec at that moment, and the trial is none of their business."""
    life = counting()
    life.edit(promotion={"probation": {"duration": "2h", "holdback": "10%"}})
    life.settle()
    assert kinds(life) == ["Started", "Counting"]
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    life.settle()
    terms = life.records[-1].probation
    assert terms is not None
    assert (kinds(life)[2:], terms.seconds, intent(life).weight) == (["Promoted"], 7200, 900)


def test_created_again_it_is_the_first_attempt_of_another_trial() -> None:
    """Nothing of the first one counts, though the recorder still has it; and nobody is recognised."""
    life = counting()
    life.count(SHADOW_EPOCH, EpochCounters(**BETTER))
    again = created_again(life).settled()
    assert (kinds(again), attempts(again), copied(again)) == (["Started"], [(1, 0.01)], (True, WARM_UP_EPOCH))
    assert again.trial != life.trial
    assert salt(again) != salt(life)
