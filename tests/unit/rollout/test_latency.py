"""What a Latency guardrail is held to, and how it is told."""

import pytest

from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import EpochCounters
from shadowlift.api.record import FrozenGuard
from shadowlift.rollout import guards
from shadowlift.stats.combination import Safety
from shadowlift.stats.threshold import LADDER

WATCHED = {
    "current/40": 1975,
    "current/41": 13,
    "current/44": 4,
    "current/50": 8,
}  # the 0.99 quantile is at the upper end of 41


def counted(times: dict[str, int]) -> EpochCounters:
    units = {arm: sum(n for key, n in times.items() if key.startswith(arm)) for arm in ("candidate", "current")}
    return EpochCounters(latency_by_arm=times, units_by_arm=units)


def frozen(margin: str) -> FrozenGuard:
    guardrail = Guardrail(name="tail", type=GuardrailType.LATENCY, max_increase=margin)
    assert guards.missing([guardrail], counted(WATCHED)) is None
    (guard,) = guards.freeze([guardrail], counted(WATCHED))
    return guard


@pytest.mark.parametrize(
    ("margin", "buckets"), [("10%", 1), ("15%", 1), ("20%", 2), ("21%", 2), ("30%", 2), ("33%", 3), ("50%", 4)]
)
def test_each_arm_has_a_limit_of_its_own(margin: str, buckets: int) -> None:
    """Current's is its quantile; the candidate's lies as many tenths above as the margin holds, to a percent."""
    test = frozen(margin).no_harm
    assert (test.limit, test.current_limit, test.null) == (repr(LADDER[41 + buckets]), repr(LADDER[41]), "1.0")


def test_answers_are_counted_beyond_the_arms_own_limit_and_told_so() -> None:
    """Between the two limits an answer of current is slow, and one of the candidate is not."""
    seen = {"candidate/40": 99_000, "candidate/43": 1_000, "current/40": 99_000, "current/43": 1_000}
    (known,) = guards.known([frozen("20%")], [], counted(seen), 0.01)
    own, moved = (f"{LADDER[place] / 1000:.3g} ms" for place in (41, 43))
    assert known.safety is Safety.SAFE
    assert f"0 of 100000 took longer than {moved}, of current 1000 of 100000 longer than {own}" in known.message
    later = {**seen, "candidate/43": 0, "candidate/44": 1_000}
    (known,) = guards.known([frozen("20%")], [], counted(later), 0.01)
    assert known.safety is not Safety.SAFE
