"""The one look at the deadline: an exact test of fixed size beside the e-process, each with its part of the error budget.

Called by `verdict` when a trial's time is over. An e-process pays for the right to look at any time; at the last look nobody looks
again, so part of alpha is kept for a test that need not pay. With 0.6 of alpha kept for it and a deadline at 1.25 times the
classical sample size a trial has the classical power at the classical mean sample, with alpha still the bound for all looks together
(union bound).

Only for right and wrong against a bar of 0, where the classical test is exact whatever the rate of disagreement: a sign test of the
disagreements (McNemar). For other effects the fixed test is an approximation, and all of alpha stays with the e-process.
"""

import math

from shadowlift.stats.counts import PairedCounts

_NEGLIGIBLE = 1e-18


def sign_test(counts: PairedCounts) -> float:
    """Probability of so many wins or more among the disagreements if wins and losses were equally likely; 1 without any.

    P(Bin(wins + losses, 1/2) >= wins), exact up to rounding (exact conditional McNemar test, one-sided).
    """
    n, wins = counts.disagreements, counts.wins
    if wins == 0:
        return 1.0
    if 2 * wins <= n:  # the shorter sum is that of the other tail
        return max(0.0, 1.0 - _upper_tail(n, n - wins + 1))
    return min(1.0, _upper_tail(n, wins))


def _upper_tail(n: int, least: int) -> float:
    """P(Bin(n, 1/2) >= least) for least > n / 2: terms fall from the first on, so the sum ends where they no longer count."""
    if least > n:
        return 0.0
    log_first = math.lgamma(n + 1) - math.lgamma(least + 1) - math.lgamma(n - least + 1) - n * math.log(2)
    ratio, total, wins = 1.0, 1.0, least
    while wins < n and ratio > _NEGLIGIBLE * total:
        ratio *= (n - wins) / (wins + 1)
        total += ratio
        wins += 1
    return math.exp(log_first + math.log(total))
