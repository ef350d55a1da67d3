"""Events by arm: whether the candidate has more, or less, than its share of them. For errors, and for answers beyond a threshold.

Called by whoever guards a trial; turns `Epochs` of `ArmEvents` into the e-value and the confidence bounds of the ratio of the two
arms' event rates (candidate's / current's). What the events happened to need not be counted: with weight p and ratio r the next
event is the candidate's with probability p r / (p r + 1 - p), whenever events come and however often (Lindon and Malek; one-sided
here, with a margin).

A bet f on "ratio <= null" is the likelihood ratio of null (1 + f) against null. With s the chance of the candidate at the null it pays
    1 + f / (1 + s f) (A - s),        A = 1 for an event of the candidate, 0 else,
so it is a bet as those of `wealth`, and its promise is for the average of the chance so far: events may be drawn from any drifting
rates, as long as the ratio is on average at most the null (within each weight).

The other side is reached by exchanging the arms: "ratio >= 1.2" is "ratio of the mirrored epochs <= 1 / 1.2".
    harm                 wealth(epochs, bets, 1.0)                           null: the candidate has no more than its share
    no relevant harm     wealth(epochs.mirrored(), bets, 1 / (1 + margin))   null: the candidate has at least 1 + margin times its share
    slow answers         harm with the `null_ratio` of `threshold`; no relevant harm with null 1 and a limit for each arm, the candidate's
                         moved up by the margin

Suited to rare events, below about a tenth of the units; at most one event for each unit of randomisation, or each request randomised
by itself. Events that come in bursts of one arm break the promise, as they do for every test that counts them singly.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

from shadowlift.stats import odds
from shadowlift.stats.arm_counts import ArmEvents
from shadowlift.stats.bets import GRID_SPAN, Bets, around
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.wealth import Wealth, require_error_rate


@dataclass(frozen=True)
class RatioWealth(Wealth):
    """What bets on a ratio have become; the effect is the ratio, in [0, inf), and `reference` is the null.

    Attributes:
        epochs: those that tell.
    """

    epochs: tuple[Epoch[ArmEvents], ...]

    def lower_bound(self, error_rate: float) -> float:
        """Lower confidence bound for the ratio, valid at all times together; 0 without events.

        The largest r with sum_j weight_j exp(log W_j - sum_e b_je n_e (chance_e(r) - chance_e(null))) >= 1 / error_rate, where b_je
        is the stake f / (1 + s f) of bet j in epoch e: the bound of `Wealth` for the chance, moved to the ratio that all epochs
        share. It lies above the null exactly where `rejects` is true.
        """
        each = [(epoch.counts.n, _null_share(epoch, self.reference)) for epoch in self.epochs]
        stakes = [[n * fraction / (1 + share * fraction) for n, share in each] for fraction in self.bets.fractions]
        shift = math.log(error_rate)

        def evidence(chances: list[float]) -> float:
            moved = [chance - share for chance, (_, share) in zip(chances, each, strict=True)]
            pairs = zip(self.log_shares, stakes, strict=True)
            return shift + odds.log_sum(log - sum(map(mul, stake, moved)) for log, stake in pairs)

        def evidence_at(log_factor: float) -> float:
            return evidence([odds.tilted(share, log_factor) for _, share in each])

        rejects = self.rejects(error_rate)
        if not rejects and evidence([0.0] * len(each)) < 0:
            return 0.0
        bound = self.reference * math.exp(odds.falling_root(evidence_at, *odds.bracket(evidence_at)))
        # The root is found up to rounding only; the decision at the null itself is not left to that.
        return max(bound, math.nextafter(self.reference, math.inf)) if rejects else min(bound, self.reference)


def planned_bets(null: float, target: float) -> Bets:
    """Bets that tell the ratio `target` from the null soonest: alternatives null (1 + f) around the target.

    Args:
        null: see `wealth`.
        target: the ratio worth detecting, above the null. For "no relevant harm" both are of the mirrored arms: null = 1 / (1 + margin)
            and target = 1 for a candidate that is as good as the current process.

    Raises:
        ValueError: an argument is out of its range; the message names it.
    """
    _require_ratio("null", null)
    _require_ratio("target", target)
    if not target > null:
        raise ValueError(f"target must be above null ({null!r}), got {target!r}")
    excess = target / null - 1
    return around(excess, excess * GRID_SPAN)


def wealth(epochs: Epochs[ArmEvents], bets: Bets, null: float) -> RatioWealth:
    """The bets after these events, against "ratio <= null"; their information is the number of events.

    Raises:
        ValueError: the null is not a finite number above 0.
    """
    _require_ratio("null", null)
    telling = epochs.telling
    growth = [
        [
            epoch.counts.candidate * candidate + epoch.counts.current * current
            for candidate, current in _growth_of_one(_null_share(epoch, null), bets)
        ]
        for epoch in telling
    ]
    logs = tuple(map(math.fsum, zip(*growth, strict=True))) if growth else (0.0,) * len(bets.fractions)
    return RatioWealth(bets, logs, float(sum(epoch.counts.n for epoch in telling)), null, telling)


def upper_bound(epochs: Epochs[ArmEvents], bets: Bets, null: float, error_rate: float) -> float:
    """Upper confidence bound for the ratio, by exchanging the arms; inf without events.

    Below the null exactly where `wealth(epochs.mirrored(), bets, 1 / null)` rejects "ratio >= null".

    Raises:
        ValueError: as `wealth`, or the error rate is not in (0, 0.5).
    """
    require_error_rate("error_rate", error_rate)
    _require_ratio("null", null)
    mirrored = wealth(epochs.mirrored(), bets, 1 / null)
    bound = mirrored.lower_bound(error_rate)
    upper = 1 / bound if bound else math.inf
    return min(upper, math.nextafter(null, 0.0)) if mirrored.rejects(error_rate) else max(upper, null)


def estimate(epochs: Epochs[ArmEvents]) -> float | None:
    """The ratio under which these events are most likely; None without events, 0 without any of the candidate, inf with none else.

    With one weight never outside the bounds; with several it is, where the epochs contradict each other about the ratio.
    """
    log_ratio = odds.likeliest(epochs.telling)
    return None if log_ratio is None else math.exp(log_ratio)


def _require_ratio(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")


def _null_share(epoch: Epoch[ArmEvents], null: float) -> float:
    """The candidate's chance of an event when the ratio is the null."""
    candidate = epoch.candidate_share * null
    return candidate / (candidate + epoch.current_share)


@lru_cache(maxsize=1024)
def _growth_of_one(share: float, bets: Bets) -> tuple[tuple[float, float], ...]:
    """For each bet, the log growth by one event of the candidate and by one of the current process."""
    falls = [-math.log1p(share * fraction) for fraction in bets.fractions]
    return tuple((math.log1p(fraction) + fall, fall) for fraction, fall in zip(bets.fractions, falls, strict=True))
