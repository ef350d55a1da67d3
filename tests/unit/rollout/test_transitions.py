"""What a changed spec no longer supports ends by a record, whatever the phase; and nothing else does."""

from collections.abc import Callable

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from tests.support.world import BETTER, WORSE
from tests.unit.rollout.given import WARM, Life, counting, promoted, warming

BENTO = {"image": "logreg:1", "replicas": 2}
OTHER = [{"name": "logreg", "bento": {**BENTO, "image": "logreg:2"}}]


def kinds(life: Life) -> list[str]:
    return [record.kind.value for record in life.records]


@pytest.mark.parametrize(
    "change",
    [
        {"candidates": OTHER},
        {"candidates": [{"name": "other", "bento": BENTO}]},
        {"candidates": [{"name": "logreg", "bento": {**BENTO, "env": [{"name": "A", "value": "1"}]}}]},
        {"current": {"service": {"name": "rules", "port": 8080}, "revision": "2"}},
        {"current": {"service": {"name": "rules", "port": 8080}, "prediction": {"header": "x-p"}}},
        {"prediction": {"body": "diagnosis"}},
        {"unit": {"header": "x-user-id"}},
        {
            "objective": {
                "targetLift": "0.03",
                "outcome": {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}]},
            }
        },
        {"answerWithin": "400ms"},
        {"deadline": "2h"},
        {"trial": "2"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_frozen_field_ends_the_trial_without_a_verdict(change: dict):
    """Evidence for one question is never used for another: the trial is abandoned, and a new one begins."""
    life = counting()
    life.edit(**change)
    (record,) = life.cycle().records
    assert (record.kind, record.reason, record.trial) == (RecordKind.ABANDONED, "SpecChanged", life.records[0].trial)
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Abandoned", "Started"]
    assert life.records[3].trial != life.records[0].trial


@pytest.mark.parametrize(
    "change",
    [
        {"paused": True},
        {"serve": "Current"},
        {"serve": "logreg"},
        {"promotion": {"policy": "Automatic"}},
        {"router": {"replicas": 3}},
        {"service": {"port": 80}},
        {"candidates": [{"name": "logreg", "bento": {**BENTO, "replicas": 5}}]},
    ],
    ids=str,
)
def test_a_free_field_ends_nothing(change: dict):
    """How many run, who serves for now, and where clients call is nobody's evidence."""
    life = counting()
    life.edit(**change)
    life.settle()
    assert kinds(life) == ["Started", "Counting"]


def test_a_change_while_paused_ends_the_trial_only_on_resume():
    """Paused decides nothing."""
    life = counting()
    life.edit(paused=True, candidates=OTHER)
    life.settle()
    assert kinds(life) == ["Started", "Counting"]
    life.edit(paused=False)
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Abandoned", "Started"]


def test_a_change_taken_back_is_a_new_attempt():
    """The records remember: looking again at the same candidate costs alpha, also after an abandoned trial."""
    life = counting()
    life.edit(trial="2")
    life.settle()
    life.edit(trial="1")
    life.settle()
    assert kinds(life) == ["Started", "Counting", "Abandoned", "Started", "Abandoned", "Started"]
    starts = [record.terms for record in life.records if record.terms]
    assert [terms.attempt for terms in starts] == [1, 2, 3]
    assert [terms.alpha for terms in starts] == [0.01, 0.005, 0.0025]


def test_another_content_starts_at_full_alpha():
    """Attempts count per content: another model is another question."""
    life = counting()
    life.edit(candidates=OTHER)
    life.settle()
    assert life.records[-1].terms is not None
    assert (life.records[-1].terms.attempt, life.records[-1].terms.alpha) == (1, 0.01)


@pytest.mark.parametrize(
    ("current", "reason"),
    [
        ({"bento": BENTO}, "Adopted"),
        ({"bento": {**BENTO, "image": "other:1"}}, "CurrentChanged"),
        ({"service": {"name": "rules", "port": 8080}, "revision": "2"}, "CurrentChanged"),
        ({"service": {"name": "rules", "port": 9090}}, "CurrentChanged"),
        ({"service": {"name": "vendor", "port": 8080}}, "CurrentChanged"),
    ],
)
def test_a_changed_current_supersedes_a_promotion(current: dict, reason: str):
    """Git stays true: the promotion ends by a record that says whether it was adopted."""
    life = promoted()
    life.edit(current=current)
    (record,) = life.cycle().records
    assert (record.kind, record.reason) == (RecordKind.SUPERSEDED, reason)
    assert life.cycle().records == () or life.records[-1].kind is not RecordKind.SUPERSEDED


def test_how_current_answers_is_not_what_it_is():
    """Another place of the prediction in current's answer does not take a promotion back."""
    life = promoted()
    life.edit(current={"service": {"name": "rules", "port": 8080}, "prediction": {"header": "x-p"}})
    life.settle()
    assert "Superseded" not in kinds(life)


def test_serve_current_takes_a_promotion_back_once_and_for_good():
    """The roll-back is a record: Auto afterwards does not promote again, a new trial may."""
    life = promoted()
    life.edit(serve="Current")
    (record,) = life.cycle().records
    assert (record.kind, record.reason) == (RecordKind.ROLLED_BACK, "ServeCurrent")
    assert life.status is not None
    assert life.status.trial is not None
    assert life.status.trial.verdict is not None
    assert life.status.trial.verdict.reason == "LiftProven", "that somebody took it back says nothing of the candidate"
    for serve in ("Current", "Auto", "Current"):
        life.edit(serve=serve)
        life.settle()
    assert kinds(life).count("RolledBack") == 1
    assert life.plan().status.phase is Phase.REJECTED
    life.edit(serve="Auto", trial="2")
    life.settle()
    assert kinds(life)[-1] == "Started"


@pytest.mark.parametrize("start", [warming, counting])
def test_serve_current_without_a_promotion_records_nothing(start: Callable[[], Life]):
    """There is nothing to take back."""
    life = start()
    before = kinds(life)
    life.edit(serve="Current")
    life.settle()
    assert kinds(life) == before


@pytest.mark.parametrize(("counters", "end"), [(BETTER, "Promoted"), (WORSE, "Rejected")])
def test_a_verdict_is_written_once(counters: dict, end: str):
    """However often it is looked at afterwards, and whatever the counters say then."""
    life = counting()
    life.count(2, EpochCounters(**counters))
    life.settle()
    life.count(2, EpochCounters(**(WORSE if counters is BETTER else BETTER)))
    life.settle()
    assert kinds(life) == ["Started", "Counting", end]


def test_the_deadline_counts_from_loading_and_ends_a_silent_trial():
    """No pair, no recorder: the time box ends it all the same, a little later, with the last look in the message."""
    life = warming()
    life.error = "the recorder does not answer"
    life.now += 3600
    life.settle()
    assert kinds(life) == ["Started"], "what nobody has looked at is given ten minutes"
    life.now += 600
    life.settle()
    assert kinds(life) == ["Started", "Expired"]
    assert "EvidenceUnavailable: the recorder does not answer" in life.records[-1].message


def test_one_record_per_cycle_and_nothing_else_with_it():
    """A decision is durable before its effect: a plan with a record has no other effect but status."""
    life = promoted()
    life.edit(serve="Current", candidates=OTHER)
    seen = 0
    for _ in range(12):
        plan = life.cycle()
        if plan.records:
            seen += 1
            assert len(plan.records) == 1
            assert (plan.registrations, plan.manifests, plan.router, plan.refresh, plan.delete) == (
                (),
                (),
                None,
                (),
                (),
            )
            assert plan.requeue_after == 0.0
    assert seen >= 2


def test_numbers_of_records_are_consecutive():
    """Each decision has its place in one history."""
    life = promoted()
    life.edit(trial="2", candidates=OTHER)
    life.settle()
    life.count(1, WARM)
    life.settle()
    assert [record.number for record in life.records] == list(range(1, len(life.records) + 1))
    assert len({record.suffix for record in life.records}) == len(life.records)
