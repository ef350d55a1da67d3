"""Unknown never promotes, and never rejects either: properties of `judge` over any counters."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shadowlift.api.ledger import EpochCounters, RouterReport, TrialCounters
from shadowlift.api.status import VerdictKind
from shadowlift.rollout.gates import PROMOTION, SOUND, judge
from shadowlift.rollout.look import Look
from tests.support.world import BETTER, EQUAL, WORSE
from tests.unit.rollout.given import NOW, counting, warming
from tests.unit.rollout.test_gates import CASES, Case, look, sound

T = TypeVar("T")
MANY = settings(max_examples=60, derandomize=True, database=None, deadline=None, phases=[Phase.generate, Phase.shrink])


@cache
def base(*, warm: bool) -> Look:
    return look(counting() if warm else warming())


FEW, MANY_MORE = (0, 1, 2, 20), (0, 1, 5, 10, 90, 1000, 10**6)
CHOICES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("live", "booked", "wins", "losses", "ties", "disagreements"), MANY_MORE),
    **dict.fromkeys(("unlabelled", "unmirrored", "unitless", "ours", "current_failed", "current_unreadable"), FEW),
}
VALUES = ({}, {"M": 500}, {"M": 50, "B": 60}, {"malignant": 500}, {"": 500}, {"M": 1})


class Dice:
    """Choices from bytes: one draw for a whole world, which stays quick and can be shrunk."""

    def __init__(self, faces: bytes) -> None:
        self.faces = iter(faces)

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[next(self.faces) % len(choices)]

    def counters(self) -> TrialCounters:
        epochs = {}
        for number in ("0", "1", "2", "3"):
            numbers = {name: self.one_of(some) for name, some in CHOICES.items()}
            words = {name: self.one_of(VALUES) for name in ("current_values", "candidate_values", "outcome_values")}
            if self.one_of((True, True, False)):
                epochs[number] = EpochCounters(**numbers, **words)
        router = RouterReport(
            uid="uid-r-1",
            last_seen=None,
            low=None,
            shed=self.one_of(FEW),
            last_loss=self.one_of((None, None, int(NOW * 1e6))),
            clock_off_us=self.one_of((0, 0, 0, 4_000_000, -6_000_000)),
        )
        return TrialCounters(uid="trial-0001", epochs=epochs, routers=[router])


throws = st.binary(min_size=80, max_size=80)
ledgers = st.sampled_from(["ledger-1", "ledger-1", "ledger-1", "ledger-2", None])


def look_at(seen: TrialCounters, ledger: str | None, *, warm: bool = True) -> Look:
    """A trial that counts, or is still warming up, with these counters from this ledger."""
    before = base(warm=warm)
    observed = before.world.observed
    changed = replace(observed, evidence=replace(observed.evidence, ledger=ledger, counters=seen))
    return replace(before, world=replace(before.world, observed=changed), counters=seen)


@MANY
@given(throws, ledgers, st.booleans())
def test_an_unsound_world_concludes_nothing(faces: bytes, ledger: str | None, warm: bool):
    """With any gate of SOUND shut the verdict is that gate's, Error or Hold: never Promote, never Reject."""
    now = look_at(Dice(faces).counters(), ledger, warm=warm)
    verdict = judge(now)
    shut = next((found for gate in SOUND if (found := gate(now)) is not None), None)
    if shut is not None:
        assert (verdict.kind, verdict.reason, verdict.message) == (shut.kind, shut.reason, shut.message)
        assert verdict.kind in (VerdictKind.HOLD, VerdictKind.ERROR)


@MANY
@given(throws, ledgers)
def test_a_promotion_needs_every_gate(faces: bytes, ledger: str | None):
    """Promote exactly where every gate is open and nothing is to be rejected."""
    now = look_at(Dice(faces).counters(), ledger)
    verdict = judge(now)
    is_open = all(gate(now) is None for gate in PROMOTION)
    assert (verdict.kind is VerdictKind.PROMOTE) == is_open


@MANY
@given(throws)
def test_more_missing_outcomes_never_help(faces: bytes):
    """Under Worst, taking an outcome away from a win never turns a verdict into Promote."""
    seen = Dice(faces).counters()
    before = judge(look_at(seen, "ledger-1"))
    wins = seen.epochs.get("2", EpochCounters()).wins
    if before.kind is VerdictKind.PROMOTE or not wins:
        return
    poorer = {
        number: epoch.model_copy(update={"wins": 0, "unlabelled": epoch.unlabelled + epoch.wins})
        for number, epoch in seen.epochs.items()
    }
    after = judge(look_at(seen.model_copy(update={"epochs": poorer}), "ledger-1"))
    assert after.kind is not VerdictKind.PROMOTE


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("evidence", [BETTER, WORSE], ids=["proven lift", "proven harm"])
def test_unsound_evidence_neither_promotes_nor_rejects(case: Case, evidence: dict):
    """However strong the numbers are: a shut gate of SOUND is the verdict; the later gates hold back promotions only."""
    if case.gate not in SOUND:
        return
    seen = look(case.life())
    life = case.life()
    life.count(2, EpochCounters(**{**evidence, **case.epoch}))
    verdict = judge(look(life))
    assert case.gate(seen) is not None
    assert (verdict.kind, verdict.reason) == (case.kind, case.reason)


@pytest.mark.parametrize(
    ("counters", "kind", "reason"),
    [
        (BETTER, VerdictKind.PROMOTE, "LiftProven"),
        (WORSE, VerdictKind.REJECT, "Harm"),
        ({**EQUAL, "wins": 500, "losses": 500, "ties": 99_000}, VerdictKind.REJECT, "Futility"),
        ({**EQUAL, "wins": 5, "losses": 5, "ties": 90}, VerdictKind.HOLD, "NotProven"),
        ({}, VerdictKind.HOLD, "NoEvidence"),
    ],
)
def test_the_four_kinds_of_verdict(counters: dict, kind: VerdictKind, reason: str):
    """Promote, reject for harm, reject for futility, hold: told by the engine, with its reason."""
    life = sound().copy()
    life.count(2, EpochCounters(**counters))
    verdict = judge(look(life.stood() if kind is VerdictKind.REJECT else life))
    assert (verdict.kind, verdict.reason) == (kind, reason)


@pytest.mark.parametrize(
    "name",
    [name for name, case in CASES.items() if case.gate not in SOUND and case.reason not in ("NotProven", "NoEvidence")],
)
def test_harm_is_rejected_whatever_holds_a_promotion_back(name: str):
    """Lost lines, coverage, capacity or an override hold traffic back; they do not keep a harmful candidate in its trial."""
    case = CASES[name]
    life = case.life()
    life.count(2, EpochCounters(**{**WORSE, **case.epoch}))
    assert judge(look(life.stood())).kind is VerdictKind.REJECT


def test_a_proof_says_what_it_rests_on():
    """The message of a promotion carries estimate, lower bound, number of pairs, e-value and bar."""
    message = judge(look(sound())).message
    assert message.startswith("lift +0.0800, at least +0.")
    assert "after 1000 pairs" in message
    assert message.endswith("at a bar of 250")  # six tenths of alpha is kept for the deadline
