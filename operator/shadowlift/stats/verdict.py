"""The rule: a frozen test and the counts so far in, a decision with its evidence out.

Called at every look by whoever acts on the decision; a pure function, so looking again, elsewhere or after a restart says the same.
`Decision` has no value for "cannot know": missing, shrinking or incomparable counts are refused before they come here.

Rules, in this order (a look that satisfies several takes the first):
    1. reject for harm        "the effect is >= 0" falls at `harm_rate`
    2. promote                "the effect is <= minimum_lift" falls at `false_promotion_rate`
    3. reject for futility    "the effect is >= target_lift" falls at `futility_rate`: the upper bound is below the target
    4. continue
Harm and promotion cannot meet: the first needs an optimistic mean of D below 0, the second a mean above minimum_lift >= 0, and the
optimistic counts never have the smaller mean (`assess` refuses them otherwise). Should they ever, harm wins. Promotion and futility do
meet, where the lift is proven and is between minimum and target: a proven lift is promoted.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shadowlift.stats import bets as bets_module
from shadowlift.stats import forecast, paired
from shadowlift.stats.bets import Bets
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.wealth import Wealth, require_error_rate

HARM_RATE = 0.01
"""Default bound on rejecting, for harm, a candidate that is not worse at all; at any look. Small, as the word is an accusation."""

FUTILITY_RATE = 0.05
"""Default bound on giving up a candidate whose lift is the target or more; at any look. It is paid in power, never in safety."""

LARGEST_E_VALUE_SHOWN = 1e12
"""Beyond this an e-value is only a long number: displays get the cap, decisions use the logarithm."""


class Decision(enum.Enum):
    """What the evidence says; exhaustive."""

    PROMOTE = "Promote"
    REJECT_HARM = "RejectHarm"
    REJECT_FUTILITY = "RejectFutility"
    CONTINUE = "Continue"


class Reason(enum.StrEnum):
    """Why, as a token for machines."""

    LIFT_PROVEN = "LiftProven"
    """The effect is above the minimum lift."""
    HARM_PROVEN = "HarmProven"
    """The effect is below 0, even if every missing outcome speaks for the candidate."""
    TARGET_OUT_OF_REACH = "TargetOutOfReach"
    """The effect is below the target lift, even if every missing outcome speaks for the candidate."""
    NO_PAIRS = "NoPairs"
    """Nothing was counted yet."""
    NO_DISAGREEMENT = "NoDisagreement"
    """Pairs were counted, and none tells the two apart."""
    NOT_ENOUGH_EVIDENCE = "NotEnoughEvidence"
    """No bar is reached yet."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A paired test, all of it fixed before the first counted pair.

    Attributes:
        bets: bets for the promotion test.
        harm_bets: bets for the tests against the candidate, harm and futility.
        minimum_lift: the bar, in [0, 1): promote when the lift is proven to be above it. Difference in accuracy, 0.02 = 2 points.
        target_lift: the lift worth waiting for, in (minimum_lift, 1].
        false_promotion_rate: alpha, in (0, 0.5): bound on promoting, at any look, while the average lift so far is <= minimum_lift.
        harm_rate: in (0, 0.5), see `HARM_RATE`.
        futility_rate: in (0, 0.5), see `FUTILITY_RATE`.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    bets: Bets
    harm_bets: Bets
    minimum_lift: float
    target_lift: float
    false_promotion_rate: float
    harm_rate: float = HARM_RATE
    futility_rate: float = FUTILITY_RATE

    def __post_init__(self) -> None:
        """Refuse what is no test."""
        _require_lifts(self.minimum_lift, self.target_lift)
        for name in ("false_promotion_rate", "harm_rate", "futility_rate"):
            require_error_rate(name, getattr(self, name))
        paired.require_stakes("bets", self.bets, self.minimum_lift)
        paired.require_stakes("harm_bets", self.harm_bets, 0.0)

    @classmethod
    def planned(
        cls,
        *,
        minimum_lift: float,
        target_lift: float,
        false_promotion_rate: float,
        disagreement_rate: float | None,
        harm_rate: float = HARM_RATE,
    ) -> Self:
        """A test with the bets that reach the target lift soonest.

        Args:
            minimum_lift: see the class.
            target_lift: see the class.
            false_promotion_rate: see the class.
            disagreement_rate: share of pairs with unequal predictions, in [0, 1], from pairs that are *not* counted later; it needs no
                outcomes. It bounds the mean square of D. A wrong one costs speed, never validity. None: unknown.
            harm_rate: see the class.

        Raises:
            ValueError: an argument is out of its range; the message names it.
        """
        _require_lifts(minimum_lift, target_lift)
        if disagreement_rate is not None and not 0 <= disagreement_rate <= 1:
            raise ValueError(f"disagreement_rate must be in [0, 1] or None, got {disagreement_rate!r}")
        # E[D^2] >= |E[D]|: with fewer disagreements than the target lift the target could not be reached.
        square = None if disagreement_rate is None else max(disagreement_rate, target_lift)
        excess = None if square is None else square - 2 * minimum_lift * target_lift + minimum_lift**2
        return cls(
            bets=bets_module.log_grid(target_lift - minimum_lift, excess, 1 + minimum_lift),
            harm_bets=bets_module.log_grid(target_lift, square, 1.0),
            minimum_lift=minimum_lift,
            target_lift=target_lift,
            false_promotion_rate=false_promotion_rate,
            harm_rate=harm_rate,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON encoder; every number a string with its shortest exact decimal."""
        numbers = {name: repr(float(getattr(self, name))) for name in _NUMBERS}
        return {"bets": self.bets.to_json(), "harm_bets": self.harm_bets.to_json(), **numbers}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, bit for bit.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        if set(data) != {"bets", "harm_bets", *_NUMBERS}:
            raise ValueError(f"a paired test needs exactly bets, harm_bets, {', '.join(_NUMBERS)}; got {sorted(data)}")
        numbers = {name: bets_module.number(name, data[name]) for name in _NUMBERS}
        return cls(Bets.from_json(data["bets"]), Bets.from_json(data["harm_bets"]), **numbers)


_NUMBERS = ("minimum_lift", "target_lift", "false_promotion_rate", "harm_rate", "futility_rate")


@dataclass(frozen=True, slots=True)
class Needed:
    """Expected further pairs to promotion; None where it is not expected or cannot be told.

    Attributes:
        at_target: if the lift is the target, at the rate of disagreement seen so far.
        at_estimate: if the lift is what was seen so far; None unless that is above the minimum lift.
    """

    at_target: int | None
    at_estimate: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The decision and all that it rests on. Show the bounds before the estimates: an estimate at a stop is biased.

    Attributes:
        n: pairs counted.
        estimate: mean of D on the promotion counts; None without pairs.
        optimistic_estimate: mean of D on the harm counts; equal to `estimate` where no outcome is missing.
        lower: lower confidence bound at `false_promotion_rate`, on the promotion counts; above `minimum_lift` exactly if proven.
        upper: upper confidence bound at `futility_rate`, on the harm counts; below `target_lift` exactly if out of reach.
        e_value: evidence for promotion, capped for display at `LARGEST_E_VALUE_SHOWN`.
        log_e: its natural logarithm, not capped.
        bar: 1 / false_promotion_rate; the e-value at which the lift is proven.
        harm_log_e: natural logarithm of the evidence for harm.
        harm_bar: 1 / harm_rate.
        decision: what follows.
        reason: why.
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
    decision: Decision
    reason: Reason
    needed: Needed


def assess(promotion_counts: PairedCounts, harm_counts: PairedCounts, test: PairedTest) -> Evidence:
    """Decide from the counts so far.

    Args:
        promotion_counts: the pairs with every missing outcome against the candidate (or without missing outcomes).
        harm_counts: the same pairs with every missing outcome for the candidate.
        test: fixed before the first of these pairs.

    Raises:
        ValueError: the two counts are not the same pairs, or are exchanged.
    """
    _require_same_pairs(promotion_counts, harm_counts)
    against = harm_counts.mirrored()
    promotion = paired.wealth(promotion_counts, test.bets, test.minimum_lift)
    harm = paired.wealth(against, test.harm_bets, 0.0)
    futility = paired.wealth(against, test.harm_bets, -test.target_lift)
    decision, reason = Decision.CONTINUE, _what_is_missing(promotion_counts)
    if harm.rejects(test.harm_rate):
        decision, reason = Decision.REJECT_HARM, Reason.HARM_PROVEN
    elif promotion.rejects(test.false_promotion_rate):
        decision, reason = Decision.PROMOTE, Reason.LIFT_PROVEN
    elif futility.rejects(test.futility_rate):
        decision, reason = Decision.REJECT_FUTILITY, Reason.TARGET_OUT_OF_REACH
    return Evidence(
        n=promotion_counts.n,
        estimate=paired.estimate(promotion_counts),
        optimistic_estimate=paired.estimate(harm_counts),
        lower=paired.clipped_lower_bound(promotion, test.false_promotion_rate),
        upper=0.0 - paired.clipped_lower_bound(futility, test.futility_rate),
        e_value=math.exp(min(promotion.log_e_value, math.log(LARGEST_E_VALUE_SHOWN))),
        log_e=promotion.log_e_value,
        bar=1 / test.false_promotion_rate,
        harm_log_e=harm.log_e_value,
        harm_bar=1 / test.harm_rate,
        decision=decision,
        reason=reason,
        needed=_needed(promotion_counts, promotion, test),
    )


def _what_is_missing(counts: PairedCounts) -> Reason:
    if counts.n == 0:
        return Reason.NO_PAIRS
    return Reason.NOT_ENOUGH_EVIDENCE if counts.disagreements else Reason.NO_DISAGREEMENT


def _needed(counts: PairedCounts, promotion: Wealth, test: PairedTest) -> Needed:
    rate = forecast.disagreement_rate(counts)
    seen = paired.estimate(counts)
    if rate is None or seen is None:
        return Needed(None, None)
    alpha = test.false_promotion_rate
    at_target = forecast.further_pairs(promotion, test.target_lift, rate, alpha)
    at_estimate = forecast.further_pairs(promotion, seen, rate, alpha) if seen > test.minimum_lift else None
    return Needed(at_target, at_estimate)


def _require_lifts(minimum_lift: float, target_lift: float) -> None:
    if not 0 <= minimum_lift < 1:
        raise ValueError(f"minimum_lift must be in [0, 1), got {minimum_lift!r}")
    if not 0 < target_lift <= 1:
        raise ValueError(f"target_lift must be in (0, 1], got {target_lift!r}")
    if target_lift <= minimum_lift:
        raise ValueError(f"target_lift must be above minimum_lift ({minimum_lift!r}), got {target_lift!r}")


def _require_same_pairs(promotion: PairedCounts, harm: PairedCounts) -> None:
    if promotion.n != harm.n:
        raise ValueError(f"harm_counts must hold the same pairs as promotion_counts ({promotion.n}), got {harm.n}")
    if harm.wins < promotion.wins or harm.losses > promotion.losses:
        raise ValueError(
            f"harm_counts must favour the candidate at least as much as promotion_counts {promotion}, got {harm}"
        )
