"""The threshold of a quantile: at a boundary of the histogram, with the share of slow answers that is still allowed."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.threshold import LADDER as TIMES
from shadowlift.stats.threshold import LARGEST_STEP, Threshold, ladder_place, threshold
from tests.unit.stats.given import repeatable

LADDER = tuple(0.05 * 1.05**step for step in range(80))


def amounts_of(**above: int) -> list[int]:
    """1,000 values: most in the bucket around 0.1, and some in the named ones, by their place."""
    amounts = [0] * (len(LADDER) + 1)
    for place, amount in above.items():
        amounts[int(place.removeprefix("at"))] = amount
    amounts[15] = 1000 - sum(amounts)
    return amounts


def test_the_threshold_is_the_quantile_and_the_margin() -> None:
    """1 % of the values are above place 20; 10 % more is one boundary and a bit further, where 4 of them remain."""
    found = threshold(LADDER, amounts_of(at20=40, at21=3, at22=3, at30=4), 0.99, 0.1)
    assert found == Threshold(LADDER[21], pytest.approx(10 / 7))


def test_without_a_margin_it_is_the_quantile_itself() -> None:
    """The null is "not slower than now": the share allowed is the share there is."""
    assert threshold(LADDER, amounts_of(at20=40, at25=10), 0.99, 0.0) == Threshold(LADDER[20], pytest.approx(1.0))


def test_the_ratio_is_never_below_one() -> None:
    """Also where 1 - quantile is rounded down: 9 of 10 values are in time."""
    assert (1 - 0.9) * 10 < 1
    amounts = [0] * 81
    amounts[20], amounts[40] = 9, 1
    assert threshold(LADDER, amounts, 0.9, 0.0).null_ratio == 1


@pytest.mark.parametrize("step", [1, 2, 5])
def test_a_margin_of_whole_steps_is_kept_whole(step: int) -> None:
    """A boundary that is met but for rounding is met."""
    found = threshold(LADDER, amounts_of(at20=40, at40=10), 0.99, 1.05**step - 1)
    assert found.limit == LADDER[20 + step]


@repeatable
@given(st.lists(st.integers(0, 1000), min_size=81, max_size=81), st.floats(0.5, 0.999), st.floats(0.06, 1.0))
def test_it_is_never_more_lenient_than_a_step(amounts: list[int], quantile: float, margin: float) -> None:
    """The limit is a boundary between the quantile's bucket and (1 + margin) above it, and the ratio is that of the shares."""
    try:
        found = threshold(LADDER, amounts, quantile, margin)
    except ValueError as error:
        after_the_last = f"margin must reach the next boundary after {LADDER[-1]:g}"
        assert str(error).startswith(("amounts", "boundaries", after_the_last))  # noqa: PT017
        return
    n, place = sum(amounts), LADDER.index(found.limit)
    above = n - sum(amounts[: place + 1])
    first = next(index for index in range(81) if sum(amounts[: index + 1]) >= quantile * n)
    assert LADDER[first] < found.limit <= LADDER[first] * (1 + margin) * (1 + 1e-8)
    assert found.null_ratio == pytest.approx(max(1.0, (1 - quantile) * n / above))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"boundaries": ()}, "^boundaries must be finite"),
        ({"boundaries": (0.0, 0.1)}, "^boundaries must be finite"),
        ({"boundaries": (0.1, math.inf)}, "^boundaries must be finite"),
        ({"boundaries": (0.1, math.nan)}, "^boundaries must be finite"),
        ({"boundaries": (0.2, 0.1)}, "^boundaries must ascend"),
        ({"boundaries": LADDER[:-1]}, "^amounts must be one more than boundaries"),
        ({"amounts": [0] * 81}, "^amounts must have values, got none"),
        ({"amounts": [-1] * 81}, "^amounts must be a non-negative integer"),
        ({"amounts": [0.5] * 81}, "^amounts must be a non-negative integer"),
        ({"amounts": [0] * 80 + [5]}, "^boundaries must reach beyond the quantile"),
        ({"amounts": [5] + [0] * 80}, "^boundaries must be at most 1.1 times apart between 0 and 0.05, with one below"),
        ({"amounts": [0, 5] + [0] * 79}, "^amounts must have values above the threshold"),
        ({"margin": 0.04}, "^margin must reach the next boundary"),
        ({"margin": 100.0}, "^boundaries must be at most 1.1 times apart"),
        ({"margin": -0.1}, "^margin must be"),
        ({"margin": math.nan}, "^margin must be"),
        ({"margin": math.inf}, "^margin must be"),
        ({"quantile": 0.0}, "^quantile must be"),
        ({"quantile": 1.0}, "^quantile must be"),
        ({"quantile": math.nan}, "^quantile must be"),
    ],
)
def test_what_gives_no_threshold_is_refused_by_name(changes: dict, message: str) -> None:
    """Each with the field to change."""
    good = {"boundaries": LADDER, "amounts": amounts_of(at20=40, at40=10), "quantile": 0.99, "margin": 0.1}
    with pytest.raises(ValueError, match=message):
        threshold(**{**good, **changes})


