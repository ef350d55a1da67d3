"""Two arms: each unit was given to one of them by chance, and Y in [0, 1] is its outcome: a success, or a part of the capped reward.

Called by whoever rules on a trial that serves the candidate to a part of the users; turns `Epochs` of `ArmCounts` or `ArmRewards` into
the e-value and the confidence bounds of the lift, the difference of the mean outcomes (candidate less current).

With A = 1 for a unit of the candidate and 0 else, p the epoch's weight and m its baseline, each unit gives the score
    x = (Y - m) (A - p) - p (1 - p) reference,
whose mean is p (1 - p) (lift - reference): A was drawn with the recorded p, whatever the unit is like and whenever it came. So trends
of the outcome, a wrong baseline and changes of the weight do no harm; the lift is weighted by p (1 - p) over the epochs, which is close
to the inverse of the variance. (Off-policy, with the overlap weight in place of 1 / p.)

One row for each unit of randomisation: a user who is counted once for each visit breaks the promise.

An absolute margin for errors is the same test with Y = 1 for a unit without error, and reference = -margin.

The promise and the bounds are for the average of the lift so far (weak null, `wealth`), which the constant fractions give; a baseline
may be learned from what was counted before its epoch began (`learned_baseline`), as it is then fixed for all units it is used on.
"""

import math
from functools import lru_cache
from operator import mul

from shadowlift.stats.arm_counts import ArmStatistic
from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.wealth import Wealth, added_up, require_error_rate

LARGEST_LOSS = 1.0
"""x is never below minus this, for any weight, baseline and reference in (-1, 1): the worst unit of either arm loses at most
(1 - p) (1 + p reference) < 1, or the same with the arms exchanged. So the bets need not know the weights to come."""


def planned_bets(reference: float, target: float, variance: float | None) -> Bets:
    """The bets that prove a lift of `target` to be above `reference` soonest, whatever the weights will be.

    At weight p the score's mean is p (1 - p) (target - reference) and its mean square about p (1 - p) variance: the best fraction is
    their quotient, in which the weight cancels.

    Args:
        reference: in (-1, 1).
        target: the lift worth waiting for, in (reference, 1].
        variance: mean square of Y about the baseline, in [0, 1], from units that are *not* counted later; for successes at a rate r
            about r (1 - r). A wrong one costs speed, never validity. None: unknown.

    Raises:
        ValueError: an argument is out of its range; the message names it.
    """
    if not -1 < reference < 1:
        raise ValueError(f"reference must be above -1 and below 1, got {reference!r}")
    if not reference < target <= 1:
        raise ValueError(f"target must be above reference ({reference!r}) and at most 1, got {target!r}")
    if variance is not None and not 0 <= variance <= 1:
        raise ValueError(f"variance must be in [0, 1] or None, got {variance!r}")
    distance = target - reference
    # The mean square of the score is at least its mean squared, and p (1 - p) at most 1/4.
    square = None if variance is None else max(variance, distance**2 / 4)
    return log_grid(distance, square, LARGEST_LOSS)


def learned_baseline(epochs: Epochs[ArmStatistic], otherwise: float) -> float:
    """A baseline for an epoch that is about to begin: the mean outcome of the current process so far; `otherwise` without any.

    To be stored with the epoch before its first unit: computed again from later counts it would look at what it is used on.
    """
    counts = [epoch.counts for epoch in epochs.epochs]
    n = sum(sum(one.current_amounts) for one in counts)
    total = math.fsum(_total(one.points, one.current_amounts) for one in counts)
    return min(1.0, total / n) if n else otherwise


def log_e_value(epochs: Epochs[ArmStatistic], bets: Bets, reference: float) -> float:
    """Log of the evidence against "lift <= reference"; reject at log(1/alpha) or more, at any look.

    Raises:
        ValueError: the reference is outside (-1, 1), or a bet could lose more than it has.
    """
    return wealth(epochs, bets, reference).log_e_value


def lower_bound(epochs: Epochs[ArmStatistic], bets: Bets, reference: float, error_rate: float) -> float:
    """Lower confidence bound in [-1, 1] for the overlap-weighted average of the lift so far, valid at all looks together.

    Above the reference exactly where `log_e_value(epochs, bets, reference) >= log(1/error_rate)`; tightest near the reference. -1 while
    no epoch tells.

    Raises:
        ValueError: as `log_e_value`, or the error rate is not in (0, 0.5).
    """
    require_error_rate("error_rate", error_rate)
    return clipped_lower_bound(wealth(epochs, bets, reference), error_rate)


def upper_bound(epochs: Epochs[ArmStatistic], bets: Bets, reference: float, error_rate: float) -> float:
    """Upper confidence bound: `lower_bound` with the arms exchanged. 1 while no epoch tells.

    Below the reference exactly where "lift >= reference" is rejected.
    """
    return 0.0 - lower_bound(epochs.mirrored(), bets, 0.0 - reference, error_rate)


