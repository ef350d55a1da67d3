"""Paired comparison: both predictions of the same unit, with D in [-1, 1] how much better the candidate's was.

Called by `verdict` and by reports; turns a `PairedStatistic` into the e-value and the confidence bounds of the mean of D:
the difference in accuracy (`PairedCounts`, where D is -1, 0 or 1) or in mean loss (`Differences`, in ranges of the loss).

With a reference of 0 the ties drop out: for right and wrong this is a sequential form of McNemar's test, in which only
disagreements carry information.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from shadowlift.stats.bets import Bets
from shadowlift.stats.counts import PairedStatistic
from shadowlift.stats.wealth import Wealth, added_up, require_error_rate


def log_e_value(counts: PairedStatistic, bets: Bets, reference: float) -> float:
    """Log of the evidence against "mean of D <= reference"; reject at log(1/alpha) or more, at any look.

    Raises:
        ValueError: the reference is outside [-1, 1], or a bet could lose more than it has.
    """
    return wealth(counts, bets, reference).log_e_value


def lower_bound(counts: PairedStatistic, bets: Bets, reference: float, error_rate: float) -> float:
    """Lower confidence bound in [-1, 1] for the running average of the mean of D, valid at all looks together.

    Above the reference exactly where `log_e_value(counts, bets, reference) >= log(1/error_rate)`; tightest near the reference.
    -1 while there are no pairs.

    Raises:
        ValueError: as `log_e_value`, or the error rate is not in (0, 0.5).
    """
    require_error_rate("error_rate", error_rate)
    return clipped_lower_bound(wealth(counts, bets, reference), error_rate)


def upper_bound(counts: PairedStatistic, bets: Bets, reference: float, error_rate: float) -> float:
    """Upper confidence bound: `lower_bound` with the sides exchanged. 1 while there are no pairs.

    Below the reference exactly where "mean of D >= reference" is rejected.
    """
    return 0.0 - lower_bound(counts.mirrored(), bets, 0.0 - reference, error_rate)


def estimate(counts: PairedStatistic) -> float | None:
    """Mean of D; None without pairs. Biased upward where a test stopped on it: report the bounds, not this alone."""
    return math.fsum(map(float.__mul__, counts.points, map(float, counts.amounts))) / counts.n if counts.n else None


def second_moment(counts: PairedStatistic) -> float | None:
    """Mean of D squared, in [0, 1]: for right and wrong the rate of disagreement. None without pairs."""
    each = zip(counts.points, counts.amounts, strict=True)
    return math.fsum(point * point * amount for point, amount in each) / counts.n if counts.n else None


def wealth(counts: PairedStatistic, bets: Bets, reference: float) -> Wealth:
    """The bets after these counts, against "mean of D <= reference".

    Raises:
        ValueError: the reference is outside [-1, 1], or a bet could lose more than it has.
    """
    require_stakes("bets", bets, reference)
    return Wealth(bets, log_growth(counts.amounts, counts.points, bets, reference), float(counts.n), reference)


def log_growth(amounts: Sequence[float], points: tuple[float, ...], bets: Bets, reference: float) -> tuple[float, ...]:
    """Log wealth of each bet after so many of each value of D; linear in them, so rates give the growth per pair."""
    return tuple(added_up(_growth_of_one(points, bets, reference), amounts))


@lru_cache(maxsize=1024)  # three references for each test under way; the logarithms are most of the cost of a look
def _growth_of_one(points: tuple[float, ...], bets: Bets, reference: float) -> tuple[tuple[float, ...], ...]:
    """For each bet, the log growth by one pair at each point: log(1 + f x) with x = D - reference."""
    return tuple(tuple([math.log1p(fraction * (point - reference)) for point in points]) for fraction in bets.fractions)


def clipped_lower_bound(wealth: Wealth, error_rate: float) -> float:
    """The bound of a paired wealth, kept inside the range of D."""
    return max(-1.0, wealth.lower_bound(error_rate))


def require_stakes(name: str, bets: Bets, reference: float) -> None:
    """Raise ValueError unless every bet keeps some of its wealth after the worst pair, x = -1 - reference."""
    if not -1 <= reference <= 1:
        raise ValueError(f"reference must be in [-1, 1], got {reference!r}")
    if bets.fractions[-1] * (1 + reference) >= 1:
        limit = 1 / (1 + reference)
        raise ValueError(
            f"{name} must stake fractions below 1 / (1 + reference) = {limit:.6g}, got {bets.fractions[-1]!r}"
        )
