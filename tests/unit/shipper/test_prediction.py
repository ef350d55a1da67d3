"""The prediction in an answer, and every way in which it can be missing."""

import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.api.capture import Extraction
from shadowlift.api.ledger import RowStatus
from shadowlift.api.objective import PredictionType
from shadowlift.shipper.prediction import MAX_INFLATED, Reader
from tests.unit.shipper.lines import body, line, raw

STRING, BOOLEAN, INTEGER = PredictionType.STRING, PredictionType.BOOLEAN, PredictionType.INTEGER


def read(extraction: Extraction, **of_line: Any) -> tuple[str, str | None, str | None]:
    answer = Reader(extraction).read(line(**of_line))
    return answer.status.value, answer.value, answer.reason


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        (STRING, "benign", "benign"),
        (STRING, "", ""),
        (STRING, "größer 😀", "größer 😀"),
        (BOOLEAN, True, "true"),
        (BOOLEAN, False, "false"),
        (INTEGER, 3, "3"),
        (INTEGER, 3.0, "3"),
        (INTEGER, -0.0, "0"),
        (INTEGER, -12, "-12"),
        (INTEGER, 10**200, str(10**200)),
    ],
)
def test_a_value_of_the_declared_type_has_one_text(declared: PredictionType, value: Any, text: str) -> None:
    """Strings stay, booleans are true and false, integers are decimal."""
    assert read(Extraction(body="a.b", type=declared), body=body({"a": {"b": value}})) == ("ok", text, None)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (STRING, 3),
        (STRING, True),
        (STRING, ["x"]),
        (BOOLEAN, "true"),
        (BOOLEAN, 1),
        (INTEGER, "3"),
        (INTEGER, 3.5),
        (INTEGER, True),
        (INTEGER, {}),
        (INTEGER, 1e308 * 10),
    ],
)
def test_another_type_is_unreadable(declared: PredictionType, value: Any) -> None:
    """Nothing is converted: a type that changed is a process that changed."""
    wanted = "NotJson" if value == float("inf") else "WrongType"
    assert read(Extraction(body="a", type=declared), body=body({"a": value})) == ("unreadable", None, wanted)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>", "NotJson"),
        (b'{"a": NaN}', "NotJson"),
        (b'{"a": -Infinity}', "NotJson"),
        (b"\xff\xfe\xfa", "NotJson"),
        (b"[" * 100_000, "NotJson"),
        (b'{"a": ' + b"9" * 5000 + b"}", "NotJson"),
        (b'{"a": 1e999}', "WrongType"),
        (b'{"b": 1}', "NoPrediction"),
        (b'{"a": null}', "NoPrediction"),
        (b"3", "NoPrediction"),
        (b'{"a": "\\ud800"}', "WrongType"),
    ],
)
def test_what_holds_no_prediction_is_unreadable(content: bytes, reason: str) -> None:
    """Whatever a process may answer has a reason and never raises."""
    assert read(Extraction(body="a", type=INTEGER), body=raw(content)) == ("unreadable", None, reason)


@pytest.mark.parametrize(
    ("value", "reason"), [("x" * 257, "ValueTooLong"), ("\ud800", "NotText"), ("a\x00b", "NotText")]
)
def test_a_value_that_no_store_can_hold_is_unreadable(value: str, reason: str) -> None:
    """Too long, half a character, or NUL."""
    assert read(Extraction(body="a"), body=body({"a": value})) == ("unreadable", None, reason)


LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@given(LEAVES | st.lists(LEAVES) | st.dictionaries(st.text(), LEAVES))
def test_any_json_gives_an_answer(document: Any) -> None:
    """No answer of any process can stop the shipper."""
    for declared in PredictionType:
        answer = Reader(Extraction(body="@", type=declared)).read(line(body=body(document)))
        assert (answer.value is not None) == (answer.status is RowStatus.OK)


