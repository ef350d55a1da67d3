"""A rate before as a bar for the rate since: bounds against scipy's exact ones, and errors by enumeration of what could have been."""

import math

import pytest
from scipy import stats

from shadowlift.stats import before


@pytest.mark.parametrize(("events", "n"), [(0, 50), (1, 100), (100, 2000), (1000, 2000), (1999, 2000), (2000, 2000)])
def test_the_bound_is_a_little_wider_than_the_exact_one(events: int, n: int) -> None:
    """Beside Clopper and Pearson's."""
    exact = stats.beta.ppf(0.99, events + 1, n - events) if events < n else 1.0
    bound = before.upper_bound(events, n, 0.01)
    assert exact - 1e-12 <= bound <= exact + 4 / math.sqrt(n) * max(0.05, math.sqrt(exact * (1 - exact)))
    assert bound >= events / n


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_the_true_rate_is_rarely_above_the_bound(rate: float) -> None:
    """The probability, added up over all counts that miss it."""
    n = 400
    missed = sum(stats.binom.pmf(k, n, rate) for k in range(n + 1) if before.upper_bound(k, n, 0.01) < rate)
    assert missed <= 0.01


def test_bars_are_bounds_with_the_margin_on_top() -> None:
    """Lower for safe, upper for harmful."""
    found = before.bars(100, 2000, 0.5, 0.01)
    assert found.harmful == pytest.approx(1.5 * before.upper_bound(100, 2000, 0.01))
    assert found.safe == pytest.approx(1.5 * (1 - before.upper_bound(1900, 2000, 0.01)))
    assert found.safe < 1.5 * 0.05 < found.harmful


@pytest.mark.parametrize(
    ("events", "n", "margin", "says"),
    [(-1, 10, 0.5, "events"), (11, 10, 0.5, "events"), (0, 0, 0.5, "events"), (1, 10, -0.1, "margin"), (9, 10, 0.5, "room")],
)  # fmt: skip
def test_what_cannot_be_is_refused(events: int, n: int, margin: float, says: str) -> None:
    """The message names it."""
    with pytest.raises(ValueError, match=says):
        before.bars(events, n, margin, 0.01)


def test_a_doubled_rate_is_found_and_the_same_rate_is_safe_in_time() -> None:
    """Against a bar of 10 %: 20 % is proven within a few hundred answers, 5 % is proven to be below."""
    bar = 0.1
    assert before.risen(80, 400, before.harm_bets(bar), bar).rejects(0.01)
    assert not before.risen(40, 400, before.harm_bets(bar), bar).rejects(0.01)
    assert before.not_risen(25, 500, before.safety_bets(bar, 0.05), bar).rejects(0.01)
    assert not before.not_risen(50, 500, before.safety_bets(bar, 0.05), bar).rejects(0.01)
    assert not before.risen(0, 0, before.harm_bets(bar), bar).rejects(0.01)


def test_evidence_against_a_true_bar_has_no_drift() -> None:
    """At the bar itself the expected wealth after any one answer is what it was: neither side can win by waiting."""
    bar, n = 0.08, 60
    for name, bets in (("risen", before.harm_bets(bar)), ("not_risen", before.safety_bets(bar, 0.05))):
        test = getattr(before, name)
        mean = sum(stats.binom.pmf(k, n, bar) * math.exp(test(k, n, bets, bar).log_e_value) for k in range(n + 1))
        assert mean == pytest.approx(1.0, abs=1e-9)
