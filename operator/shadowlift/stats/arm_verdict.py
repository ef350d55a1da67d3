"""The rule for two arms: a frozen test and the counts of all epochs in, a verdict with its evidence out.

Called at every look by whoever acts on the verdict, as `verdict` is for pairs, and with the same rules in the same order: Error, harm,
a proven lift, futility, Hold. There is no exact look at the deadline: none is known for a score, so all of alpha is the e-process's.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

from shadowlift.stats import arms, forecast
from shadowlift.stats import bets as bets_module
from shadowlift.stats.arm_counts import ArmCounts, ArmRewards, ArmStatistic
from shadowlift.stats.bets import Bets
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.terms import Rates, require_fields, require_lifts
from shadowlift.stats.verdict import LARGEST_E_VALUE_SHOWN, Evidence, Needed, Reason, Ruling
from shadowlift.stats.wealth import Wealth

_KINDS: dict[str, type[ArmCounts | ArmRewards]] = {"ArmCounts": ArmCounts, "ArmRewards": ArmRewards}


@dataclass(frozen=True, slots=True)
class ArmTest:
    """A test of two arms. Effects are differences of the mean Y, in [-1, 1].

    Attributes:
        bets: bets for the promotion test.
        harm_bets: bets for the tests against the candidate, harm and futility.
        minimum_lift: the bar, in [0, 1): promote when the lift is proven to be above it.
        target_lift: the lift worth waiting for, in (minimum_lift, 1].
        rates: how often it may err; nothing of them is kept for the deadline.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    bets: Bets
    harm_bets: Bets
    minimum_lift: float
    target_lift: float
    rates: Rates

    def __post_init__(self) -> None:
        """Refuse what is no test."""
        require_lifts(self.minimum_lift, self.target_lift)
        if self.rates.deadline_share:
            raise ValueError("deadline_share must be 0 for two arms: no exact test is known for their scores")
        arms.require_stakes("bets", self.bets, self.minimum_lift)
        arms.require_stakes("harm_bets", self.harm_bets, 0.0)

    @classmethod
    def planned(cls, *, minimum_lift: float, target_lift: float, rates: Rates, variance: float | None) -> Self:
        """A test with the bets that reach the target lift soonest; `variance` as `arms.planned_bets` takes it.

        Raises:
            ValueError: an argument is out of its range; the message names it.
        """
        require_lifts(minimum_lift, target_lift)
        return cls(
            bets=arms.planned_bets(minimum_lift, target_lift, variance),
            harm_bets=arms.planned_bets(0.0, target_lift, variance),
            minimum_lift=minimum_lift,
            target_lift=target_lift,
            rates=rates,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON encoder; every number a string with its shortest exact decimal."""
        return {
            "bets": self.bets.to_json(),
            "harm_bets": self.harm_bets.to_json(),
            "minimum_lift": repr(float(self.minimum_lift)),
            "target_lift": repr(float(self.target_lift)),
            "rates": self.rates.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, bit for bit.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        require_fields("a test of two arms", data, [field.name for field in dataclasses.fields(cls)])
        return cls(
            bets=Bets.from_json(data["bets"]),
            harm_bets=Bets.from_json(data["harm_bets"]),
            minimum_lift=bets_module.number("minimum_lift", data["minimum_lift"]),
            target_lift=bets_module.number("target_lift", data["target_lift"]),
            rates=Rates.from_json(data["rates"]),
        )


@dataclass(frozen=True, slots=True)
class ArmCase:
    """All that a verdict on two arms rests on: keep it with the verdict (`to_json`) and anybody can reach it again.

    Attributes:
        test: fixed before the first of these units.
        promotion: the units with every missing result at its worst for the candidate: 0 on its own arm, 1 on the other.
        harm: the same units with every missing result at its best for the candidate.

    Raises:
        ValueError: the two are of different kinds.
    """

    test: ArmTest
    promotion: Epochs[ArmStatistic]
    harm: Epochs[ArmStatistic]

    def __post_init__(self) -> None:
        """Refuse what is no case."""
        if len({type(epoch.counts) for epoch in (*self.promotion.epochs, *self.harm.epochs)}) > 1:
            raise ValueError("promotion and harm must be counts of the same kind")

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON encoder; all of it exact."""
        kind = type(self.promotion.epochs[0].counts).__name__ if self.promotion.epochs else "ArmCounts"
        counts = {"promotion": self.promotion.to_json(), "harm": self.harm.to_json()}
        return {"kind": kind, "test": self.test.to_json(), **counts}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        require_fields("a case of two arms", data, ["kind", "test", "promotion", "harm"])
        if data["kind"] not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(_KINDS)}, got {data['kind']!r}")
        kind = _KINDS[data["kind"]]
        promotion, harm = (Epochs.from_json(data[name], kind) for name in ("promotion", "harm"))
        return cls(ArmTest.from_json(data["test"]), promotion, harm)


