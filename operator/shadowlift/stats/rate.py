"""One rate against a fixed limit: the share of units with an event, without a process to compare with.

Called by whoever holds a process to an objective; turns `RateCounts` into the e-value and the confidence bounds of the mean of the
event's chance. "At least 99 % of the answers are in time" is proven by counting those in time, against the null "rate <= 0.99";
"more than 1 % are late" by counting those that are late, against "rate <= 0.01" (Betting, with Y - limit as the observation).
"""

from shadowlift.stats import paired
from shadowlift.stats.arm_counts import RateCounts
from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.wealth import Wealth, require_error_rate


def planned_bets(limit: float, target: float) -> Bets:
    """The bets that prove a rate of `target` to be above the limit soonest.

    Args:
        limit: in (0, 1).
        target: the rate worth waiting for, in (limit, 1].

    Raises:
        ValueError: an argument is out of its range; the message names it.
    """
    _require_limit(limit)
    if not limit < target <= 1:
        raise ValueError(f"target must be above limit ({limit!r}) and at most 1, got {target!r}")
    return log_grid(target - limit, target * (1 - target) + (target - limit) ** 2, limit)


def wealth(counts: RateCounts, bets: Bets, limit: float) -> Wealth:
    """The bets after these units, against "average rate so far <= limit".

    Raises:
        ValueError: the limit is not in (0, 1), or a bet could lose more than it has.
    """
    _require_limit(limit)
    if bets.fractions[-1] * limit >= 1:
        raise ValueError(f"bets must stake fractions below 1 / limit = {1 / limit:.6g}, got {bets.fractions[-1]!r}")
    return Wealth(bets, paired.log_growth(counts.amounts, counts.points, bets, limit), float(counts.units), limit)


def lower_bound(counts: RateCounts, bets: Bets, limit: float, error_rate: float) -> float:
    """Lower confidence bound in [0, 1] for the average rate so far, valid at all looks together; 0 without units.

    Above the limit exactly where `wealth(counts, bets, limit)` rejects.

    Raises:
        ValueError: as `wealth`, or the error rate is not in (0, 0.5).
    """
    require_error_rate("error_rate", error_rate)
    return max(0.0, wealth(counts, bets, limit).lower_bound(error_rate))


def estimate(counts: RateCounts) -> float | None:
    """The rate; None without units."""
    return counts.events / counts.units if counts.units else None


def _require_limit(limit: float) -> None:
    if not 0 < limit < 1:
        raise ValueError(f"limit must be above 0 and below 1, got {limit!r}")
