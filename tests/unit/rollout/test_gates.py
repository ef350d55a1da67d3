"""Each gate of `gates.PROMOTION`: open in a sound world, shut by exactly one thing, with a message that names the remedy."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import EpochCounters, RouterReport, TrialCounters
from shadowlift.api.status import Evidence, VerdictKind
from shadowlift.rollout import gates
from shadowlift.rollout.gates import PROMOTION, SOUND, judge
from shadowlift.rollout.guards import freeze
from shadowlift.rollout.look import Gate, Look
from shadowlift.rollout.observed import Workload
from tests.support.world import BETTER
from tests.unit.rollout.given import NOW, WARM, Life, counting, promoted, warming

US = 1_000_000
SEEN = RouterReport(uid="uid-r-1", last_seen=int(NOW * US), low=int(NOW * US))


@cache
def sound() -> Life:
    """A trial that proves a lift, whose record is not written yet: every gate is open."""
    life = counting()
    life.count(2, EpochCounters(**BETTER))
    life.routers_report(SEEN, SEEN.model_copy(update={"uid": "uid-r-2"}))
    return life


@dataclass
class Case:
    """One way to shut one gate; what is not named stays as it is in `sound`."""

    gate: Gate
    kind: VerdictKind
    reason: str
    words: tuple[str, ...]
    epoch: dict[str, Any] = field(default_factory=dict)
    warm_up: dict[str, Any] = field(default_factory=dict)
    router: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Life], object] = id
    also: frozenset[Gate] = frozenset()  # gates that the same numbers shut as well

    def life(self) -> Life:
        life = sound().copy()
        life.count(2, EpochCounters(**{**BETTER, **self.epoch}))
        if self.warm_up:
            life.count(1, WARM.model_copy(update=self.warm_up))
        life.routers_report(SEEN.model_copy(update=self.router), SEEN)
        self.change(life)
        return life


def look(life: Life, trial: str | None = None) -> Look:
    world = life.world()
    counters: TrialCounters = life.counters[trial or life.trial]
    told = world.open_trial or world.history.trial()
    assert told is not None
    return Look(world, told, counters)


def other_image(life: Life) -> None:
    name, workload = next(iter(life.workloads.items()))
    life.workloads[name] = replace(workload, images=frozenset({"sha256:other"}))


def one_pod(life: Life) -> None:
    name, workload = next(iter(life.workloads.items()))
    life.workloads[name] = replace(workload, ready=1)


def shrunk(life: Life) -> None:
    assert life.status is not None
    assert life.status.trial is not None
    known = life.status.trial.model_copy(update={"evidence": Evidence(wins=91, losses=10, ties=900)})
    life.status = life.status.model_copy(update={"trial": known})


def guarded(life: Life) -> None:
    errors = Guardrail(name="errors", type=GuardrailType.ERROR_RATE, max_increase="0.01")
    frozen = {"guards": freeze([errors], EpochCounters())}
    life.records = tuple(
        record.model_copy(update={"baseline": record.baseline.model_copy(update=frozen)}) if record.baseline else record
        for record in life.records
    )


HOLD, ERROR = VerdictKind.HOLD, VerdictKind.ERROR
SILENT = {"unlabelled": 40, "labelled": 60, "unlabelled_by_answer": {"M": 40}, "labelled_by_answer": {"B": 60}}
CASES = {
    "another ledger": Case(
        gates.ledger_is_the_same, ERROR, "EvidenceLost", ("change spec.trial",), change=lambda life: setattr(life, "ledger", "ledger-2")
    ),
    "fewer pairs than before": Case(gates.ledger_is_the_same, ERROR, "EvidenceLost", ("gone back", "given up"), change=shrunk),
    "another image": Case(gates.image_is_the_same, ERROR, "ImageChanged", ("pin it by digest", "spec.trial"), change=other_image),
    "a fast clock": Case(gates.clocks_agree, ERROR, "ClockSkew", ("7 s", "synchronise"), router={"clock_off_us": 7 * US}),
    "a slow clock": Case(gates.clocks_agree, ERROR, "ClockSkew", ("7 s", "synchronise"), router={"clock_off_us": -7 * US}),
    "current fails": Case(
        gates.current_is_readable, ERROR, "CurrentUnreadable", ("11 of 1011", "NoBody: 11", "spec.current.prediction"),
        epoch={"current_failed": 11, "reasons": {"NoBody": 11}},
    ),
    "current cannot be read": Case(
        gates.current_is_readable, ERROR, "CurrentUnreadable", ("no reason given", "spec.prediction.type"),
        epoch={"current_unreadable": 50},
    ),
    "keys twice": Case(
        gates.keys_name_one_unit, ERROR, "KeyRepeated", ("spec.objective.outcome.key", "spec.unit"), epoch={"ambiguous": 11},
    ),
    "answers too long": Case(
        gates.answers_fit_the_capture, ERROR, "AnswerNotCaptured", ("64 KiB", "in a header"), epoch={"ours": 11},
        also=frozenset({gates.coverage_is_high}),
    ),
    "other words": Case(
        gates.values_compare, ERROR, "Incomparable", ("'B', 'M'", "'benign', 'malignant'", "spec.prediction.map"),
        warm_up={"candidate_values": {"malignant": 40, "benign": 60}},
    ),
    "other words later": Case(
        gates.values_compare, ERROR, "Incomparable", ("spec.prediction.map",), epoch={"candidate_values": {"malignant": 400}}
    ),
    "other words for outcomes": Case(
        gates.values_compare, ERROR, "Incomparable", ("outcomes are 'yes'", "spec.prediction.map"), epoch={"outcome_values": {"yes": 20}}
    ),
    "a candidate that says nothing": Case(
        gates.values_compare, ERROR, "Incomparable", ("no readable prediction", "PathNotFound: 100", "spec.prediction"),
        warm_up={"candidate_values": {}, "reasons": {"PathNotFound": 100}},
    ),
    "no pair yet": Case(gates.lift_is_proven, HOLD, "NoEvidence", ("no matured pair",), epoch=EpochCounters().model_dump()),
    "no lift": Case(gates.lift_is_proven, HOLD, "NotProven", ("+0.0000", "1000 pairs"), epoch={"wins": 50, "losses": 50}),
    "missing outcomes": Case(
        gates.lift_is_proven, HOLD, "NotProven", ("60 disagreements without an outcome count against it",),
        epoch={"unlabelled": 60},
    ),
    "some lift": Case(gates.lift_is_proven, HOLD, "NotProven", ("further pairs if the estimate holds",), epoch={"wins": 55, "losses": 45}),
    "an open guardrail": Case(gates.guardrails_hold, HOLD, "GuardrailOpen", ("errors", "not proven yet"), change=guarded),
    "a silent router": Case(
        gates.routers_are_heard, HOLD, "RouterSilent", ("nothing has come from", "delete the pod"), router={"silent": True}
    ),
    "a line lost": Case(gates.no_recent_losses, HOLD, "LinesLost", ("s ago", "60 s without"), router={"last_loss": int((NOW + 30) * US)}),
    "large requests": Case(gates.coverage_is_high, HOLD, "Coverage", ("98.0%", "99%", "too large"), epoch={"unmirrored": 20}),
    "requests without a unit": Case(gates.coverage_is_high, HOLD, "Coverage", ("without the unit header",), epoch={"unitless": 20}),
    "copies dropped": Case(gates.capacity_is_shown, HOLD, "Capacity", ("11 of 1000", "raise replicas"), router={"shed": 11}),
    "one pod": Case(gates.capacity_is_shown, HOLD, "Replicas", ("1 of the candidate's pods", "2 are wanted"), change=one_pod),
    "serve current": Case(
        gates.serving_is_automatic, HOLD, "ServeOverride", ("set it to Auto",), change=lambda life: life.edit(serve="Current")
    ),
}  # fmt: skip


@pytest.mark.parametrize("gate", PROMOTION, ids=lambda gate: gate.__name__)
def test_every_gate_is_open_in_a_sound_world(gate: Gate):
    """Nothing is in the way of a proven lift."""
    assert gate(look(sound())) is None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_gate_is_shut_by_its_own_cause(case: Case):
    """What cannot be known is Error, what is not enough is Hold; the message says what was seen and what to do."""
    shut = case.gate(look(case.life()))
    assert shut is not None
    assert (shut.kind, shut.reason) == (case.kind, case.reason)
    for words in case.words:
        assert words in shut.message


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_cause_shuts_one_gate(case: Case):
    """A cause is told once, under its own name; every other gate stays open, but for the proof where there is none."""
    shut = {gate for gate in PROMOTION if gate(look(case.life())) is not None}
    assert shut - case.also - {gates.lift_is_proven} == {case.gate} - {gates.lift_is_proven}


def test_the_clock_of_a_router_that_is_gone_does_not_matter():
    """It cannot be mended; the pod that took its place has another."""
    life = sound().copy()
    life.routers_report(SEEN, SEEN.model_copy(update={"uid": "uid-of-a-pod-that-is-gone", "clock_off_us": 7 * US}))
    assert gates.clocks_agree(look(life)) is None


def test_what_routers_dropped_before_this_trial_is_not_held_against_it():
    """The counts are of the pod's life: a slow candidate must not hold back the ones after it."""
    life = promoted()
    life.edit(candidates=[{"name": "boost", "bento": {"image": "boost:1", "replicas": 2}}])
    life.settle()
    life.count(1, WARM)
    life.routers_report(SEEN.model_copy(update={"shed": 5000, "lines_lost": 3000}))
    life.settle()
    life.count(2, EpochCounters(**BETTER))
    seen = look(life).coverage
    assert (seen.shed, seen.lines_lost) == (0, 0)
    assert judge(look(life)).kind is VerdictKind.PROMOTE


