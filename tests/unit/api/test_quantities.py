"""Durations, decimals and percentages: what people may write, and what it means."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowlift.api.quantities import DECIMAL_PATTERN, DURATION_PATTERN, PERCENT_PATTERN, amount, millionths, seconds


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("500ms", 0.5),
        ("1s", 1),
        ("30s", 30),
        ("2m", 120),
        ("24h", 86_400),
        ("7d", 604_800),
        ("1h30m", 5_400),
        ("0s", 0),
        ("1m500ms", 60.5),
    ],
)
def test_a_duration_is_a_chain_of_whole_numbers_with_units(text: str, length: float):
    """Units are ms, s, m, h and d; parts add up."""
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "5", "s", "1.5h", "-1s", "1 h", "1H", "1w", "1h ", " 1h", "1h\n", "1e3s", "٣s"])
def test_anything_else_is_no_duration(text: str):
    """Nothing is guessed; the message shows what was written and what could have been."""
    with pytest.raises(ValueError, match=f"^{re.escape(repr(text))} is not a duration such as"):
        seconds(text)


@settings(max_examples=30, derandomize=True, database=None, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["ms", "s", "m", "h", "d"])), min_size=1, max_size=4))
def test_the_order_of_the_parts_does_not_matter(parts: list[tuple[int, str]]):
    """A chain means its sum."""
    forward, backward = ("".join(f"{n}{unit}" for n, unit in some) for some in (parts, parts[::-1]))
    assert seconds(forward) == pytest.approx(seconds(backward))


@pytest.mark.parametrize(
    ("text", "parts"),
    [("0%", 0), ("5%", 50_000), ("12.5%", 125_000), ("0.0001%", 1), ("99.9999%", 999_999), ("100%", 1_000_000)],
)
def test_a_percentage_is_exact_to_the_millionth(text: str, parts: int):
    """Four decimals at most, so that every percentage is a whole number of millionths."""
    assert millionths(text) == parts


@pytest.mark.parametrize("text", ["", "5", "%", "-1%", "101%", "1000%", "1.23456%", "5 %", "five%", "100%%"])
def test_anything_else_is_no_percentage(text: str):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="is not a percentage such as 5% or 100%"):
        millionths(text)


def test_more_than_everything_is_refused():
    """100.5% has the form of a percentage; it is still too much."""
    with pytest.raises(ValueError, match="is more than 100%"):
        millionths("100.5%")


DECIMALS = ("0", "0.01", "12", "0.123456789", "999999999")
NO_DECIMALS = ("", ".5", "5.", "01", "1e-3", "-1", "+1", "0.1234567891", "1,5", "NaN", "0.1\n")


@pytest.mark.parametrize(
    ("text", "fits"), [(text, True) for text in DECIMALS] + [(text, False) for text in NO_DECIMALS]
)
def test_a_decimal_is_plain_digits(text: str, fits: bool):
    """No sign, exponent, separator or more digits than a double keeps: CEL and Python read the same number."""
    assert bool(re.fullmatch(DECIMAL_PATTERN, text)) is fits


@settings(max_examples=100, derandomize=True, database=None, deadline=None)
@given(st.text("0123456789.%msh-", max_size=6))
def test_the_schema_and_the_readers_agree(text: str):
    """What the API server's patterns let through can be read, and nothing else can, but for percentages above 100."""
    for pattern, read in ((DURATION_PATTERN, seconds), (PERCENT_PATTERN, millionths)):
        if re.fullmatch(pattern, text) and not (read is millionths and float(text[:-1]) > 100):
            assert read(text) >= 0
        else:
            with pytest.raises(ValueError, match=r"is not a|more than 100%"):
                read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500m", 0.5),
        ("2", 2.0),
        ("0.25", 0.25),
        ("1Gi", 2.0**30),
        ("512Mi", 2.0**29),
        ("1G", 1e9),
        ("3k", 3000.0),
        ("1Ti", 2.0**40),
    ],
)
def test_amounts_are_those_of_kubernetes(text: str, value: float):
    """M is a thousandth, k and K differ."""
    assert amount(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "m", "1K", "-1", "1e3", "1 Gi", "1gi"])
def test_what_is_no_amount_is_refused(text: str):
    """The message shows one."""
    with pytest.raises(ValueError, match="500m, 2 or 1Gi"):
        amount(text)
