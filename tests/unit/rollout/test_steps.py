"""What each phase says is missing: one reason at a time, in the order in which a person would look."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.status import Phase
from shadowlift.rollout.observed import ServiceView, Workload
from tests.support.world import BETTER, spec
from tests.unit.rollout.given import Life, counting, promoted, warming


def candidate(life: Life, **changes: Any) -> None:
    """The candidate's Deployment looks otherwise."""
    name = life.world().challenger.workload or ""
    life.workloads[name] = replace(life.workloads.get(name, Workload(name, 2, 0)), **changes)


def unready_routers(life: Life) -> None:
    life.pods = tuple(replace(pod, ready=False) for pod in life.pods)


def homeless_routers(life: Life) -> None:
    life.pods = tuple(replace(pod, ready=False, trouble="Unschedulable: Insufficient cpu") for pod in life.pods)


def no_candidate(life: Life) -> None:
    life.starts = False


def stuck(**changes: Any) -> Callable[[Life], None]:
    def change(life: Life) -> None:
        life.starts = False
        candidate(life, replicas=2, ready=0, **changes)

    return change


MISSING: dict[str, tuple[Callable[[Life], object], str, bool, str]] = {  # name -> change, reason, stalled, words
    "a name is taken": (lambda life: setattr(life, "taken", ("Service/triage",)), "NameTaken", True, "Service/triage exists"),
    "no current": (lambda life: setattr(life, "service", None), "CurrentNotFound", True, "there is no Service rules"),
    "another port": (
        lambda life: setattr(life, "service", ServiceView("rules", frozenset({80, 443}))),
        "CurrentPortNotFound",
        True,
        "has no port 8080; it has 80, 443",
    ),
    "no port": (
        lambda life: setattr(life, "service", ServiceView("rules", frozenset())), "CurrentPortNotFound", True, "it has none"
    ),
    "a port that nobody translates": (
        lambda life: setattr(life, "service", ServiceView("rules", frozenset({8080}), {8080: "http"})),
        "CurrentPortNotFound",
        True,
        "Service rules is headless, and its pods listen on targetPort http, not on 8080; give it a cluster IP",
    ),
    "no router": (unready_routers, "RoutersNotReady", False, "no pod of triage-router is ready"),
    "no room for a router": (
        homeless_routers, "RoutersNotReady", False, "no pod of triage-router is ready: Unschedulable: Insufficient cpu"
    ),
    "an override": (lambda life: life.edit(serve="logreg"), "ServeOverride", False, "set it to Auto"),
    "no candidate": (no_candidate, "CandidateNotReady", False, "0 of 2 candidate pods"),
    "no image": (
        stuck(trouble="ImagePullBackOff: not found"), "ImageUnavailable", True, "spec.candidates[0].bento.image: ImagePullBackOff"
    ),
    "a crash": (stuck(trouble="CrashLoopBackOff: back-off"), "CandidateNotReady", False, "CrashLoopBackOff: back-off"),
    "no progress": (stuck(stalled=True), "CandidateNotReady", True, "GET /readyz on spec.candidates[0].bento.port, 3000"),
    "no recorder": (lambda life: setattr(life, "ledger", None), "RecorderUnavailable", False, "has not been reached"),
    "a broken recorder": (lambda life: setattr(life, "error", "503"), "RecorderUnavailable", False, "503"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_pending_says_what_is_missing(name: str):
    """Reason and remedy in Progressing; Stalled too where only a person can help; no trial starts, current serves."""
    change, reason, stalled, words = MISSING[name]
    life = Life()
    change(life)
    for _ in range(6):
        life.cycle()
    assert life.status is not None
    assert life.status.phase is Phase.PENDING
    progressing, stall = life.condition("Progressing"), life.condition("Stalled")
    assert progressing is not None
    assert (progressing.status, progressing.reason) == ("True", reason)
    assert words in progressing.message
    assert (stall is not None) is stalled
    if stall is not None:
        assert (stall.status, stall.reason, stall.message) == ("True", reason, progressing.message)
    assert life.records == ()


@pytest.mark.parametrize("name", MISSING)
def test_what_was_missing_comes_and_the_trial_starts(name: str):
    """Nothing is remembered of the trouble."""
    life = Life()
    MISSING[name][0](life)
    life.cycle()
    healthy = Life()
    life.taken, life.service, life.ledger, life.error, life.starts = (), healthy.service, healthy.ledger, None, True
    life.pods = tuple(replace(pod, ready=True) for pod in life.pods)
    life.workloads = {name: replace(workload, trouble=None, stalled=False) for name, workload in life.workloads.items()}
    life.edit(serve="Auto")
    assert life.settle().phase is Phase.SHADOWING
    assert life.condition("Stalled") is None


def test_one_reason_at_a_time_in_the_order_of_a_person():
    """First what blocks everything, then what blocks the trial."""
    order = []
    life = Life(service=None, taken=("Service/triage",), ledger=None, starts=False)
    unready_routers(life)
    repairs: list[Callable[[], object]] = [
        lambda: setattr(life, "taken", ()),
        lambda: setattr(life, "service", Life().service),
        lambda: setattr(life, "pods", Life().pods),
        lambda: setattr(life, "starts", True),
        lambda: setattr(life, "ledger", "ledger-1"),
    ]
    for repair in [lambda: None, *repairs]:
        repair()
        for _ in range(3):
            life.cycle()
        blocked = life.condition("Progressing")
        assert blocked is not None
        order.append(blocked.reason)
    assert order[:5] == ["NameTaken", "CurrentNotFound", "RoutersNotReady", "CandidateNotReady", "RecorderUnavailable"]


def test_candidate_pods_of_two_images_do_not_start_a_trial():
    """One trial measures one image."""
    life = Life()
    life.cycle()
    candidate(life, ready=2, images=frozenset({"sha256:a", "sha256:b"}))
    plan = life.plan()
    assert plan.records == ()
    assert any("2 different images" in condition.message for condition in plan.status.conditions)


def test_a_bento_as_current_must_be_ready_first():
    """No trial against a process that does not answer; there is no Service of somebody else to look for."""
    life = Life(spec=spec(current={"bento": {"image": "rules:1", "replicas": 2}}), service=None, starts=False)
    for _ in range(4):
        life.cycle()
    progressing = life.condition("Progressing")
    assert progressing is not None
    assert progressing.reason == "CurrentNotReady"
    assert life.records == ()
    life.starts = True
    assert life.settle().phase is Phase.SHADOWING


def test_a_candidate_that_serves_already_is_not_measured():
    """The same content as current: nothing to find out, said so, and no second workload."""
    bento = {"image": "logreg:1", "replicas": 2}
    life = Life(spec=spec(current={"bento": bento}))
    for _ in range(6):
        life.cycle()
    progressing = life.condition("Progressing")
    assert progressing is not None
    assert progressing.reason == "CandidateServes"
    assert len(life.workloads) == 1
    assert life.records == ()


def test_a_trial_waits_for_the_routers():
    """Started and registered, but nothing counts before every router has loaded it; the deadline does not run either."""
    life = Life()
    for _ in range(3):
        life.cycle()
    life.loads = False
    life.pods = tuple(replace(pod, loaded=None) for pod in life.pods)
    for _ in range(5):
        life.cycle()
    progressing = life.condition("Progressing")
    assert progressing is not None
    assert progressing.reason == "LoadingTrial"
    assert life.status is not None
    assert life.status.phase is Phase.PENDING
    assert life.status.trial is not None
    assert (life.status.trial.started, life.status.trial.deadline) == (None, None)


@pytest.mark.parametrize("start", [warming, counting])
@pytest.mark.parametrize("error", ["no answer", None])
def test_no_evidence_is_an_error_not_a_zero(start: Callable[[], Life], error: str | None):
    """A recorder that does not answer, or does not know the trial: Unknown, and nothing is concluded."""
    life = start()
    life.error = error
    life.counters.clear()
    plan = life.plan()
    assert plan.records == ()
    assert plan.status.trial is not None
    assert plan.status.trial.verdict is not None
    assert (plan.status.trial.verdict.kind.value, plan.status.trial.verdict.reason) == ("Error", "EvidenceUnavailable")
    (progressing,) = [c for c in plan.status.conditions if c.type == "Progressing"]
    assert progressing.status == "Unknown"


def test_a_promoted_candidate_that_dies_is_told_and_stays():
    """Current answers in its place inside the router; the promotion stands."""
    life = promoted()
    life.starts = False
    candidate(life, ready=0)
    plan = life.cycle()
    progressing = life.condition("Progressing")
    assert progressing is not None
    assert (progressing.status, progressing.reason) == ("False", "PromotedNotReady")
    assert "current answers in its place" in progressing.message
    assert plan.router is None
    assert plan.status.phase is Phase.PROMOTED


def test_pause_keeps_mirror_weights_and_pods_and_decides_nothing():
    """Frozen: not even a proven lift is acted on; what served still serves."""
    life = counting()
    before = life.published
    life.edit(paused=True)
    life.count(2, EpochCounters(**BETTER))
    status = life.settle()
    assert status.phase is Phase.PAUSED
    assert life.published == before
    assert [workload.replicas for workload in life.workloads.values()] == [2]
    assert [record.kind.value for record in life.records] == ["Started", "Counting"]
    life.edit(paused=False)
    assert life.settle().phase is Phase.PROMOTED


def test_pause_before_anything_runs_starts_nothing():
    """A paused ModelDeployment makes no candidate pods and no trial."""
    life = Life(spec=spec(paused=True))
    life.settle()
    assert life.workloads == {}
    assert life.records == ()


def test_the_deadline_keeps_running_in_a_pause():
    """A pause is no way to buy time."""
    life = counting()
    life.edit(paused=True)
    life.now += 3601
    life.settle()
    assert life.plan().status.phase is Phase.PAUSED
    life.edit(paused=False)
    assert life.settle().phase is Phase.EXPIRED
