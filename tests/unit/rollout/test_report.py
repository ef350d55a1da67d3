"""The status a person reads: what serves and why, conditions that kstatus understands, times that do not jump."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.status import ConditionType, Phase
from tests.support.world import BETTER, WORSE, spec
from tests.unit.rollout.given import WARM, Life, counting, promoted, warming

BENTO = {"image": "logreg:1", "replicas": 2}


def conditions(life: Life) -> dict[str, str]:
    assert life.status is not None
    return {condition.type: condition.status for condition in life.status.conditions}


def rejected() -> Life:
    life = counting()
    life.count(2, EpochCounters(**WORSE))
    life.settle()
    return life


def adopted() -> Life:
    life = promoted()
    life.edit(current={"bento": BENTO})
    life.settle()
    return life


def expired() -> Life:
    life = counting()
    life.now += 3601
    life.settle()
    return life


def paused() -> Life:
    life = counting()
    life.edit(paused=True)
    life.settle()
    return life


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        (warming, {"Ready": "True", "Progressing": "True"}),
        (counting, {"Ready": "True", "Progressing": "True"}),
        (promoted, {"Ready": "True", "Progressing": "False", "Adopted": "False"}),
        (adopted, {"Ready": "True", "Progressing": "False", "Adopted": "True"}),
        (rejected, {"Ready": "True", "Progressing": "False"}),
        (expired, {"Ready": "True", "Progressing": "False"}),
        (paused, {"Ready": "True", "Progressing": "False"}),
    ],
)
def test_conditions_at_rest(start: Callable[[], Life], wanted: dict[str, str]):
    """Reconciling and Stalled are there only when true; a week-long trial is Ready."""
    assert conditions(start()) == wanted


def test_every_condition_is_complete():
    """Type, status, reason, generation and time: metav1.Condition, each type once."""
    life = Life()
    for _ in range(10):
        status = life.cycle().status
        assert len({condition.type for condition in status.conditions}) == len(status.conditions)
        for condition in status.conditions:
            assert condition.type in list(ConditionType)
            assert condition.status in ("True", "False", "Unknown")
            assert condition.reason.isalnum()
            assert condition.observed_generation == life.generation
            assert condition.last_transition_time.endswith("Z")


def test_reconciling_while_effects_are_on_their_way():
    """True from the record until the routers have loaded what follows from it, then gone."""
    life = counting()
    life.count(2, EpochCounters(**BETTER))
    seen = []
    for _ in range(8):
        life.cycle()
        seen.append("Reconciling" in conditions(life))
    assert seen[0]
    assert not seen[-1]
    assert seen == sorted(seen, reverse=True)


def test_ready_speaks_of_what_should_serve():
    """False without a ready router, and while traffic is moving; true again when it has moved."""
    life = promoted()
    pods = life.pods
    life.pods = tuple(replace(pod, ready=False) for pod in pods)
    life.cycle()
    ready = life.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("False", "RoutersNotReady")
    life.pods = pods
    life.edit(serve="Current")
    life.cycle()
    moving = life.cycle().status
    assert [c.reason for c in moving.conditions if c.type == "Ready"] == ["Moving"]
    life.settle()
    assert conditions(life)["Ready"] == "True"


def test_a_transition_time_changes_with_the_status_only():
    """Another message or generation is no transition."""
    life = counting()
    before = life.condition("Ready")
    assert before is not None
    life.now += 100
    life.edit(router={"replicas": 3})
    life.settle()
    after = life.condition("Ready")
    assert after is not None
    assert after.last_transition_time == before.last_transition_time
    assert after.observed_generation == before.observed_generation + 1
    life.error = "gone"
    life.cycle()
    turned = life.condition("Progressing")
    assert turned is not None
    assert turned.status == "Unknown"
    assert turned.last_transition_time > before.last_transition_time


@pytest.mark.parametrize(
    ("start", "wanted", "weight"),
    [
        (counting, ("current", None, "rules", "ByDefault"), "0%"),
        (rejected, ("current", None, "rules", "Rejected"), "0%"),
        (expired, ("current", None, "rules", "Expired"), "0%"),
        (promoted, ("logreg", "logreg:1", None, "Promoted"), "100%"),
        (adopted, ("current", "logreg:1", None, "Superseded"), "0%"),
    ],
)
def test_what_serves_and_why(start: Callable[[], Life], wanted: tuple[str, str | None, str | None, str], weight: str):
    """Name, image or Service, and the reason; a promotion names its record."""
    life = start()
    assert life.status is not None
    serving = life.status.serving
    assert serving is not None
    assert (serving.name, serving.image, serving.service, serving.reason) == wanted
    assert life.status.weight == weight
    assert (serving.record is not None) is (wanted[-1] == "Promoted")


def test_an_override_says_so():
    """Served without proof: the reason is the override, and no record is claimed."""
    life = Life(spec=spec(serve="logreg"))
    life.settle()
    assert life.status is not None
    assert life.status.serving is not None
    assert (life.status.serving.name, life.status.serving.reason, life.status.serving.record) == (
        "logreg",
        "ServeOverride",
        None,
    )


def test_since_is_when_it_began_to_serve():
    """It stays while the same serves, and changes with it."""
    life = counting()
    assert life.status is not None
    assert life.status.serving is not None
    first = life.status.serving.since
    life.now += 100
    life.settle()
    assert life.status.serving.since == first
    life.count(2, EpochCounters(**BETTER))
    life.settle()
    assert life.status.serving.since > first


def test_a_trial_tells_its_life():
    """Attempt, alpha, epochs, disagreement, deadline and evidence, from records and counters."""
    life = warming()
    assert life.status is not None
    trial = life.status.trial
    assert trial is not None
    assert (trial.attempt, trial.alpha, trial.candidate, trial.disagreement) == (1, "0.01", "logreg", None)
    assert [epoch.number for epoch in trial.epochs] == [1]
    assert trial.started is not None
    assert trial.deadline is not None
    life.count(1, WARM)
    life.settle()
    life.count(2, EpochCounters(wins=5, losses=5, ties=90, live=100))
    life.settle()
    later = life.status.trial
    assert later is not None
    assert (later.started, later.deadline) == (trial.started, trial.deadline)
    assert [epoch.number for epoch in later.epochs] == [1, 2]
    assert later.disagreement == "0.1000"
    assert (later.evidence.n, later.evidence.wins, later.coverage.live) == (100, 5, 100)
    assert later.evidence_at is not None
    assert later.verdict is not None
    assert (later.verdict.kind.value, later.verdict.reason) == ("Hold", "NotProven")


def test_the_last_look_stands_while_there_is_no_new_one():
    """A recorder that is gone does not blank the numbers; their time says how old they are."""
    life = counting()
    life.count(2, EpochCounters(wins=5, losses=5, ties=90, live=100))
    life.settle()
    assert life.status is not None
    before = life.status.trial
    life.error, life.now = "gone", life.now + 60
    life.settle()
    after = life.status.trial
    assert before is not None
    assert after is not None
    assert (after.evidence, after.coverage, after.evidence_at) == (before.evidence, before.coverage, before.evidence_at)
    assert after.verdict is not None
    assert after.verdict.reason == "EvidenceUnavailable"


def test_an_ended_trial_keeps_the_evidence_of_its_record():
    """What the decision saw, whatever the counters say later, also when status was lost."""
    life = promoted()
    life.count(2, EpochCounters(**WORSE))
    life.status = None
    life.settle()
    assert life.status is not None
    assert life.status.trial is not None
    assert (life.status.trial.evidence.wins, life.status.trial.evidence.losses) == (BETTER["wins"], BETTER["losses"])


def test_history_is_the_last_ten_decisions_newest_first():
    """Each line is a record in short."""
    life = counting()
    for number in range(2, 9):
        life.edit(trial=str(number))
        life.settle()
    assert life.status is not None
    assert len(life.records) > 10
    assert [line.record for line in life.status.history] == [record.suffix for record in reversed(life.records[-10:])]
    assert {line.kind for line in life.status.history} == {"Abandoned", "Started"}


def test_what_the_routers_have_is_shown():
    """Wanted and loaded version, ready and wanted pods; a router that is not verified is not listed."""
    life = counting()
    life.pods = (life.pods[0], replace(life.pods[1], loaded=None))
    life.loads = False
    router = life.plan().status.router
    assert life.published is not None
    assert (router.wanted, router.ready, router.replicas) == (life.published.version, 2, 2)
    assert router.loaded == {"r-1": life.published.version}


@pytest.mark.parametrize("length", [512, 5000])
def test_long_trouble_is_cut_to_what_a_status_holds(length: int):
    """However long a message from outside is, the status can be written."""
    life = Life(taken=tuple(f"Service/{'x' * 40}{n}" for n in range(length // 40)))
    life.cycle()
    stalled = life.condition("Stalled")
    assert stalled is not None
    assert len(stalled.message) <= 512


def test_an_invalid_spec_before_anything_else_has_a_whole_status():
    """Not Ready, Stalled, and the phase is Pending: no field is missing because none was ever written."""
    life = Life(spec=spec(deadline="1s"))
    life.cycle()
    assert life.status is not None
    assert life.status.phase is Phase.PENDING
    assert conditions(life) == {"Ready": "False", "Stalled": "True"}


def test_mending_an_invalid_spec_does_not_forget_what_serves():
    """Stalled and Reconciling come and go; Ready keeps its time."""
    life = promoted()
    ready = life.condition("Ready")
    life.edit(deadline="1s")
    life.cycle()
    kept = life.condition("Ready")
    assert ready is not None
    assert kept is not None
    assert (kept.status, kept.last_transition_time) == ("True", ready.last_transition_time)
    assert life.status is not None
    assert life.status.serving is not None
    assert life.status.serving.name == "logreg"


def test_who_serves_is_told_when_the_routers_do_it():
    """A roll-back that no router has loaded yet has moved nobody, and Ready says so."""
    life = promoted()
    life.loads = False
    life.edit(serve="Current")
    for _ in range(6):
        life.cycle()
    assert life.status is not None
    assert life.status.serving is not None
    assert (life.status.serving.name, life.status.weight) == ("logreg", "100%")
    ready = life.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("False", "Moving")
    life.loads = True
    life.settle()
    assert (life.status.serving.name, life.status.weight) == ("current", "0%")
    assert life.condition("Ready").status == "True"  # type: ignore[union-attr]


def test_ready_does_not_flicker_while_a_mirror_is_loaded():
    """A swap that moves nobody leaves Ready true."""
    life = counting()
    life.loads = False
    life.count(2, EpochCounters(wins=10, losses=90, ties=900, disagreements=100, labelled=100, booked=1000, live=1000))
    for _ in range(6):
        life.cycle()
        ready = life.condition("Ready")
        assert ready is not None
        assert ready.status == "True"
