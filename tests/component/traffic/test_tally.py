"""Totals are what was booked; the report names the first failures and every change of who answers."""

from dev.traffic.tally import KEPT_CHANGES, KEPT_FAILURES, Attempt, Tally, quantile, read_answer

FIELDS = {"current": "result", "candidate": "diagnosis"}


def attempt(n: int, track: str | None = "current", error: str | None = None) -> Attempt:
    return Attempt(n=n, at=n * 500_000, us=n * 1000, url="http://x", track=track, error=error)


def test_a_report_counts_good_and_failed_requests_apart():
    tally = Tally()
    for n in range(1, 4):
        tally.book(attempt(n))
    tally.book(attempt(4, None, "refused"))
    report = tally.report()
    assert (report["answered"], report["failed"], report["errors"]) == (3, 1, {"refused": 1})
    assert report["tracks"] == {"current": 3}
    assert report["urls"] == {"http://x": 3}
    assert report["failures"][0]["n"] == 4
    assert report["perSecond"] == [
        {"second": 0, "current": 1},
        {"second": 1, "current": 2},
        {"second": 2, "failed": 1},
    ]
    assert report["latencyMs"] == {"p50": 2.0, "p99": 3.0, "max": 3.0}


def test_the_timeline_holds_each_change_of_who_answers_and_no_failure():
    tally = Tally()
    for n, track in enumerate(["current", "current", "candidate", "candidate", "current"], 1):
        tally.book(attempt(n, track))
        tally.book(attempt(n, None, "reset"))
    assert [(change["n"], change["track"]) for change in tally.report()["changes"]] == [
        (1, "current"),
        (3, "candidate"),
        (5, "current"),
    ]


def test_a_flapping_answer_does_not_grow_the_report_without_bound():
    """The beginning and the latest changes stay; how many there were is counted."""
    tally = Tally()
    for n in range(1, 1001):
        tally.book(attempt(n, "current" if n % 2 else "candidate"))
    report = tally.report()
    assert len(report["changes"]) == KEPT_CHANGES
    assert report["changes"][0]["n"] == 1
    assert report["changes"][-1]["n"] == 1000
    assert report["changesTotal"] == 1000


def test_only_the_first_failures_are_kept_with_their_details():
    tally = Tally()
    for n in range(500):
        tally.book(attempt(n, None, "reset"))
    assert tally.report()["failed"] == 500
    assert [failure["n"] for failure in tally.report()["failures"]] == list(range(KEPT_FAILURES))


def test_who_answered_is_told_by_the_form_of_the_answer():
    assert read_answer(b'{"result": "M", "rule": "R1"}', FIELDS) == ("current", "M")
    assert read_answer(b'{"diagnosis": "benign", "probability": 0.1}', FIELDS) == ("candidate", "benign")
    flights = {"current": "delay", "candidate": "arrival_delay"}
    assert read_answer(b'{"delay": 12, "late": 0, "rule": "as-departed"}', flights) == ("current", "12")
    assert read_answer(b'{"arrival_delay": -3.4, "late_probability": 0.2}', flights) == ("candidate", "-3.4")
    for unknown in (b"{}", b"[]", b"not json", b"\xff", b"null"):
        assert read_answer(unknown, FIELDS) is None


def test_a_quantile_of_nothing_is_unknown():
    assert quantile([], 0.5) is None
    assert quantile([1000], 0.99) == 1.0