def test_every_gate_has_a_case():
    """No gate of the list is untested."""
    tried = {case.gate for case in CASES.values()}
    assert set(PROMOTION) - tried == {
        gates.warmed_up,
        gates.labels_do_not_choose,
        gates.counts_are_possible,
        gates.cycles_are_whole,
    }  # all below
    assert set(SOUND) < set(PROMOTION)


def test_the_warm_up_holds_until_enough_pairs_compare():
    """99 pairs are not 100; afterwards a record says so and the gate is open for good."""
    life = warming()
    life.count(1, EpochCounters(candidate_values={"M": 99}, current_values={"M": 99}))
    shut = gates.warmed_up(look(life))
    assert shut is not None
    assert (shut.kind, shut.reason) == (HOLD, "WarmUp")
    assert "99 of 100" in shut.message
    assert gates.warmed_up(look(counting())) is None


def test_a_current_that_fails_is_noticed_in_the_warm_up_already():
    """Before anything counts: 11 of the first 101 pairs have no side to compare with."""
    life = warming()
    life.count(1, WARM.model_copy(update={"current_failed": 11}))
    shut = gates.current_is_readable(look(life))
    assert shut is not None
    assert (shut.kind, shut.reason) == (ERROR, "CurrentUnreadable")
    assert "11 of 101" in shut.message


