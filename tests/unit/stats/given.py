"""Strategies and settings of the property tests: repeatable, and without a clock that a busy machine could miss."""

from hypothesis import settings
from hypothesis import strategies as st

from shadowlift.stats.bets import Bets, log_grid
from shadowlift.stats.counts import Differences, PairedCounts

repeatable = settings(max_examples=30, deadline=None, derandomize=True, database=None)

amounts = st.one_of(st.integers(0, 60), st.integers(0, 5000), st.integers(0, 10**9))
counts = st.builds(PairedCounts, amounts, amounts, amounts)
differences = st.dictionaries(st.integers(0, 64), st.integers(0, 5000), max_size=12).map(
    lambda seen: Differences.from_json({str(place): n for place, n in seen.items()})
)
statistics = st.one_of(counts, differences)
minimum_lifts = st.one_of(st.just(0.0), st.floats(0.001, 0.9))
error_rates = st.floats(1e-6, 0.49)


def bets_for(minimum_lift: float) -> st.SearchStrategy[Bets]:
    """Grids that a test with this bar may use."""
    return st.builds(
        log_grid,
        st.one_of(st.none(), st.floats(1e-4, 1.0)),
        st.floats(1e-3, 1.0),
        st.just(1 + minimum_lift),
    )
