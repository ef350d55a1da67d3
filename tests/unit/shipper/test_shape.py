"""The shape of an answer: enough to see what clients would miss, and no value in it."""

import base64

import pytest

from shadowlift.shipper.shape import MOST, shape
from tests.unit.shipper.lines import line


def body(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"body": body('{"b": 1.5, "a": "x"}')}, "2xx application/json {a:string,b:number}"),
        (
            {"body": body('{"a": null, "b": [1], "c": {}, "d": true}')},
            "2xx application/json {a:null,b:array,c:object,d:boolean}",
        ),
        ({"body": body("[1, 2]")}, "2xx application/json array"),
        ({"body": body("<html>"), "ctype": "Text/HTML; charset=utf-8"}, "2xx text/html"),
        ({"body": None, "ctype": None, "code": 204}, "2xx -"),
        ({"body": body('{"error": "secret 4711"}'), "code": 422}, "4xx application/json {error:string}"),
        ({"body": body('{"a": 1}'), "cut": True}, None),
        ({"code": 0, "body": None}, None),
    ],
)
def test_status_type_and_fields(fields: dict, wanted: str | None):
    """The order of the fields and their values do not matter."""
    assert shape(line(**{"ctype": "application/json", **fields})) == wanted


def test_half_a_character_in_a_name_can_be_sent():
    """JSON may name one, no text can hold it."""
    told = shape(line(ctype="application/json", body=body('{"a\\ud83d": 1}')))
    assert told == "2xx application/json {a?:number}"


def test_a_long_shape_is_cut_and_still_one_of_its_own():
    """Two answers with many fields differ in what was cut off, too."""
    many = [shape(line(ctype="application/json", body=body(f'{{"{"a" * 200}{n}": 1}}'))) for n in (1, 2)]
    assert many[0] != many[1]
    assert all(one is not None and len(one) <= MOST for one in many)