@given(st.binary(max_size=200), st.sampled_from([None, "gzip", "deflate", "br"]))
def test_any_bytes_give_an_answer(content: bytes, encoding: str | None) -> None:
    """The same for what is not JSON at all."""
    answer = Reader(Extraction(body="a")).read(line(body=raw(content), cenc=encoding))
    assert answer.value is not None or answer.reason


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda text: zlib.compress(text, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_compressed_answers_are_read(encoding: str, pack: Any) -> None:
    """Current answers the client's own Accept-Encoding, so its answers come as they are."""
    content = pack(json.dumps({"a": "benign"}).encode())
    assert read(Extraction(body="a"), body=raw(content), cenc=encoding) == ("ok", "benign", None)


def test_what_we_cannot_read_is_ours() -> None:
    """Our own limits are never booked on a process."""
    assert read(Extraction(body="a"), cenc="br") == ("ours", None, "Encoding")
    assert read(Extraction(body="a"), cut=True) == ("ours", None, "TooLong")
    assert read(Extraction(body="a["), body=body({})) == ("ours", None, "Expression")
    bomb = gzip.compress(b" " * (MAX_INFLATED + 1))
    assert read(Extraction(body="a"), body=raw(bomb), cenc="gzip") == ("ours", None, "TooLong")


def test_a_damaged_compression_is_the_processs() -> None:
    """Half a gzip stream, or none."""
    half = gzip.compress(b'{"a": "benign"}' * 50)[:-12]
    assert read(Extraction(body="a"), body=raw(half), cenc="gzip") == ("unreadable", None, "BadEncoding")
    assert read(Extraction(body="a"), body=raw(b"{}"), cenc="gzip") == ("unreadable", None, "BadEncoding")


def test_an_expression_that_does_not_fit_finds_nothing() -> None:
    """A JMESPath function that refuses its argument is a prediction that is not there."""
    assert read(Extraction(body="length(a)", type=INTEGER), body=body({"a": 3})) == ("unreadable", None, "NoPrediction")
    assert read(Extraction(body="length(a)", type=INTEGER), body=body({"a": "xyz"})) == ("ok", "3", None)


@pytest.mark.parametrize(
    ("expression", "content"),
    [
        ("a > `0.5`", b'{"a": "0.9"}'),
        ("ceil(a)", b'{"a": 1e999}'),
        ("floor(a)", b'{"a": -1e999}'),
        ("a[::0]", b'{"a": [1]}'),
    ],
)
def test_an_expression_that_python_cannot_compute_finds_nothing(expression: str, content: bytes) -> None:
    """JMESPath lets Python's own errors pass; the next answer is read all the same."""
    assert read(Extraction(body=expression, type=BOOLEAN), body=raw(content)) == ("unreadable", None, "NoPrediction")


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        (STRING, "benign", ("ok", "benign", None)),
        (BOOLEAN, "True", ("ok", "true", None)),
        (BOOLEAN, "yes", ("unreadable", None, "WrongType")),
        (INTEGER, "-007", ("ok", "-7", None)),
        (INTEGER, "٣", ("unreadable", None, "WrongType")),
        (INTEGER, "1.0", ("unreadable", None, "WrongType")),
        (STRING, None, ("unreadable", None, "NoPrediction")),
    ],
)
def test_a_header_is_read_by_the_declared_type(declared: PredictionType, text: str | None, expected: Any) -> None:
    """A header has no type of its own, so that the declared one says how it is written."""
    assert read(Extraction(header="x-prediction", type=declared), pred=text, body=None) == expected


def test_values_are_called_as_the_outcomes_call_them() -> None:
    """The map applies to the canonical text; what it does not list stays."""
    renamed = Extraction(body="a", type=BOOLEAN, map={"true": "M"})
    assert read(renamed, body=body({"a": True})) == ("ok", "M", None)
    assert read(renamed, body=body({"a": False})) == ("ok", "false", None)
