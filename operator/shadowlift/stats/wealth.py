"""The one primitive: the wealth of a fixed mixture of bets against a null, and what can be read from it.

Called by each objective's module (`paired`), which turns its counters into a `Wealth`; turns that into an e-value, a confidence bound
and the yes/no of a test, so that the three can never disagree.

For pseudo-observations x_i = effect_i - reference >= -c and fractions 0 < f_j < 1/c, each W_j = prod(1 + f_j x_i) is a nonnegative
supermartingale under "mean effect <= reference", and so is E = sum(weight_j W_j) (Betting). By Ville, P(ever E >= 1/alpha) <= alpha:
one may look at any time and stop at will. As the fractions are constant in time the bound holds while the *running average* of the
conditional means is <= reference, however the effect drifts (Weak null).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import add, mul
from typing import Protocol

from shadowlift.stats.bets import Bets

LARGEST_ERROR_RATE = 0.5
"""An error rate of a half or more is no evidence at all; refused, as it is a confusion with the confidence level."""

_NEWTON_STEPS = 60
_FINE = 1e-3
"""Excess of the sum over 1 from which one step more is the last. The steps converge quadratically: about 1e-8 is left, on the careful
side, which is a hundred-millionth of a pair."""


class EProcess(Protocol):
    """What every test is after the observations counted so far: how far the evidence is, and what it says of the effect."""

    @property
    def log_e_value(self) -> float:
        """Natural logarithm of the evidence against the null; finite."""
        ...

    def rejects(self, error_rate: float) -> bool:
        """Whether the null falls now, at any look: E >= 1 / error_rate."""
        ...

    def lower_bound(self, error_rate: float) -> float:
        """Lower confidence bound for the running average of the effect, above the null exactly where `rejects` is true."""
        ...


@dataclass(frozen=True)
class Wealth:
    """What the bets have become after all observations counted so far.

    Attributes:
        bets: the fixed mixture.
        logs: log W_j, one for each bet.
        information: sum of the weights with which the mean effect enters the observations; for pairs their number.
        reference: the null is "running average of the effect <= reference".
    """

    bets: Bets
    logs: tuple[float, ...]
    information: float
    reference: float

    @cached_property
    def log_e_value(self) -> float:
        """Log E, natural logarithm; finite also where E itself overflows or vanishes."""
        terms = self.log_shares
        largest = max(terms)
        return largest + math.log(sum([math.exp(term - largest) for term in terms]))

    @cached_property
    def log_shares(self) -> list[float]:
        """Log of what each bet contributes to E: log(weight_j W_j)."""
        return list(map(add, self.bets.log_weights, self.logs))

    def rejects(self, error_rate: float) -> bool:
        """Whether the null falls now: E >= 1 / error_rate (Ville)."""
        return self.log_e_value >= -math.log(error_rate)

    def lower_bound(self, error_rate: float) -> float:
        """Lower confidence bound for the running average of the effect, valid at all times together.

        The smallest d with sum_j weight_j exp(log W_j - f_j information (d - reference)) < 1 / error_rate. It covers because
        E[(1 + f (D - r)) exp(-f (mean - r))] <= exp(0) for every f (from 1 + y <= exp(y)). It lies above the reference exactly
        where `rejects` is true, and always below the observed mean. -inf without information.
        """
        if self.information <= 0:
            return -math.inf
        shift = math.log(error_rate)
        terms = [share + shift for share in self.log_shares]
        slopes = [-fraction for fraction in self.bets.fractions]
        start = max([-term / slope for term, slope in zip(terms, slopes, strict=True)])
        bound = self.reference + solve_to_one(terms, slopes, start) / self.information
        # The root is found up to rounding only; the decision at the reference itself is not left to that.
        if self.rejects(error_rate):
            return max(bound, math.nextafter(self.reference, math.inf))
        return min(bound, self.reference)


def added_up(rows: Sequence[Sequence[float]], amounts: Sequence[float]) -> list[float]:
    """Log wealth of each bet, from what one observation of each kind adds to it (its row) and how many there were of each.

    Most of the cost of a look, so only kinds that were seen are gone through, and as floats, which multiply twice as fast.
    """
    seen = list(map(float, filter(None, amounts)))
    if len(seen) == len(amounts):
        return [sum(map(mul, seen, row)) for row in rows]
    return [sum(map(mul, seen, compress(row, amounts))) for row in rows]


def solve_to_one(terms: Sequence[float], slopes: Sequence[float], start: float, tolerance: float = _FINE) -> float:
    """The x with sum_j exp(terms_j + slopes_j x) = 1, next to a start where the sum is >= 1 and no term is above 1.

    The log of the sum is convex in x, so Newton's steps from such a start approach the root from that side and never jump over it:
    stopping early errs on the careful side of a bound. After a sum of 1 + tolerance one step more is taken.
    """
    x = start
    for _ in range(_NEWTON_STEPS):
        powers = [math.exp(term + slope * x) for term, slope in zip(terms, slopes, strict=True)]
        total = sum(powers)
        derivative = sum(map(mul, slopes, powers))
        if total <= 1 or derivative == 0:
            break
        x -= total * math.log(total) / derivative
        if total - 1 <= tolerance:
            break
    return x


def require_error_rate(name: str, value: float) -> None:
    """Raise ValueError, naming the field, unless 0 < value < 0.5."""
    if not (isinstance(value, float) and 0 < value < LARGEST_ERROR_RATE):
        raise ValueError(f"{name} must be a number above 0 and below {LARGEST_ERROR_RATE}, got {value!r}")
