"""From a line to a row: whose fault a failure is, and what leaves the pod."""

import hashlib
import hmac
from typing import Any

import pytest

from shadowlift.api.capture import Extraction, Track
from shadowlift.api.ledger import RowStatus
from shadowlift.shipper.extract import Extractor
from tests.unit.shipper.lines import body, line, trial

LIVE, SHADOW = Track.LIVE, Track.SHADOW


@pytest.mark.parametrize(
    ("track", "fields", "expected"),
    [
        (LIVE, {}, (RowStatus.OK, None)),
        (LIVE, {"code": 0, "flags": "DC", "details": "downstream_remote_disconnect"}, (RowStatus.GONE, "ClientGone")),
        (LIVE, {"code": 200, "flags": "DC", "body": None}, (RowStatus.GONE, "ClientGone")),
        (LIVE, {"code": 400, "flags": "DPE", "details": "http1.codec_error"}, (RowStatus.GONE, "ClientBroken")),
        (LIVE, {"code": 500}, (RowStatus.FAILED, "Status5xx")),
        (LIVE, {"code": 503, "flags": "UH", "details": "no_healthy_upstream"}, (RowStatus.FAILED, "NoEndpoint")),
        (LIVE, {"code": 503, "flags": "UF", "details": "upstream_reset_before"}, (RowStatus.FAILED, "Refused")),
        (LIVE, {"code": 503, "flags": "UF,URX", "details": "upstream_reset_before"}, (RowStatus.FAILED, "Refused")),
        (LIVE, {"code": 503, "flags": "UC", "details": "upstream_reset_before"}, (RowStatus.FAILED, "Broken")),
        (LIVE, {"code": 200, "flags": "UC", "details": "upstream_reset_after"}, (RowStatus.FAILED, "Broken")),
        (LIVE, {"code": 0, "details": ""}, (RowStatus.FAILED, "Broken")),
        (LIVE, {"code": 502, "details": "something_new"}, (RowStatus.FAILED, "NoAnswer")),
        (LIVE, {"code": 429}, (RowStatus.FAILED, "TooManyRequests")),
        (LIVE, {"us": 700_000}, (RowStatus.OK, None)),
        (SHADOW, {"us": 500_000}, (RowStatus.OK, None)),
        (SHADOW, {"us": 500_001}, (RowStatus.FAILED, "Late")),
        (SHADOW, {"code": 504, "flags": "UT", "details": "response_timeout"}, (RowStatus.FAILED, "Timeout")),
        (SHADOW, {"code": 404, "flags": "NR", "details": "route_not_found"}, (RowStatus.GONE, "Unrouted")),
        (SHADOW, {"code": 422, "body": body({"error": "x"})}, (RowStatus.UNREADABLE, "Status4xx")),
        (SHADOW, {"code": 404, "body": None}, (RowStatus.UNREADABLE, "Status4xx")),
        (SHADOW, {"code": 404}, (RowStatus.OK, None)),
        (SHADOW, {"code": 200, "body": body({"error": "x"})}, (RowStatus.UNREADABLE, "NoPrediction")),
        (SHADOW, {"code": 200, "cut": True}, (RowStatus.OURS, "TooLong")),
    ],
)
def test_whose_fault_it_is(track: Track, fields: dict[str, Any], expected: tuple[RowStatus, str | None]) -> None:
    """A client that hung up excuses both; a process that failed has failed; only then its answer is read."""
    row = Extractor(trial()).row(line(track, **fields))
    assert (row.status, row.reason) == expected
    assert (row.value is not None) == (row.status is RowStatus.OK)


def test_each_track_is_read_by_its_own_rules() -> None:
    """Current may answer in another form than its candidate."""
    rules = Extractor(trial(current=Extraction(header="x-label", map={"1": "M"}), candidate=Extraction(body="label")))
    assert rules.row(line(LIVE, pred="1")).value == "M"
    assert rules.row(line(SHADOW, body=body({"label": "B"}), pred="1")).value == "B"


def test_a_unit_leaves_only_as_a_salted_hash() -> None:
    """HMAC-SHA256 under the trial's salt: equal within a trial, unknown outside."""
    rules = Extractor(trial(unit_header="x-user-id", salt="0a1b"))
    expected = hmac.new(bytes.fromhex("0a1b"), "ü-7".encode(), hashlib.sha256).hexdigest()
    assert rules.row(line(LIVE, unit="ü-7")).unit == expected
    assert rules.row(line(SHADOW, unit="ü-7")).unit == expected
    assert Extractor(trial(unit_header="x-user-id", salt="ff")).row(line(LIVE, unit="ü-7")).unit != expected


def test_a_request_without_the_unit_header_says_so() -> None:
    """It cannot be counted; where there is no unit header, the request itself is the unit."""
    with_header, without = Extractor(trial(unit_header="x-user-id")), Extractor(trial())
    assert with_header.row(line()).unitless
    assert with_header.row(line(unit="")).unitless
    assert with_header.row(line(SHADOW)).unitless
    assert not with_header.row(line(unit="u")).unitless
    assert not without.row(line()).unitless


def test_a_copy_without_a_header_that_is_not_copied_says_nothing() -> None:
    """Authorization is removed from copies, so that its absence there means nothing."""
    rules = Extractor(trial(unit_header="authorization"))
    assert not rules.row(line(SHADOW)).unitless
    assert rules.row(line(LIVE)).unitless


def test_only_live_rows_say_whether_they_were_mirrored() -> None:
    """A copy is not copied."""
    rules = Extractor(trial())
    assert rules.row(line(LIVE, mirror="yes")).mirrored
    assert not rules.row(line(LIVE, mirror="no")).mirrored
    assert not rules.row(line(SHADOW, mirror="yes")).mirrored


def test_a_key_that_nobody_could_name_is_left_out() -> None:
    """Outcome keys end at 128 characters; then the router's own id is the key."""
    rules = Extractor(trial(key_header="x-order"))
    assert rules.row(line(key="k" * 128)).key == "k" * 128
    assert rules.row(line(key="k" * 129)).key is None
    assert rules.row(line(key="")).key is None


def test_nothing_of_a_body_is_in_a_row() -> None:
    """Only the extracted value leaves the pod."""
    row = Extractor(trial()).row(line(body=body({"diagnosis": "benign", "name": "Jane Doe"})))
    assert "Jane" not in row.model_dump_json()
