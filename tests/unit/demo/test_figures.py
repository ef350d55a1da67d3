"""Numbers are written so that a person reads them right; what is unknown is never written as a number."""

import pytest

from dev.demo import figures


def test_a_lift_is_told_in_points_with_its_sign():
    assert [figures.points(text) for text in ("0.0828", "-0.05", None, "NaN")] == ["+8.3 %", "-5.0 %", "?", "?"]


def test_a_huge_e_value_is_told_by_its_order():
    assert [figures.evidence(text) for text in ("312.4", "53470", "2.855e14", "1e40", "0.0021", None)] == [
        "312", "53,470", "2.8·10^14", "1·10^40", "0.0021", "?",
    ]  # fmt: skip


def test_progress_is_on_a_log_scale_from_no_evidence_to_the_bar():
    assert figures.progress(10.0, 100.0) == pytest.approx(0.5)
    assert figures.progress(100.0, 100.0) == figures.progress(1e9, 100.0) == 1.0
    assert figures.progress(0.001, 100.0) == figures.progress(None, 100.0) == figures.progress(5.0, None) == 0.0


def test_a_bar_is_as_wide_as_asked_whatever_the_share():
    assert {len(figures.filled(share, 10)) for share in (-1.0, 0.0, 0.55, 1.0, 7.0)} == {10}
    assert figures.filled(0.5, 4) == "██░░"


def test_the_interval_line_shows_zero_the_bounds_and_the_estimate_in_their_order():
    line, reach = figures.interval(0.02, 0.05, 0.08, 41)
    assert reach == 0.1
    assert line.index("┼") == 20
    assert line.index("┼") < line.index("[") < line.index("●") < line.index("]")


def test_the_interval_line_widens_so_that_the_interval_fits():
    assert figures.interval(-0.9, 0.0, 0.9, 41)[1] == 1.0
    assert figures.interval(-0.1, 0.0, 0.3, 41)[1] == 0.5