@pytest.mark.parametrize(("missing", "shut"), [("AtRandom", True), ("Worst", False)])
def test_labels_that_choose_hold_under_at_random_only(missing: str, shut: bool):
    """Outcomes that come for one served answer only are not missing at random; under Worst it does not matter."""
    outcome = {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}], "missing": missing}
    life = counting(objective={"outcome": outcome})
    life.count(2, EpochCounters(**{**BETTER, **SILENT}))
    found = gates.labels_do_not_choose(look(life))
    assert (found is not None) is shut
    if found is not None:
        assert (found.kind, found.reason) == (HOLD, "LabelsSelected")
        assert "outcome.missing: Worst" in found.message


@pytest.mark.parametrize(
    ("gate", "case"),
    [
        (gates.clocks_agree, {"router": {"clock_off_us": 5 * US}}),
        (gates.current_is_readable, {"epoch": {"current_failed": 10}}),
        (gates.current_is_readable, {"epoch": {**EpochCounters(current_failed=99).model_dump()}}),
        (gates.answers_fit_the_capture, {"epoch": {"ours": 10}}),
        (gates.keys_name_one_unit, {"epoch": {"ambiguous": 10}}),
        (gates.values_compare, {"epoch": {"outcome_values": {"yes": 19}}}),
        (gates.values_compare, {"warm_up": {"candidate_values": {"malignant": 99}}}),
        (gates.no_recent_losses, {"router": {"last_loss": int((NOW - 55) * US)}}),
        (gates.coverage_is_high, {"epoch": {"unmirrored": 10}}),
        (gates.capacity_is_shown, {"router": {"shed": 10}}),
    ],
)
def test_a_gate_is_open_at_its_limit(gate: Gate, case: dict[str, Any]):
    """The documented limit itself is allowed, and too few pairs accuse nobody."""
    assert gate(look(Case(gate, ERROR, "", (), **case).life())) is None


@pytest.mark.parametrize(
    "epoch",
    [
        {"candidate_values": {"x" * 250 + str(n): 200 for n in range(5)}},
        {"outcome_values": {"x" * 250 + str(n): 200 for n in range(5)}},
        {"current_failed": 500, "reasons": {"R" * 60 + str(n): 9 for n in range(32)}},
    ],
    ids=["predictions", "outcomes", "reasons"],
)
def test_what_a_candidate_answers_never_breaks_a_cycle(epoch: dict[str, Any]):
    """Values and reasons come from outside, as long as they like: the message is cut, the cycle ends, the deadline counts."""
    life = sound().copy()
    life.count(2, EpochCounters(**{**BETTER, **epoch}))
    life.now += 3601
    (record,) = life.cycle().records
    assert record.kind.value == "Expired"
    assert life.status is not None
    assert life.status.trial is not None
    assert life.status.trial.verdict is not None
    assert len(life.status.trial.verdict.message) == 512


def test_pairs_of_the_warm_up_are_never_counted():
    """Whatever the first pairs say, they are no evidence."""
    life = sound().copy()
    life.count(1, WARM.model_copy(update={"wins": 500}))
    assert look(life).epoch.wins == BETTER["wins"]
    assert look(life).evidence.wins == BETTER["wins"]


def test_a_sound_world_promotes_in_the_next_cycle():
    """The builder of these tests stands one cycle before a promotion."""
    life = sound().copy()
    (record,) = life.cycle().records
    assert (record.kind.value, record.reason) == ("Promoted", "LiftProven")
    assert isinstance(life.workloads[promoted().world().challenger.workload or ""], Workload)
