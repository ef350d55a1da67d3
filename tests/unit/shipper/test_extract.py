"""From a line to a row: whose fault a failure is, and what leaves the pod."""

import hashlib
import hmac
from typing import Any

import pytest

from shadowlift.api.capture import CaptureTrial, Extraction, Line, Track
from shadowlift.api.ledger import Arm, RowStatus
from shadowlift.shipper.extract import Extractor
from tests.unit.shipper.lines import body, line, trial

LIVE, SHADOW = Track.LIVE, Track.SHADOW
CANDIDATE, CURRENT = Arm.CANDIDATE, Arm.CURRENT
OK, FAILED, UNREADABLE, OURS = RowStatus.OK, RowStatus.FAILED, RowStatus.UNREADABLE, RowStatus.OURS
CHAIN, ITS_PROCESS, SERVING = "chain-1a2b", "up-candidate", "up-current"


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


def split_trial(**more: Any) -> CaptureTrial:
    """A trial that shares its requests; what serves is current."""
    return trial(**{"given_to": CHAIN, "candidate_cluster": ITS_PROCESS, **more})


def shared(arm: Arm, **more: Any) -> Line:
    """A request that was given to an arm and answered by it at the first try."""
    to, by = (CHAIN, ITS_PROCESS) if arm is CANDIDATE else (SERVING, SERVING)
    fields = {"split": "yes", "mirror": "no", "cluster": to, "answered": by, "us": 3000, "us_all": 4000, "epoch": 3}
    return line(LIVE, **{**fields, **more})


@pytest.mark.parametrize(
    ("arm", "fields", "expected"),
    [
        (CANDIDATE, {}, (OK, None)),
        (CANDIDATE, {"answered": SERVING, "tries": 2}, (FAILED, "FellBack")),
        (CANDIDATE, {"answered": SERVING}, (FAILED, "FellBack")),  # no candidate was there to be tried
        (CANDIDATE, {"tries": 2}, (FAILED, "FellBack")),
        (CANDIDATE, {"answered": None, "tries": 2}, (FAILED, "FellBack")),
        (CANDIDATE, {"answered": SERVING, "tries": 2, "code": 500}, (FAILED, "Status5xx")),
        (CANDIDATE, {"answered": SERVING, "tries": 2, "us_all": 900_000}, (FAILED, "FellBack")),
        (CANDIDATE, {"us_all": 500_000}, (OK, None)),
        (CANDIDATE, {"us_all": 500_001, "us": 400_000}, (FAILED, "Late")),
        (CANDIDATE, {"us": 900_000}, (OK, None)),  # of all tries together it was in time
        (CANDIDATE, {"us_all": None}, (OK, None)),
        (
            CANDIDATE,
            {"code": 503, "flags": "UF", "details": "upstream_reset_before", "answered": None},
            (FAILED, "Refused"),
        ),
        (CANDIDATE, {"code": 504, "flags": "UT", "details": "response_timeout"}, (FAILED, "Timeout")),
        (CANDIDATE, {"code": 429}, (FAILED, "TooManyRequests")),
        (CANDIDATE, {"code": 422, "body": body({"error": "x"})}, (UNREADABLE, "Status4xx")),
        (CANDIDATE, {"body": body({"error": "x"})}, (UNREADABLE, "NoPrediction")),
        (CANDIDATE, {"cut": True}, (OURS, "TooLong")),
        (CURRENT, {}, (OK, None)),
        (CURRENT, {"us_all": 900_000}, (OK, None)),  # nobody promised how fast current is
        (CURRENT, {"tries": 2}, (OK, None)),
        (CURRENT, {"code": 500}, (FAILED, "Status5xx")),
        (CURRENT, {"code": 503, "flags": "UH", "details": "no_healthy_upstream"}, (FAILED, "NoEndpoint")),
        (CURRENT, {"body": body({"error": "x"})}, (UNREADABLE, "NoPrediction")),
        (CURRENT, {"cut": True}, (OURS, "TooLong")),
    ],
)
def test_an_arm_is_judged_by_what_its_own_process_did(
    arm: Arm, fields: dict[str, Any], expected: tuple[RowStatus, str | None]
) -> None:
    """Current's answer in place of a candidate that failed or was late is no answer of the candidate's."""
    row = Extractor(split_trial()).row(shared(arm, **fields))
    assert (row.arm, row.status, row.reason) == (arm, *expected)
    assert (row.value is not None) == (row.status is OK)


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"code": 0, "flags": "DC", "details": "downstream_remote_disconnect"}, "ClientGone"),
        ({"code": 0, "flags": "DC", "answered": None, "tries": 2}, "ClientGone"),
        ({"code": 200, "flags": "DC,UT", "body": None}, "ClientGone"),
        ({"code": 400, "flags": "DPE", "details": "http1.codec_error"}, "ClientBroken"),
    ],
)
def test_a_client_that_hung_up_may_have_been_kept_waiting(arm: Arm, fields: dict[str, Any], reason: str) -> None:
    """To leave such requests out would excuse the arm that is so slow that nobody waits: on either it is a failure."""
    row = Extractor(split_trial()).row(shared(arm, **fields))
    assert (row.arm, row.status, row.reason, row.value) == (arm, FAILED, reason, None)