@pytest.mark.parametrize("boundaries", [(0.1, 0.2, 0.21, 0.23), (0.1, 0.2, 0.4)])
def test_coarse_buckets_around_the_quantile_are_refused(boundaries: tuple[float, ...]) -> None:
    """With a factor of 2 from one boundary to the next, a margin of a tenth is nothing that can be measured."""
    amounts = [0, 99, 0, *([0] * (len(boundaries) - 3)), 1]
    with pytest.raises(ValueError, match=r"^boundaries must be at most 1.1 times apart between 0.1 and 0.2"):
        threshold(boundaries, amounts, 0.99, 0.1)


class TestTimes:
    """The buckets in which the times of answers are counted, in whole microseconds."""

    def test_they_reach_from_a_quarter_millisecond_to_a_minute_in_steps_of_a_tenth(self) -> None:
        """As fine as a margin of a tenth needs, and as far as any request may take."""
        assert (TIMES[0], TIMES[-1]) == (250, pytest.approx(60_000_000, rel=0.01))
        assert all(1 < high / low <= LARGEST_STEP * (1 + 1e-9) for low, high in pairwise(TIMES))

    @pytest.mark.parametrize("step", [0, 1, 2, 29, 77, len(TIMES) - 1])
    def test_a_time_on_a_boundary_belongs_below_it(self, step: int) -> None:
        """And the next microsecond above."""
        on = math.floor(TIMES[step])
        assert (ladder_place(on), ladder_place(on + 1)) == (step, step + 1)

    @pytest.mark.parametrize(
        ("microseconds", "place"), [(0, 0), (1, 0), (250, 0), (10**8, len(TIMES)), (10**15, len(TIMES))]
    )
    def test_no_time_is_without_a_place(self, microseconds: int, place: int) -> None:
        """Those above all boundaries are in one place more than there are boundaries."""
        assert ladder_place(microseconds) == place

    @repeatable
    @given(st.integers(0, 10**9), st.integers(0, 10**9))
    def test_a_longer_time_is_never_in_an_earlier_place(self, one: int, other: int) -> None:
        """Each is within a tenth of the boundary above it."""
        assert ladder_place(min(one, other)) <= ladder_place(max(one, other))
        spot = ladder_place(one)
        assert spot in (0, len(TIMES)) or TIMES[spot - 1] < one <= TIMES[spot]

    def test_a_threshold_can_be_found_among_them(self) -> None:
        """Of 1,000 answers 990 took 40 ms and ten half a second: the 99th percentile and a fifth is two boundaries on."""
        amounts = [0] * (len(TIMES) + 1)
        amounts[ladder_place(40_000)], amounts[ladder_place(500_000)] = 990, 10
        found = threshold(TIMES, amounts, 0.99, LARGEST_STEP**2 - 1)
        assert found.limit == TIMES[ladder_place(40_000) + 2]
        assert found.null_ratio == pytest.approx(1.0)
