"""The file of rows is read whole or refused with the line that is wrong."""

import json

import pytest

from dev.traffic.rows import parse
from dev.traffic.stand import ROWS

FLIGHTS = ROWS.parents[1] / "flights" / "traffic.jsonl"


def test_the_features_are_the_request_and_the_truth_is_not_in_it():
    (row,) = parse('{"features": {"mean_radius": 1.5}, "truth": "benign"}\n\n')
    assert row.body == b'{"mean_radius":1.5}'
    assert row.truth == "benign"


@pytest.mark.parametrize("truth", ["benign", -5, 2.5, False, {"minutes": -5, "late": False}, None])
def test_a_truth_is_one_value_or_several_by_name_or_never_known(truth):
    """Values stay what they are in JSON: text, number or boolean."""
    (row,) = parse(json.dumps({"features": {}, "truth": truth}))
    assert row.truth == truth
    assert type(row.truth) is type(truth)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ('{"features": {}, "truth": "M"}\nnope', "line 2"),
        ('{"features": {}}', "line 1.*truth"),
        ("[1]", "line 1"),
        ('{"features": [1], "truth": "M"}', "line 1.*features"),
        ('{"features": {}, "truth": ["M"]}', "line 1.*truth"),
        ('{"features": {}, "truth": {}}', "line 1.*truth"),
        ('{"features": {}, "truth": {"minutes": null}}', "line 1.*truth"),
    ],
)
def test_a_bad_file_is_refused_by_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_the_stories_rows_can_be_read():
    rows = parse(ROWS.read_text())
    assert len(rows) > 200
    assert {row.truth for row in rows} == {"malignant", "benign"}


def test_the_flights_rows_can_be_read():
    """Two outcomes by name, except of the flights that never landed."""
    truths = [row.truth for row in parse(FLIGHTS.read_text())]
    assert 0 < truths.count(None) < 20
    assert {tuple(truth) for truth in truths if truth is not None} == {("minutes", "late")}