def test_each_arm_is_read_by_its_own_rules() -> None:
    """And by one only: what the other process writes into the same answer is nobody's prediction."""
    ways = {"current": Extraction(header="x-label", map={"1": "M"}), "candidate": Extraction(body="label")}
    rules, answer = Extractor(split_trial(**ways)), {"body": body({"label": "B"}), "pred": "1"}
    assert [rules.row(shared(arm, **answer)).value for arm in (CANDIDATE, CURRENT)] == ["B", "M"]


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize("answer", [{}, {"body": None}, {"cut": True}, {"code": 404, "body": None}])
def test_where_nothing_is_predicted_an_answer_is_good_as_it_is(arm: Arm, answer: dict[str, Any]) -> None:
    """With a reward what comes of it is scored: only that there was an answer is read, and failures still are."""
    rules = Extractor(split_trial(current=Extraction(), candidate=Extraction()))
    row = rules.row(shared(arm, **answer))
    assert (row.arm, row.status, row.value, row.reason) == (arm, OK, None, None)
    assert rules.row(shared(arm, code=502)).status is FAILED


@pytest.mark.parametrize(
    ("more", "unitless"),
    [({"unit": None}, True), ({"unit": ""}, True), ({"unit": "u"}, False)],
    ids=["no unit", "an empty unit", "too large to be sent twice"],
)
def test_what_was_not_split_is_of_no_arm(more: dict[str, Any], unitless: bool) -> None:
    """It went to who serves, whatever the share: judged as any live line, and not counted as measured."""
    rules = Extractor(split_trial(unit_header="x-user-id"))
    row = rules.row(shared(CURRENT, split="no", **more))
    assert (row.arm, row.mirrored, row.unitless, row.status) == (None, False, unitless, OK)
    assert row.us == 3000
    gone = rules.row(shared(CURRENT, split="no", code=0, flags="DC", **more))
    assert gone.status is RowStatus.GONE


def test_while_current_is_watched_every_request_is_its_own() -> None:
    """At a share of none the router still splits: that is how it becomes known what to expect of a unit."""
    row = Extractor(split_trial(unit_header="x-user-id")).row(shared(CURRENT, epoch=0, unit="u"))
    assert (row.arm, row.epoch, row.unitless, row.mirrored) == (CURRENT, 0, False, False)
    assert row.unit is not None


def test_a_request_of_a_split_takes_as_long_as_all_its_tries() -> None:
    """What the client waited, on either arm; of a copy it is the answer's own time."""
    rules = Extractor(split_trial())
    assert [rules.row(shared(arm, us=7, us_all=9000)).us for arm in Arm] == [9000, 9000]
    assert Extractor(trial()).row(line(SHADOW, us=7, us_all=9000)).us == 7


def test_without_a_second_try_the_candidate_is_its_own_cluster() -> None:
    """Where a request must not be sent twice, no chain stands for it."""
    rules = Extractor(split_trial(given_to=ITS_PROCESS))
    row = rules.row(shared(CANDIDATE, cluster=ITS_PROCESS))
    assert (row.arm, row.status) == (CANDIDATE, OK)
    failed = rules.row(shared(CANDIDATE, cluster=ITS_PROCESS, code=500))
    assert (failed.arm, failed.status, failed.reason) == (CANDIDATE, FAILED, "Status5xx")


def test_a_trial_that_copies_has_no_arms() -> None:
    """Neither its live lines nor its copies."""
    assert [Extractor(trial()).row(line(track)).arm for track in Track] == [None, None]


def test_a_watch_before_a_shadow_is_judged_as_the_shadow_will_be() -> None:
    """Who hangs up is nobody's fault, and the time is the process's own: current is held to what it was seen at."""
    rules = Extractor(split_trial(alone=True))
    good, gone = rules.row(shared(CURRENT, epoch=0)), rules.row(shared(CURRENT, epoch=0, code=0, flags="DC"))
    assert (good.arm, good.us, good.status) == (CURRENT, 3000, OK)
    assert (gone.arm, gone.status) == (CURRENT, RowStatus.GONE)
    assert Extractor(split_trial()).row(shared(CURRENT, epoch=0, code=0, flags="DC")).status is FAILED
