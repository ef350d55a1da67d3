"""A rate before something began, as a bar for the rate since: has it risen by more than it may?

Called by the guardrail that watches current while its requests are copied. Nothing is random about which answers came before, so this
cannot tell the copies from whatever else began with them; the bars leave room for what was not known of the rate before.
"""

import math
from dataclasses import dataclass

from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.paired import wealth
from shadowlift.stats.wealth import EProcess, require_error_rate

LARGEST_RATE = 0.99
"""A bar above it would be none."""

_HALVINGS = 60  # of an interval of length 1: beyond the precision of a float


@dataclass(frozen=True, slots=True)
class Bars:
    """What the rate since is held to; both in (0, 1).

    Attributes:
        safe: below it, the rate has not risen by more than it may.
        harmful: above it, it has.
    """

    safe: float
    harmful: float


def bars(events: int, n: int, margin: float, error_rate: float) -> Bars:
    """The bars that follow from so many events among n before, where a relative increase of `margin` is tolerated.

    Each is a bound of the rate before, times 1 + margin: where the true rate since is at most that much above the true rate before,
    it is above `harmful` with a probability of at most the error rate, and likewise for `safe`.

    Raises:
        ValueError: the counts are impossible, the margin is below 0, or the rate before leaves no room for the increase.
    """
    if not 0 <= events <= n or n < 1:
        raise ValueError(f"events must be from 0 to n >= 1, got {events!r} of {n!r}")
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin must be finite and >= 0, got {margin!r}")
    require_error_rate("error_rate", error_rate)
    harmful = (1 + margin) * upper_bound(events, n, error_rate)
    if harmful > LARGEST_RATE:
        raise ValueError(f"a rate of {events / n:.1%} before leaves no room for {margin:.0%} more")
    return Bars((1 + margin) * (1 - upper_bound(n - events, n, error_rate)), harmful)


def upper_bound(events: int, n: int, error_rate: float) -> float:
    """Upper confidence bound of a rate, by Chernoff: the p above events/n at which n KL(events/n || p) = log(1/error_rate).

    Exceeded by the true rate with a probability of at most the error rate (Chernoff 1952; a little wider than Clopper and Pearson's).
    """
    share, allowed = events / n, math.log(1 / error_rate) / n
    low, high = share, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _divergence(share, middle) < allowed else (low, middle)
    return high


def _divergence(share: float, rate: float) -> float:
    """KL divergence of two coins, in nats."""
    if rate >= 1:
        return math.inf if share < 1 else 0.0
    heads = share * math.log(share / rate) if share else 0.0
    return heads + ((1 - share) * math.log((1 - share) / (1 - rate)) if share < 1 else 0.0)


def harm_bets(bar: float) -> Bets:
    """Bets against "the rate since is at most the bar", best where it is twice that."""
    return log_grid(bar, bar, 1 + bar)


def safety_bets(bar: float, rate: float) -> Bets:
    """Bets against "the rate since is at least the bar", best where it is the rate before."""
    return log_grid(max(bar - rate, bar / 10), bar, 1.0)


def risen(events: int, n: int, bets: Bets, bar: float) -> EProcess:
    """Evidence against "the rate since is at most the bar"."""
    return wealth(PairedCounts(wins=events, ties=n - events), bets, bar)


def not_risen(events: int, n: int, bets: Bets, bar: float) -> EProcess:
    """Evidence against "the rate since is at least the bar"."""
    return wealth(PairedCounts(losses=events, ties=n - events), bets, -bar)