def rule(case: ArmCase, before: ArmCase | None = None) -> Ruling:
    """Decide from the counts so far; `before` is an earlier look of the same trial, whose counts must not be larger."""
    wrong = _impossible(case, before)
    if wrong is not None:
        return Ruling(wrong.verdict, wrong, None)
    test, against = case.test, case.harm.mirrored()
    promotion = arms.wealth(case.promotion, test.bets, test.minimum_lift)
    harm = arms.wealth(against, test.harm_bets, 0.0)
    futility = arms.wealth(against, test.harm_bets, -test.target_lift)
    reason = _reason(case, promotion, harm, futility)
    rates = test.rates
    evidence = Evidence(
        n=sum(epoch.counts.n for epoch in case.promotion.telling),
        estimate=arms.estimate(case.promotion),
        optimistic_estimate=arms.estimate(case.harm),
        lower=arms.clipped_lower_bound(promotion, rates.at_any_look),
        upper=0.0 - arms.clipped_lower_bound(futility, rates.futility),
        e_value=math.exp(min(promotion.log_e_value, math.log(LARGEST_E_VALUE_SHOWN))),
        log_e=promotion.log_e_value,
        bar=1 / rates.at_any_look,
        harm_log_e=harm.log_e_value,
        harm_bar=1 / rates.harm,
        deadline_p=None,
        needed=_needed(case, promotion),
    )
    return Ruling(reason.verdict, reason, evidence)


def _reason(case: ArmCase, promotion: Wealth, harm: Wealth, futility: Wealth) -> Reason:
    rates = case.test.rates
    if harm.rejects(rates.harm):
        return Reason.HARM_PROVEN
    if promotion.rejects(rates.at_any_look):
        return Reason.LIFT_PROVEN
    if futility.rejects(rates.futility):
        return Reason.TARGET_OUT_OF_REACH
    return Reason.NOT_ENOUGH_EVIDENCE if case.promotion.telling else Reason.NO_UNITS


def _needed(case: ArmCase, promotion: Wealth) -> Needed:
    """At the pace of each bet so far, where the estimate is above the bar."""
    n, seen = sum(epoch.counts.n for epoch in case.promotion.telling), arms.estimate(case.promotion)
    if not n or seen is None or seen <= case.test.minimum_lift:
        return Needed(None, None)
    growth = [log / n for log in promotion.logs]
    return Needed(None, forecast.further_observations(promotion, growth, case.test.rates.at_any_look))


def _impossible(case: ArmCase, before: ArmCase | None) -> Reason | None:
    if not _two_readings(case.promotion, case.harm):
        return Reason.NOT_THE_SAME_UNITS
    if before is not None and (
        _kind(before) not in (None, _kind(case))
        or case.promotion.went_back(before.promotion) is not None
        or case.harm.went_back(before.harm) is not None
    ):
        return Reason.COUNTERS_WENT_BACK
    return None


def _kind(case: ArmCase) -> type[ArmStatistic] | None:
    return type(case.promotion.epochs[0].counts) if case.promotion.epochs else None


def _two_readings(promotion: Epochs[ArmStatistic], harm: Epochs[ArmStatistic]) -> bool:
    """The same units, and each missing result moved up on the candidate's arm and down on the other."""
    if [epoch.number for epoch in promotion.epochs] != [epoch.number for epoch in harm.epochs]:
        return False
    return all(_moved_up(low, high) for low, high in zip(promotion.epochs, harm.epochs, strict=True))


def _moved_up(low: Epoch[ArmStatistic], high: Epoch[ArmStatistic]) -> bool:
    if (low.weight, low.baseline) != (high.weight, high.baseline):
        return False
    candidate = (low.counts.candidate_amounts, high.counts.candidate_amounts)
    current = (high.counts.current_amounts, low.counts.current_amounts)
    return all(
        sum(worse) == sum(better) and all(map(int.__le__, accumulate(reversed(worse)), accumulate(reversed(better))))
        for worse, better in (candidate, current)
    )
