"""The exact test at the deadline, and the promise that looking all the time and once more stays within alpha."""

import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import paired
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.deadline import sign_test
from shadowlift.stats.terms import DEADLINE_SHARE, PairedTest, Rates
from tests.unit.stats import exact
from tests.unit.stats.given import repeatable


@repeatable
@given(st.integers(0, 200), st.integers(0, 200))
def test_the_sign_test_is_the_binomial_tail(wins: int, losses: int) -> None:
    """P(Bin(n, 1/2) >= wins), by whole numbers."""
    n = wins + losses
    tail = sum(math.comb(n, k) for k in range(wins, n + 1))
    assert sign_test(PairedCounts(wins, losses, 7)) == pytest.approx(tail / 2**n, rel=1e-9)


def test_large_counts_neither_overflow_nor_take_long() -> None:
    """Close to the normal approximation with continuity correction at a hundred thousand disagreements; 0 and 1 at the ends."""
    normal = 0.5 * math.erfc((50_500 - 0.5 - 50_000) / math.sqrt(100_000 / 4) / math.sqrt(2))
    assert sign_test(PairedCounts(50_500, 49_500)) == pytest.approx(normal, rel=1e-2)
    assert sign_test(PairedCounts(10**7, 0)) == 0
    assert sign_test(PairedCounts(0, 10**7)) == 1
    assert sign_test(PairedCounts()) == 1


def test_looking_all_the_time_and_once_more_stays_within_alpha() -> None:
    """No lift, every look of 1,200 disagreements and the exact test at the end: together at most alpha, by enumeration."""
    rates = Rates(0.05, deadline_share=0.5)
    test = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=rates, second_moment=0.06)

    def crosses(last: int, counts: PairedCounts) -> bool:
        if paired.log_e_value(counts, test.bets, 0.0) >= -math.log(rates.at_any_look):
            return True
        return counts.n == last and sign_test(counts) <= rates.at_the_deadline

    path = exact.follow([0.5] * 1200, functools.partial(crosses, 1200))
    assert 0.02 <= path.crossed <= 0.05


def test_the_exact_look_gives_back_the_power_that_looking_costs() -> None:
    """Deadline at 1.25 times the classical 921 requests, a true lift of 2 points: at least .79, and .63 without it (B5)."""
    requests, disagreement = round(1.25 * 921), 0.06

    def power(share: float) -> float:
        """Over the number of disagreements until then, which is binomial."""
        rates = Rates(0.05, deadline_share=share)
        test = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=rates, second_moment=disagreement)

        @functools.cache
        def crosses(counts: PairedCounts, last: int) -> bool:
            if paired.log_e_value(counts, test.bets, 0.0) >= -math.log(rates.at_any_look):
                return True
            return share > 0 and counts.n == last and sign_test(counts) <= rates.at_the_deadline

        def reached(looks: int) -> float:
            return exact.follow([2 / 3] * looks, lambda counts: crosses(counts, looks)).crossed

        return math.fsum(
            math.comb(requests, looks) * disagreement**looks * (1 - disagreement) ** (requests - looks) * reached(looks)
            for looks in range(45, 96)
        )

    assert power(DEADLINE_SHARE) >= 0.79
    assert power(0.0) <= 0.64
