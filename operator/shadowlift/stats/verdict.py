"""The rule: a frozen test and the counts so far in, a verdict with its evidence out.

Called at every look by whoever acts on the verdict; a pure function, so looking again, elsewhere or after a restart says the same.

Rules, in this order (a look that satisfies several takes the first):
    0. Error      the counters cannot be what they claim: unknown never promotes
    1. Reject     harm: "the effect is >= 0" falls at `rates.harm`
    2. Promote    "the effect is <= minimum_lift" falls at `rates.at_any_look`
    3. Promote    at the deadline only: the exact test falls at `rates.at_the_deadline`
    4. Reject     futility: "the effect is >= target_lift" falls at `rates.futility`: the upper bound is below the target
    5. Hold       nothing of that: the reason says what is missing
Harm and promotion cannot meet: the first needs an optimistic mean of D below 0, the second a mean above minimum_lift >= 0, and the
optimistic counts never have the smaller mean. Should they ever, harm wins. Promotion and futility do meet, where the lift is proven and
is between minimum and target: a proven lift is promoted.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

from shadowlift.stats import deadline, forecast, paired
from shadowlift.stats.counts import Differences, PairedCounts, PairedStatistic
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.wealth import Wealth

LARGEST_E_VALUE_SHOWN = 1e12
"""Beyond this an e-value is only a long number: displays get the cap, decisions use the logarithm."""


class Verdict(enum.Enum):
    """What the evidence says; exhaustive."""

    PROMOTE = "Promote"
    REJECT = "Reject"
    HOLD = "Hold"
    ERROR = "Error"


class Reason(enum.StrEnum):
    """Why, as a token for machines; each belongs to one verdict."""

    LIFT_PROVEN = "LiftProven"
    """Promote: the effect is above the minimum lift, by the e-process."""
    LIFT_PROVEN_AT_DEADLINE = "LiftProvenAtDeadline"
    """Promote: the effect is above the minimum lift, by the exact test at the deadline."""
    HARM_PROVEN = "HarmProven"
    """Reject: the effect is below 0, even if every missing outcome speaks for the candidate."""
    TARGET_OUT_OF_REACH = "TargetOutOfReach"
    """Reject: the effect is below the target lift, even if every missing outcome speaks for the candidate."""
    NO_PAIRS = "NoPairs"
    """Hold: nothing was counted yet."""
    NO_UNITS = "NoUnits"
    """Hold: no unit of two arms was counted yet."""
    NO_DISAGREEMENT = "NoDisagreement"
    """Hold: pairs were counted, and none tells the two apart."""
    NOT_ENOUGH_EVIDENCE = "NotEnoughEvidence"
    """Hold: no bar is reached yet."""
    COUNTERS_WENT_BACK = "CountersWentBack"
    """Error: a counter is smaller than at an earlier look."""
    NOT_THE_SAME_PAIRS = "NotTheSamePairs"
    """Error: the pessimistic and the optimistic counts are not two readings of the same pairs."""
    NOT_THE_SAME_UNITS = "NotTheSameUnits"
    """Error: as the one before, of units of two arms."""

    @property
    def verdict(self) -> Verdict:
        """The one verdict that this reason stands for."""
        return _VERDICTS[self]

    @property
    def waits_for_a_cycle(self) -> bool:
        """Whether it may be acted upon after whole cycles only, where there are any: what a good or a bad half-cycle could feign.

        Harm does not wait for one; what proves to be none of it can be tried again.
        """
        return self in (Reason.LIFT_PROVEN, Reason.TARGET_OUT_OF_REACH)


_VERDICTS = {
    Reason.LIFT_PROVEN: Verdict.PROMOTE,
    Reason.LIFT_PROVEN_AT_DEADLINE: Verdict.PROMOTE,
    Reason.HARM_PROVEN: Verdict.REJECT,
    Reason.TARGET_OUT_OF_REACH: Verdict.REJECT,
    Reason.NO_PAIRS: Verdict.HOLD,
    Reason.NO_UNITS: Verdict.HOLD,
    Reason.NO_DISAGREEMENT: Verdict.HOLD,
    Reason.NOT_ENOUGH_EVIDENCE: Verdict.HOLD,
    Reason.COUNTERS_WENT_BACK: Verdict.ERROR,
    Reason.NOT_THE_SAME_PAIRS: Verdict.ERROR,
    Reason.NOT_THE_SAME_UNITS: Verdict.ERROR,
}


@dataclass(frozen=True, slots=True)
class Case:
    """All that a verdict rests on: keep it with the verdict (`to_json`) and anybody can reach it again.

    Attributes:
        test: fixed before the first of these pairs.
        promotion: the pairs with every missing outcome at its worst for the candidate (or without missing outcomes).
        harm: the same pairs with every missing outcome at its best for the candidate.
        last: the deadline has come: this is the one look of the exact test.

    Raises:
        ValueError: the two are of different kinds, or an exact test is kept for an effect that has none.
    """

    test: PairedTest
    promotion: PairedStatistic
    harm: PairedStatistic
    last: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no case."""
        if type(self.promotion) is not type(self.harm):
            raise ValueError("promotion and harm must be counts of the same kind")
        if self.test.rates.deadline_share and not isinstance(self.promotion, PairedCounts):
            raise ValueError("deadline_share must be 0 for losses: no exact test is known for their mean")

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON encoder; all of it exact."""
        counts = {"promotion": self.promotion.to_json(), "harm": self.harm.to_json()}
        return {"kind": type(self.promotion).__name__, "test": self.test.to_json(), **counts, "last": self.last}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        if set(data) != {"kind", "test", "promotion", "harm", "last"}:
            raise ValueError(f"a case needs exactly kind, test, promotion, harm and last, got {sorted(data)}")
        kinds: dict[str, type[PairedCounts | Differences]] = {
            "PairedCounts": PairedCounts,
            "Differences": Differences,
        }
        if data["kind"] not in kinds:
            raise ValueError(f"kind must be one of {', '.join(kinds)}, got {data['kind']!r}")
        kind = kinds[data["kind"]]
        promotion, harm = kind.from_json(data["promotion"]), kind.from_json(data["harm"])
        return cls(PairedTest.from_json(data["test"]), promotion, harm, bool(data["last"]))


@dataclass(frozen=True, slots=True)
class Needed:
    """Expected further pairs to promotion; None where it is not expected or cannot be told.

    Attributes:
        at_target: if the lift is the target, with D as spread as it was so far.
        at_estimate: if the lift is what was seen so far; None unless that is above the minimum lift.
    """

    at_target: int | None
    at_estimate: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers of one look. Show the bounds before the estimates: an estimate at a stop is biased.

    Attributes:
        n: pairs counted.
        estimate: mean of D on the promotion counts; None without pairs.
        optimistic_estimate: mean of D on the harm counts; equal to `estimate` where no outcome is missing.
        lower: lower confidence bound at `rates.at_any_look`, on the promotion counts; above `minimum_lift` exactly if proven by the
            e-process.
        upper: upper confidence bound at `rates.futility`, on the harm counts; below `target_lift` exactly if out of reach.
        e_value: evidence for promotion, capped for display at `LARGEST_E_VALUE_SHOWN`.
        log_e: its natural logarithm, not capped.
        bar: the e-value at which the lift is proven, 1 / rates.at_any_look.
        harm_log_e: natural logarithm of the evidence for harm.
        harm_bar: 1 / rates.harm.
        deadline_p: probability under the null of what the exact test saw; None before the deadline and where there is none.
        needed: how far promotion still is.
    """

    n: int
    estimate: float | None
    optimistic_estimate: float | None
    lower: float
    upper: float
    e_value: float
    log_e: float
    bar: float
    harm_log_e: float
    harm_bar: float
    deadline_p: float | None
    needed: Needed


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one look says, why, and on which numbers; None where there is no sense in numbers (Error)."""

    verdict: Verdict
    reason: Reason
    evidence: Evidence | None


def rule(case: Case, before: Case | None = None) -> Ruling:
    """Decide from the counts so far; `before` is an earlier look of the same trial, whose counts must not be larger."""
    wrong = _impossible(case, before)
    if wrong is not None:
        return Ruling(wrong.verdict, wrong, None)
    tests = _tests(case)
    reason = _reason(case, tests)
    rates, promotion = case.test.rates, tests.promotion
    evidence = Evidence(
        n=case.promotion.n,
        estimate=paired.estimate(case.promotion),
        optimistic_estimate=paired.estimate(case.harm),
        lower=paired.clipped_lower_bound(promotion, rates.at_any_look),
        upper=0.0 - paired.clipped_lower_bound(tests.futility, rates.futility),
        e_value=math.exp(min(promotion.log_e_value, math.log(LARGEST_E_VALUE_SHOWN))),
        log_e=promotion.log_e_value,
        bar=1 / rates.at_any_look,
        harm_log_e=tests.harm.log_e_value,
        harm_bar=1 / rates.harm,
        deadline_p=tests.deadline_p,
        needed=_needed(case.promotion, promotion, case.test),
    )
    return Ruling(reason.verdict, reason, evidence)


def conclude(case: Case) -> Reason:
    """The reason that `rule` gives, without the numbers, in a third of the time: for who looks a million times (`simulate`)."""
    return _impossible(case, None) or _reason(case, _tests(case))


@dataclass(frozen=True, slots=True)
class _Tests:
    """What the rules read: three wealths, and what the exact test saw (None before the deadline and where there is none)."""

    promotion: Wealth
    harm: Wealth
    futility: Wealth
    deadline_p: float | None


def _tests(case: Case) -> _Tests:
    test, against = case.test, case.harm.mirrored()
    return _Tests(
        promotion=paired.wealth(case.promotion, test.bets, test.minimum_lift),
        harm=paired.wealth(against, test.harm_bets, 0.0),
        futility=paired.wealth(against, test.harm_bets, -test.target_lift),
        deadline_p=_exact_look(case),
    )


def _reason(case: Case, tests: _Tests) -> Reason:
    rates = case.test.rates
    if tests.harm.rejects(rates.harm):
        return Reason.HARM_PROVEN
    if tests.promotion.rejects(rates.at_any_look):
        return Reason.LIFT_PROVEN
    if tests.deadline_p is not None and tests.deadline_p <= rates.at_the_deadline:
        return Reason.LIFT_PROVEN_AT_DEADLINE
    if tests.futility.rejects(rates.futility):
        return Reason.TARGET_OUT_OF_REACH
    return _what_is_missing(case.promotion)


def _exact_look(case: Case) -> float | None:
    kept = case.last and case.test.rates.deadline_share > 0
    return deadline.sign_test(case.promotion) if kept and isinstance(case.promotion, PairedCounts) else None


def _what_is_missing(counts: PairedStatistic) -> Reason:
    if counts.n == 0:
        return Reason.NO_PAIRS
    return Reason.NOT_ENOUGH_EVIDENCE if counts.disagreements else Reason.NO_DISAGREEMENT


def _needed(counts: PairedStatistic, promotion: Wealth, test: PairedTest) -> Needed:
    square, seen = paired.second_moment(counts), paired.estimate(counts)
    if not square or seen is None:
        return Needed(None, None)
    alpha = test.rates.at_any_look
    at_target = forecast.further_pairs(promotion, test.target_lift, square, alpha)
    growth = [log / counts.n for log in promotion.logs]
    at_estimate = forecast.further_observations(promotion, growth, alpha) if seen > test.minimum_lift else None
    return Needed(at_target, at_estimate)


def _impossible(case: Case, before: Case | None) -> Reason | None:
    if not _two_readings(case.promotion, case.harm):
        return Reason.NOT_THE_SAME_PAIRS
    if before is not None and _labelled_went_back(case, before):
        return Reason.COUNTERS_WENT_BACK
    return None


def _two_readings(promotion: PairedStatistic, harm: PairedStatistic) -> bool:
    """The same number of pairs, and each missing outcome moved up: at no point are fewer pairs above it than before."""
    if promotion.amounts == harm.amounts:
        return True
    pairs = zip(accumulate(reversed(promotion.amounts)), accumulate(reversed(harm.amounts)), strict=True)
    return promotion.n == harm.n and all(pessimistic <= optimistic for pessimistic, optimistic in pairs)


def _labelled_went_back(case: Case, before: Case) -> bool:
    """Closed pairs are never taken back, on either reading."""
    if type(case.promotion) is not type(before.promotion):
        return True
    return any(
        now < then
        for counts, earlier in ((case.promotion, before.promotion), (case.harm, before.harm))
        for now, then in zip(counts.amounts, earlier.amounts, strict=True)
    )