def estimate(epochs: Epochs[ArmStatistic]) -> float | None:
    """The overlap-weighted lift, sum of (Y - m) (A - p) / sum of p (1 - p); None while no epoch tells.

    Never outside the bounds. Not a difference of means but the score's estimate, which few units can throw beyond any possible lift:
    it is kept in [-1, 1]. Biased upward where a test stopped on it: report the bounds, not this alone.
    """
    information = _information(epochs)
    if not information:
        return None
    return max(-1.0, min(1.0, math.fsum(_score(epoch) for epoch in epochs.telling) / information))


def variance(epochs: Epochs[ArmStatistic]) -> float | None:
    """Mean square of Y about the baseline, as `planned_bets` takes it and weighted as the estimate; None while no epoch tells.

    From the score: the sum of ((Y - m) (A - p))^2 / sum of p (1 - p), kept in [0, 1].
    """
    information = _information(epochs)
    if not information:
        return None
    squares = math.fsum(
        _square(epoch.counts.points, epoch.baseline, amounts) * (1 - share) ** 2
        for epoch in epochs.telling
        for amounts, share in (
            (epoch.counts.candidate_amounts, epoch.candidate_share),
            (epoch.counts.current_amounts, epoch.current_share),
        )
    )
    return min(1.0, squares / information)


def wealth(epochs: Epochs[ArmStatistic], bets: Bets, reference: float) -> Wealth:
    """The bets after these units, against "lift <= reference"; its information is the sum of p (1 - p) over the units.

    Raises:
        ValueError: the reference is outside (-1, 1), or a bet could lose more than it has.
    """
    require_stakes("bets", bets, reference)
    growth = [_log_growth(epoch, bets, reference) for epoch in epochs.telling]
    nothing = (0.0,) * len(bets.fractions)
    logs = tuple(map(math.fsum, zip(*growth, strict=True))) if growth else nothing
    return Wealth(bets, logs, _information(epochs), reference)


def clipped_lower_bound(wealth: Wealth, error_rate: float) -> float:
    """The bound of a wealth of two arms, kept inside the range of a lift."""
    return max(-1.0, min(1.0, wealth.lower_bound(error_rate)))


def require_stakes(name: str, bets: Bets, reference: float) -> None:
    """Raise ValueError unless every bet keeps some of its wealth after the worst unit, at any weight and baseline."""
    _require_reference(reference)
    if bets.fractions[-1] * LARGEST_LOSS >= 1:
        raise ValueError(f"{name} must stake fractions below {1 / LARGEST_LOSS:g}, got {bets.fractions[-1]!r}")


def _require_reference(reference: float) -> None:
    if not -1 <= reference <= 1:
        raise ValueError(f"reference must be in [-1, 1], got {reference!r}")


def _log_growth(epoch: Epoch[ArmStatistic], bets: Bets, reference: float) -> list[float]:
    """Log wealth of each bet by the units of one epoch."""
    shares = (epoch.candidate_share, epoch.current_share)
    rows = _growth_of_one(epoch.counts.points, shares, epoch.baseline, bets, reference)
    return added_up(rows, (*epoch.counts.candidate_amounts, *epoch.counts.current_amounts))


# Three references for each epoch of each test under way; the logarithms are most of the cost of a look.
@lru_cache(maxsize=512)
def _growth_of_one(
    points: tuple[float, ...], shares: tuple[float, float], baseline: float, bets: Bets, reference: float
) -> tuple[tuple[float, ...], ...]:
    """For each bet, the log growth by one unit at each point, first on the candidate's arm and then on the other: log(1 + f x)."""
    candidate, current = shares
    bar = candidate * current * reference
    scores = [(point - baseline) * current - bar for point in points]
    scores += [(baseline - point) * candidate - bar for point in points]
    return tuple(tuple([math.log1p(fraction * score) for score in scores]) for fraction in bets.fractions)


def _information(epochs: Epochs[ArmStatistic]) -> float:
    return math.fsum(epoch.counts.n * epoch.overlap for epoch in epochs.telling)


def _score(epoch: Epoch[ArmStatistic]) -> float:
    """The sum of (Y - m) (A - p) over an epoch's units."""
    counts, baseline = epoch.counts, epoch.baseline
    candidate = _total(counts.points, counts.candidate_amounts) - baseline * sum(counts.candidate_amounts)
    current = _total(counts.points, counts.current_amounts) - baseline * sum(counts.current_amounts)
    return candidate * epoch.current_share - current * epoch.candidate_share


def _total(points: tuple[float, ...], amounts: tuple[int, ...]) -> float:
    return math.fsum(map(mul, points, amounts))


def _square(points: tuple[float, ...], baseline: float, amounts: tuple[int, ...]) -> float:
    return math.fsum((point - baseline) ** 2 * amount for point, amount in zip(points, amounts, strict=True))
