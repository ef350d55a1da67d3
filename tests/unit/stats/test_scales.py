"""Rounding to a point keeps the mean, exactly; a unit's chance is its own for ever; nothing outside is clipped."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats.scales import SIGNED, UNSIGNED, dither, place
from tests.unit.stats.given import repeatable

SCALES = pytest.mark.parametrize("points", [SIGNED, UNSIGNED], ids=["signed", "unsigned"])


@SCALES
def test_a_scale_is_64_bins_with_exact_edges(points: tuple[float, ...]) -> None:
    """65 ascending points, both ends and 0 among them, every one of them exact in binary."""
    assert len(points) == 65
    assert list(points) == sorted(set(points))
    assert {0.0, points[0], points[-1]} <= set(points)
    assert all((point * 4096).is_integer() for point in points)
    assert points[-1] == 1


def test_the_signed_scale_is_symmetric() -> None:
    """Seen from the other side it is the same scale: exchanging the two processes is exact."""
    assert tuple(-point for point in reversed(SIGNED)) == SIGNED


@SCALES
@repeatable
@given(share=st.floats(0, 1))
def test_the_mean_over_all_chances_is_the_value(points: tuple[float, ...], share: float) -> None:
    """Between two neighbours the upper one is taken with the probability that keeps the mean."""
    value = points[0] + share * (points[-1] - points[0])
    low, high = place(value, points, math.nextafter(1.0, 0)), place(value, points, 0.0)
    assert low <= high <= low + 1
    if low == high:
        assert points[low] == pytest.approx(value, abs=1e-12)
        return
    chance = (value - points[low]) / (points[high] - points[low])
    assert chance * points[high] + (1 - chance) * points[low] == pytest.approx(value, abs=1e-12)
    if 0 < chance < 1:
        assert place(value, points, math.nextafter(chance, 0)) == high
        assert place(value, points, chance) == low


@SCALES
@pytest.mark.parametrize("chance", [0.0, 0.5, math.nextafter(1.0, 0)])
def test_a_point_stays_where_it_is(points: tuple[float, ...], chance: float) -> None:
    """No noise is added to what is exact: a tie stays a tie."""
    assert [place(point, points, chance) for point in points] == list(range(len(points)))


@SCALES
@repeatable
@given(a=st.floats(0, 1), b=st.floats(0, 1), chance=st.floats(0, 1, exclude_max=True))
def test_rounding_keeps_the_order(points: tuple[float, ...], a: float, b: float, chance: float) -> None:
    """With one chance for both, the smaller value never gets the larger point: worst stays below best."""
    low, high = sorted(points[0] + share * (points[-1] - points[0]) for share in (a, b))
    assert place(low, points, chance) <= place(high, points, chance)


@SCALES
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.0000001, -1.0000001])
def test_a_value_outside_is_refused(points: tuple[float, ...], value: float) -> None:
    """Never clipped: whoever counts must decide what it means."""
    with pytest.raises(ValueError, match=r"^value must be in"):
        place(value, points, 0.5)


@pytest.mark.parametrize("chance", [-0.1, 1.0, math.nan])
def test_a_chance_outside_is_refused(chance: float) -> None:
    """It is a number in [0, 1)."""
    with pytest.raises(ValueError, match=r"^chance must be in"):
        place(0.1, SIGNED, chance)


def test_both_zeros_are_one() -> None:
    """-0.0 is a tie as well."""
    assert SIGNED[place(-0.0, SIGNED, 0.5)] == 0


def test_a_units_chance_is_fixed_by_its_name() -> None:
    """Known values, so that another machine or version that counts differently is noticed."""
    assert dither("trial/unit-1") == dither("trial/unit-1")
    assert dither("") == pytest.approx(0.88941599, abs=1e-8)  # SHA-256 of nothing begins with e3b0c442
    assert dither("unit-1") != dither("unit-2")


def test_chances_are_even() -> None:
    """Mean and spread of ten thousand are those of the uniform distribution, within five standard errors."""
    chances = [dither(f"trial/{n}") for n in range(10_000)]
    assert all(0 <= chance < 1 for chance in chances)
    assert statistics.fmean(chances) == pytest.approx(0.5, abs=5 / math.sqrt(12 * 10_000))
    assert statistics.pvariance(chances) == pytest.approx(1 / 12, rel=0.05)
