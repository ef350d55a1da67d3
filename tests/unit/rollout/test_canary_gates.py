"""Each gate of a canary: open in a sound world, shut by exactly one thing, with a message that says what was seen."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import FIRST_STEP_EPOCH, WATCH_EPOCH, EpochCounters
from shadowlift.api.status import Evidence, VerdictKind
from shadowlift.rollout import canary_gates, gates
from shadowlift.rollout.canary_gates import PROMOTION, SOUND, STEP, WATCH, judge, judge_watch
from shadowlift.rollout.guards import freeze
from shadowlift.rollout.look import Gate
from tests.unit.rollout.given import NOW, STEP_S, Life, arms, last_step, stepping, watching
from tests.unit.rollout.test_gates import SEEN, US, look, one_pod, other_image

FIRST, SECOND = FIRST_STEP_EPOCH, FIRST_STEP_EPOCH + 1
HOLD, ERROR = VerdictKind.HOLD, VerdictKind.ERROR
OUTCOME = {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}]}


@cache
def sound() -> Life:
    """A canary whose last step has lasted and that proves a lift, without a record of it: every gate is open."""
    life = last_step()
    life.now += STEP_S
    life.count(SECOND, better())
    life.routers_report(SEEN, SEEN.model_copy(update={"uid": "uid-r-2"}))
    return life


def better(candidate: tuple[int, int] = (2_000, 1_800), **more: Any) -> EpochCounters:
    """The last step, at half of the units: ten points more."""
    return arms(candidate, (2_000, 1_600), **more)


@dataclass
class Case:
    """One way to shut one gate; what is not named stays as it is in `sound`."""

    gate: Gate
    kind: VerdictKind
    reason: str
    words: tuple[str, ...]
    epoch: EpochCounters | None = None
    router: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Life], object] = id
    also: frozenset[Gate] = frozenset()  # gates that the same cause shuts as well

    def life(self) -> Life:
        life = sound().copy()
        if self.epoch is not None:
            life.count(SECOND, self.epoch)
        life.routers_report(SEEN.model_copy(update=self.router), SEEN)
        self.change(life)
        return life


def shrunk(life: Life) -> None:
    """Status has seen a unit more than there are."""
    assert life.status is not None
    assert life.status.trial is not None
    known = life.status.trial.model_copy(update={"evidence": Evidence(candidate_units=2010, current_units=2191)})
    life.status = life.status.model_copy(update={"trial": known})


def guarded(life: Life) -> None:
    """The trial is held to a guardrail of which nothing is known."""
    errors = Guardrail(name="errors", type=GuardrailType.ERROR_RATE, max_increase="10%")
    frozen = {"guards": freeze([errors], EpochCounters())}
    life.records = tuple(
        record.model_copy(update={"baseline": record.baseline.model_copy(update=frozen)}) if record.baseline else record
        for record in life.records
    )


def just_begun(life: Life) -> None:
    life.now -= STEP_S / 2


def lagging(life: Life) -> None:
    life.pods = (life.pods[0], replace(life.pods[1], loaded="1-00000000"))


def no_outcomes(life: Life) -> None:
    """Those of the watch and of the first step are not told."""
    life.count(WATCH_EPOCH, arms(current=(200, 160), outcome_values={}))
    life.count(FIRST, arms((10, 8), (190, 152), outcome_values={}))


CASES = {
    "another ledger": Case(
        gates.ledger_is_the_same, ERROR, "EvidenceLost", ("change spec.trial",), change=lambda life: setattr(life, "ledger", "ledger-2")
    ),
    "fewer units than before": Case(gates.ledger_is_the_same, ERROR, "EvidenceLost", ("gone back", "given up"), change=shrunk),
    "another image": Case(gates.image_is_the_same, ERROR, "ImageChanged", ("pin it by digest",), change=other_image),
    "a fast clock": Case(gates.clocks_agree, ERROR, "ClockSkew", ("7 s", "synchronise"), router={"clock_off_us": 7 * US}),
    "current fails": Case(
        canary_gates.current_is_readable, ERROR, "CurrentUnreadable", ("43 of 4243", "NoBody: 43", "spec.current.prediction"),
        epoch=better(failed_currents=43, unknown_by_arm={"current": 43}, reasons={"NoBody": 43}),
    ),
    "keys twice": Case(
        gates.keys_name_one_unit, ERROR, "KeyRepeated", ("spec.objective.outcome.key", "spec.unit"), epoch=better(ambiguous=43),
    ),
    "answers too long": Case(
        gates.answers_fit_the_capture, ERROR, "AnswerNotCaptured", ("64 KiB", "in a header"), epoch=better(ours=43),
        also=frozenset({gates.coverage_is_high}),
    ),
    "other words": Case(
        canary_gates.values_compare, ERROR, "Incomparable", ("'M'", "'malignant'", "spec.prediction.map"),
        epoch=better(candidate_values={"malignant": 2000}),
        change=lambda life: life.count(FIRST, arms((10, 8), (190, 152), candidate_values={})),
    ),
    "other words for outcomes": Case(
        canary_gates.values_compare, ERROR, "Incomparable", ("outcomes are 'yes'", "spec.prediction.map"),
        epoch=better(outcome_values={"yes": 4000}), change=no_outcomes,
    ),
    "units of one arm are lost": Case(
        canary_gates.units_come_as_designed, HOLD, "SampleRatio", ("1710 of 3900", "1860", "find it and change spec.trial"),
        epoch=better(units_by_arm={"candidate": 1_700, "current": 2_000}),
    ),
    "a silent router": Case(
        gates.routers_are_heard, HOLD, "RouterSilent", ("nothing has come from", "delete the pod"), router={"silent": True}
    ),
    "a line lost": Case(gates.no_recent_losses, HOLD, "LinesLost", ("60 s without",), router={"last_loss": int((NOW + 30) * US)}),
    "large requests": Case(gates.coverage_is_high, HOLD, "Coverage", ("%", "too large"), epoch=better(live=4000, unmirrored=80)),
    "requests without a unit": Case(gates.coverage_is_high, HOLD, "Coverage", ("unit header",), epoch=better(live=4000, unitless=80)),
    "one pod": Case(canary_gates.pods_are_ready, HOLD, "Replicas", ("1 of the candidate's pods", "2 are wanted"), change=one_pod),
    "serve current": Case(
        gates.serving_is_automatic, HOLD, "ServeOverride", ("set it to Auto",), change=lambda life: life.edit(serve="Current")
    ),
    "a router that lags": Case(canary_gates.step_is_loaded, HOLD, "StepLoading", ("loading the step",), change=lagging),
    "a step that has just begun": Case(canary_gates.step_has_lasted, HOLD, "Step", ("step 2 at 50%", "s more"), change=just_begun),
    "no lift": Case(canary_gates.lift_is_proven, HOLD, "NotProven", ("4200 units",), epoch=better((2_000, 1_620))),
    "missing outcomes": Case(
        canary_gates.lift_is_proven, HOLD, "NotProven", ("300 units without a result count against it",),
        epoch=better(unknown_by_arm={"candidate": 150, "current": 150}),
    ),
    "an open guardrail": Case(gates.guardrails_hold, HOLD, "GuardrailOpen", ("errors", "not proven yet"), change=guarded),
}  # fmt: skip


@pytest.mark.parametrize("gate", PROMOTION, ids=lambda gate: gate.__name__)
def test_every_gate_is_open_in_a_sound_world(gate: Gate) -> None:
    """Nothing is in the way of a proven lift."""
    assert gate(look(sound())) is None


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_gate_is_shut_by_its_own_cause(case: Case) -> None:
    """What cannot be known is Error, what is not enough is Hold; told once, under its own name, and nobody is moved."""
    seen = look(case.life())
    shut = {gate: found for gate in PROMOTION if (found := gate(seen)) is not None}
    assert set(shut) - case.also - {canary_gates.lift_is_proven} == {case.gate} - {canary_gates.lift_is_proven}
    found = shut[case.gate]
    assert (found.kind, found.reason) == (case.kind, case.reason)
    for words in case.words:
        assert words in found.message
    said = judge(seen)
    assert (said.kind, said.reason, said.message) == (case.kind, case.reason, found.message)


@pytest.mark.parametrize(
    ("gate", "epoch"),
    [
        (canary_gates.current_is_readable, better(failed_currents=42, unknown_by_arm={"current": 42})),
        (canary_gates.values_compare, better(candidate_values={"malignant": 99}, current_values={})),
        (gates.answers_fit_the_capture, better(ours=42)),
        (gates.keys_name_one_unit, better(ambiguous=42)),
        (gates.coverage_is_high, better(live=3_800, unitless=20, unmirrored=20)),
    ],
)
def test_a_gate_is_open_at_its_limit(gate: Gate, epoch: EpochCounters) -> None:
    """The documented limit itself is allowed, and too few units accuse nobody."""
    life = sound().copy()
    life.count(SECOND, epoch)
    assert gate(look(life)) is None


def test_every_gate_has_a_case() -> None:
    """No gate of the lists is untested; what is asked before a step is asked before a promotion too."""
    tried = {case.gate for case in CASES.values()}
    elsewhere = {gates.counts_are_possible}  # with pairs: it reads the engine's word only
    whole = {canary_gates.step_is_whole, gates.cycles_are_whole}
    below = {canary_gates.labels_do_not_choose, canary_gates.all_steps_are_taken, *whole}
    assert set(PROMOTION) - tried == below | elsewhere
    assert set(SOUND) < set(STEP) < set(PROMOTION)
    assert set(WATCH) - set(PROMOTION) == {canary_gates.watched}


def test_all_steps_are_taken_before_a_promotion() -> None:
    """In the first step only a larger share is in the way of what is proven already; the reason is what the step reads."""
    life = stepping()
    life.count(FIRST, arms((500, 495), (9_500, 7_600)))
    life.now += STEP_S
    shut = {gate for gate in PROMOTION if gate(look(life)) is not None}
    assert shut == {canary_gates.all_steps_are_taken}
    assert (judge(look(life)).kind, judge(look(life)).reason) == (HOLD, canary_gates.STEP_DONE)
    assert "the next one is 50%" in judge(look(life)).message


@pytest.mark.parametrize(
    ("candidate", "current", "shut"),
    [(1_000, 1_000, False), (1_100, 1_000, False), (1_250, 1_000, True), (0, 100, True), (100, 0, True), (0, 0, False)],
)
def test_units_come_to_the_arms_as_designed(candidate: int, current: int, shut: bool) -> None:
    """At half and half: chance has its say, and a defect on either side is found, be it only that an arm gets none."""
    life = sound().copy()
    life.count(SECOND, better(units_by_arm={"candidate": candidate, "current": current}))
    assert (canary_gates.units_come_as_designed(look(life)) is not None) is shut


def test_a_lost_arm_keeps_harm_from_being_concluded_too() -> None:
    """Whatever loses units may lose the good ones: nothing may be concluded, in either direction."""
    life = sound().copy()
    life.count(SECOND, better((2_000, 1_000), units_by_arm={"candidate": 1_400, "current": 2_000}))
    assert judge(look(life)).reason == "SampleRatio"
    life.count(SECOND, better((2_000, 1_000)))
    assert judge(look(life)).reason == "Harm"


@pytest.mark.parametrize("missing", ["AtRandom", "Worst"])
@pytest.mark.parametrize(
    ("silent", "failed", "chooses"),
    [
        ({"candidate": 200, "current": 200}, 0, False),
        ({"candidate": 20, "current": 400}, 0, True),
        ({"candidate": 400, "current": 20}, 0, True),
        ({"candidate": 100, "current": 400}, 300, False),  # a current that failed lacks an answer, not an outcome
    ],
)
def test_labels_of_one_arm_hold_under_at_random_only(
    missing: str, silent: dict[str, int], failed: int, chooses: bool
) -> None:
    """Outcomes that come more often on one arm are not missing at random; under Worst it does not matter."""
    life = last_step(objective={"outcome": {**OUTCOME, "missing": missing}})
    life.count(SECOND, better(unknown_by_arm=silent, failed_currents=failed))
    shut = canary_gates.labels_do_not_choose(look(life))
    assert (shut is not None) is (chooses and missing == "AtRandom")
    if shut is not None:
        assert (shut.kind, shut.reason) == (HOLD, "LabelsSelected")
        assert "outcome.missing: Worst" in shut.message


def test_labels_are_compared_step_by_step() -> None:
    """As many on either arm in each step, but fewer in the one with the larger share: added up it looks as if they were chosen."""
    life = last_step(objective={"outcome": {**OUTCOME, "missing": "AtRandom"}})
    life.count(FIRST_STEP_EPOCH, arms((450, 400), (8_550, 6_840), unknown_by_arm={"candidate": 50, "current": 950}))
    life.count(SECOND, arms((3_000, 2_700), (3_000, 2_400), unknown_by_arm={"candidate": 2_000, "current": 2_000}))
    assert canary_gates.labels_do_not_choose(look(life)) is None


def test_what_we_could_not_read_is_no_label_that_is_missing() -> None:
    """Its outcome may well have come."""
    life = last_step(objective={"outcome": {**OUTCOME, "missing": "AtRandom"}})
    silent = {"candidate": 400, "current": 20}
    life.count(SECOND, better(unknown_by_arm=silent, unread_by_arm={"candidate": 380}))
    assert canary_gates.labels_do_not_choose(look(life)) is None


DAILY: dict[str, Any] = {"objective": {"outcome": OUTCOME, "cycle": "24h"}, "deadline": "7d"}
ONE_STEP = {"canary": {"steps": [{"weight": "50%", "minimumDuration": "10s"}]}}
WORSE, EVEN = better((2_000, 1_400)), arms((20_000, 16_000), (20_000, 16_000))


@pytest.mark.parametrize(
    ("counters", "hours", "reason"),
    [
        (better(), 12, "WithinCycle"),
        (better(), 24.05, "LiftProven"),
        (better(), 25, "WithinCycle"),
        (EVEN, 12, "WithinCycle"),
        (EVEN, 24.05, "Futility"),
        (WORSE, 12, "Harm"),
    ],
)
def test_all_but_harm_waits_for_whole_cycles(counters: EpochCounters, hours: float, reason: str) -> None:
    """Counted from the step's beginning: a good morning promotes nobody, and a bad one gives nobody up."""
    life = stepping(strategy=ONE_STEP, **DAILY)
    life.count(FIRST_STEP_EPOCH, counters)
    life.now += hours * 3600
    assert judge(look(life)).reason == reason


