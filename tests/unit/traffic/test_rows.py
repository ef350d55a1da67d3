"""The file of rows is read whole or refused with the line that is wrong."""

import pytest

from dev.traffic.rows import parse
from dev.traffic.stand import ROWS


def test_the_features_are_the_request_and_the_truth_is_not_in_it():
    (row,) = parse('{"features": {"mean_radius": 1.5}, "truth": "benign"}\n\n')
    assert row.body == b'{"mean_radius":1.5}'
    assert row.truth == "benign"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ('{"features": {}, "truth": "M"}\nnope', "line 2"),
        ('{"features": {}}', "line 1.*truth"),
        ("[1]", "line 1"),
        ('{"features": [1], "truth": "M"}', "line 1.*features"),
    ],
)
def test_a_bad_file_is_refused_by_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_the_stories_rows_can_be_read():
    rows = parse(ROWS.read_text())
    assert len(rows) > 200
    assert {row.truth for row in rows} == {"malignant", "benign"}
