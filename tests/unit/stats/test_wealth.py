"""What all tests of bets share: how counts become the logs of the bets."""

from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.wealth import added_up
from tests.unit.stats.given import repeatable

ROWS = ((0.1, -0.2, 0.0, 1e-9), (-3.5, 0.7, 2.0**-40, 1 / 3))

many = st.lists(st.one_of(st.just(0), st.integers(0, 10**15), st.floats(0, 1e6)), min_size=4, max_size=4)


@repeatable
@given(many)
def test_kinds_that_were_not_seen_change_no_bit(amounts: list[float]) -> None:
    """The sum of amount * growth in the order of the kinds, to the last bit; with kinds left out, and with none left out."""
    expected = [sum(amount * one for amount, one in zip(amounts, row, strict=True)) for row in ROWS]
    assert added_up(ROWS, amounts) == expected
    assert added_up(ROWS, tuple(amounts)) == expected


def test_nothing_seen_leaves_every_bet_where_it_was() -> None:
    """Also without any kinds at all."""
    assert added_up(ROWS, (0, 0, 0, 0)) == [0, 0]
    assert added_up(((), ()), ()) == [0, 0]
