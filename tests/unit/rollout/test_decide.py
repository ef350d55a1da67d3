"""`decide` is a function: the same knowledge gives the same plan, whoever asks, and nothing it wrote is needed to go on."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.record import Record
from shadowlift.api.status import Phase, Status
from shadowlift.rollout.decide import decide, phase_of
from tests.support.world import BETTER, WORSE, spec
from tests.unit.rollout.given import NOW, WARM, Life, counting, promoted, warming


def born() -> Life:
    return Life()


def proven() -> Life:
    life = counting()
    life.count(2, EpochCounters(**BETTER))
    return life


def harmful() -> Life:
    life = counting()
    life.count(2, EpochCounters(**WORSE))
    return life


def second() -> Life:
    """A second candidate is measured against the first, which serves."""
    life = promoted()
    life.edit(candidates=[{"name": "boost", "bento": {"image": "boost:1", "replicas": 2}}])
    life.settle()
    return life


LIVES: list[Callable[[], Life]] = [born, warming, counting, proven, harmful, promoted, second]


@pytest.mark.parametrize("start", LIVES)
def test_deciding_twice_is_deciding_once(start: Callable[[], Life]):
    """Equal plans from equal knowledge, at every cycle on the way to rest."""
    life = start()
    for _ in range(5):
        assert life.plan() == life.plan()
        life.cycle()


@pytest.mark.parametrize("start", LIVES)
def test_a_restart_changes_no_effect(start: Callable[[], Life]):
    """Records and status go through JSON, memory is lost: after one look around the plan is what it would have been."""
    life, again = start(), start()
    for _ in range(4):
        again.records = tuple(
            Record.model_validate_json(record.model_dump_json(by_alias=True)) for record in again.records
        )
        if again.status is not None:
            again.status = Status.model_validate(
                json.loads(again.status.model_dump_json(by_alias=True, exclude_none=True))
            )
        assert again.plan() == life.plan()
        life.cycle()
        again.cycle()


@pytest.mark.parametrize("start", LIVES)
def test_status_is_never_what_effects_rest_on(start: Callable[[], Life]):
    """Status lost altogether: traffic, workloads and records stay as the records say."""
    life = start()
    life.settle()
    whole, blank = life.observed(), replace(life.observed(), resource=replace(life.observed().resource, status=None))
    kept, rebuilt = decide(whole, life.now), decide(blank, life.now)
    assert (rebuilt.router, rebuilt.delete, rebuilt.records) == (kept.router, kept.delete, kept.records)
    assert rebuilt.manifests == kept.manifests
    assert rebuilt.status.phase is kept.status.phase
    assert rebuilt.status.history == kept.status.history
    assert [(c.type, c.status) for c in rebuilt.status.conditions] == [
        (c.type, c.status) for c in kept.status.conditions
    ]


def test_a_verdict_outlives_its_evidence():
    """An e-value falls below its bar again in most runs: traffic stays where the record put it."""
    life = promoted()
    life.count(2, EpochCounters(**WORSE))
    life.ledger, life.error = None, "the recorder is gone"
    before = life.published
    life.settle()
    assert life.published == before
    assert life.plan().status.phase is Phase.PROMOTED


def test_between_record_and_effect_nothing_can_turn():
    """The operator ends after the record and before anything else: the next one moves the traffic, whatever the counters say."""
    life = proven()
    plan = life.plan()
    life.records += plan.records  # and the process ends here: no status, no effect
    life.count(2, EpochCounters(**WORSE))
    life.last = None
    life.settle()
    assert life.plan().status.phase is Phase.PROMOTED
    assert life.published is not None
    assert life.published.intent.serve == "candidate"


@pytest.mark.parametrize("start", LIVES)
def test_at_rest_there_is_nothing_to_do(start: Callable[[], Life]):
    """Once settled, a cycle has no effect and asks for no other one soon."""
    life = start()
    life.settle()
    plan = life.plan()
    assert (plan.records, plan.registrations, plan.router, plan.refresh, plan.delete) == ((), (), None, (), ())
    assert plan.requeue_after is None or plan.requeue_after > 60


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"deadline": "1s"}, "spec.deadline"),
        ({"candidates": []}, "spec.candidates"),
        ({"surprise": 1}, "spec.surprise"),
    ],
)
@pytest.mark.parametrize("start", [born, counting, promoted])
def test_an_unreadable_spec_changes_nothing_but_the_status(start: Callable[[], Life], broken: dict, field: str):
    """What serves stays, no evidence is asked for, and the status names the field; mended, life goes on."""
    life = start()
    good = life.spec
    life.edit(**broken)
    plan = life.cycle()
    assert plan == replace(plan, records=(), registrations=(), manifests=(), router=None, refresh=(), delete=())
    stalled = life.condition("Stalled")
    assert stalled is not None
    assert (stalled.status, stalled.reason) == ("True", "InvalidSpec")
    assert stalled.message.startswith(f"{field}: ")
    assert life.condition("Ready") is not None
    life.spec, life.generation = good, life.generation + 1
    life.settle()
    assert life.condition("Stalled") is None


def test_the_phase_needs_no_status():
    """The phase comes from records and routers."""
    for start in LIVES:
        life = start()
        life.settle()
        with_status = life.plan().status.phase
        world = replace(life, status=None).world()
        assert phase_of(world) is with_status


def test_the_clock_is_an_argument():
    """Another time, another plan: nothing else is read from anywhere."""
    life = counting()
    early, late = decide(life.observed(), NOW + 60), decide(life.observed(), NOW + 3700)
    assert early.records == ()
    assert [record.kind.value for record in late.records] == ["Expired"]
    assert early == decide(life.observed(), NOW + 60)


def test_the_next_look_is_at_the_deadline():
    """While nothing happens, only the deadline asks for a cycle."""
    life = counting()
    plan = life.plan()
    assert plan.requeue_after is not None
    assert life.now + plan.requeue_after == pytest.approx(NOW + 3600, abs=10)
    assert plan.watch_trial == life.trial


def test_the_warm_up_ends_by_a_record_with_exact_bets():
    """The frozen test survives JSON bit for bit, so that every operator decides by the same bars."""
    life = warming()
    life.count(1, WARM)
    (record,) = life.cycle().records
    assert record.kind.value == "Counting"
    assert record.baseline is not None
    assert (record.baseline.pairs, record.baseline.disagreements) == (100, 10)
    assert Record.model_validate_json(record.model_dump_json(by_alias=True, exclude_none=True)) == record


def test_another_try_is_another_trial():
    """spec.trial is part of what is frozen: its evidence is never added to that of the one before."""
    one, two = Life(), Life(spec=spec(trial="2"))
    one.settle()
    two.settle()
    assert one.trial != two.trial