def test_each_step_lasts_whole_cycles() -> None:
    """A step that has the day and another one that has the night would weigh them by their shares."""
    life = stepping(**DAILY)
    for hours, reason in ((12, "WithinCycle"), (24.05, "StepDone"), (25, "WithinCycle")):
        later = life.copy()
        later.now += hours * 3600
        assert judge(look(later)).reason == reason


@pytest.mark.parametrize("counters", [better(), EVEN], ids=["better", "even"])
def test_a_cycle_is_counted_from_the_evidence_whoever_came_and_went(counters: EpochCounters) -> None:
    """A router or operator that begins anew at noon does not move midnight: the evidence of the morning is still there."""
    life = stepping(strategy=ONE_STEP, **DAILY)
    life.count(FIRST_STEP_EPOCH, counters)
    life.now += 12 * 3600
    life.agreed = None
    look(life)  # from now on they agree again
    for hours, waits in ((12.05, False), (24.05, True), (36.05, False)):
        later = life.copy()
        later.now += hours * 3600
        assert (judge(look(later)).reason == "WithinCycle") is waits, hours


def test_a_step_is_whole_whoever_came_and_went() -> None:
    """As for a verdict; only the time that was asked for begins anew."""
    life = stepping(**DAILY)
    life.now += 12 * 3600
    life.agreed = None
    assert judge(look(life)).reason == "Step"
    for hours, reason in ((12.05, "StepDone"), (24.05, "WithinCycle")):
        later = life.copy()
        later.now += hours * 3600
        assert judge(look(later)).reason == reason


@pytest.mark.parametrize(("change", "reason"), [({}, "Watched"), ({"serve": "Current"}, "ServeOverride")])
def test_a_watch_is_over_when_current_is_known(change: dict[str, Any], reason: str) -> None:
    """And nobody holds the traffic; how ready the candidate is was asked before, and is asked again at each step."""
    life = watching()
    life.count(WATCH_EPOCH, arms(current=(100, 80)))
    life.edit(**change)
    assert judge_watch(look(life)).reason == reason


def test_words_are_compared_before_anybody_meets_the_candidate() -> None:
    """Outcomes that no prediction of current's can equal are noticed while current alone is watched."""
    life = watching()
    life.count(WATCH_EPOCH, arms(current=(100, 80), outcome_values={"yes": 100}))
    assert (judge_watch(look(life)).kind, judge_watch(look(life)).reason) == (ERROR, "Incomparable")


def test_a_sound_world_promotes_in_the_next_cycle() -> None:
    """The builder of these tests stands one cycle before a promotion."""
    (record,) = sound().copy().cycle().records
    assert (record.kind.value, record.reason) == ("Promoted", "LiftProven")
