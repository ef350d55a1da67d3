"""Visitors come, come back and buy by the first answer: the same ones for a seed, each counted once."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dev.traffic.rows import Row
from dev.traffic.tally import Attempt
from dev.traffic.visitors import KEPT_LEAVERS, LOADING, Visit, Visitors, strayed, visitors

WORTH = {"free-shipping": 0, "discount": 21.5}
ROWS = [Row(b'{"basket":%d}' % basket, WORTH) for basket in range(50)]


def shop(seed: int = 1, returning: float = 0.2, settled: int = 10) -> Visitors:
    return Visitors(ROWS, random.Random(seed), returning, settled)


def answered(visit: Visit, value: str | None = "discount", track: str = "current", **changes) -> Attempt:
    who = {"user": visit.user, "visit": visit.number, "truth": visit.row.truth}
    return replace(Attempt(1, 2, 3, "http://x", 200, track, value, "id-1", "id-1"), **who, **changes)


def failed(visit: Visit) -> Attempt:
    return answered(visit, None, error="timeout")


def test_the_same_seed_sends_the_same_visitors_whatever_becomes_of_them():
    """Who comes when, and with what, is fixed by the seed alone: no answer, failure or delay changes it."""
    silent, busy = shop(), shop()
    expected = [silent.next() for _ in range(500)]
    seen = []
    for n in range(500):
        seen.append(busy.next())
        busy.ended(failed(seen[-1]) if n % 3 else answered(seen[-1]))
    assert seen == expected
    assert [shop(2).next() for _ in range(500)] != expected


def test_a_share_of_the_visits_is_of_earlier_visitors():
    """A fifth of 5,000 visits, within chance; users are numbered in the order in which they came first."""
    people = shop()
    visits = [people.next() for _ in range(5000)]
    again = [visit for visit in visits if visit.number != 1]
    assert len(again) / 5000 == pytest.approx(0.2, abs=0.02)
    assert [visit.user for visit in visits if visit.number == 1][:3] == ["u-000001", "u-000002", "u-000003"]
    assert people.report()["cameBack"] == len(again)
    assert people.report()["came"] == 5000 - len(again)


def test_who_comes_back_asks_the_same_again():
    """A user is one case for good, and visits are numbered."""
    people = shop()
    first: dict[str | None, Visit] = {}
    for _ in range(1000):
        visit = people.next()
        assert visit.row == first.setdefault(visit.user, visit).row
        assert (visit.number == 1) == (first[visit.user] is visit)


def test_the_latest_visitors_do_not_come_back_yet():
    """A second request must not overtake the first: it never comes while fewer than so many others came after it."""
    people = shop(returning=0.9, settled=30)
    newest: list[str | None] = []
    for _ in range(2000):
        visit = people.next()
        assert visit.number == 1 or visit.user not in newest[-30:]
        if visit.number == 1:
            newest.append(visit.user)


def test_what_a_visitor_spends_depends_on_the_first_answer():
    """The truth becomes the amount of the offer that was shown; at a later visit nothing becomes known."""
    people = shop()
    visit = people.next()
    assert people.ended(answered(visit)).truth == 21.5
    assert people.ended(answered(replace(visit, number=2), "free-shipping", "candidate")).truth is None
    assert people.ended(answered(people.next(), "free-shipping", "candidate")).truth == 0
    assert people.report()["first"] == {
        "current": {"visitors": 1, "buyers": 1, "spent": 21.5},
        "candidate": {"visitors": 1, "buyers": 0, "spent": 0.0},
    }


def test_who_was_turned_away_buys_nothing():
    """The first request failed: that user saw no offer, whatever a later visit shows."""
    people = shop()
    visit = people.next()
    assert people.ended(failed(visit)).truth is None
    assert people.ended(answered(replace(visit, number=2))).truth is None
    assert (people.report()["lost"], people.report()["first"]) == (1, {})


def test_an_answer_of_unknown_worth_is_a_failure():
    """A process that shows what the case says nothing about: never a purchase of nothing."""
    people = shop()
    ended = people.ended(answered(people.next(), "bundle"))
    assert (ended.error, ended.detail) == ("unforeseen", "nothing says what the answer bundle is worth")
    assert people.report()["lost"] == 1


@pytest.mark.parametrize(
    ("tracks", "joined", "left"),
    [
        (["current", "current"], 0, 0),
        (["current", "candidate", "candidate"], 1, 0),
        (["candidate", "current"], 0, 1),
        (["candidate", "current", "candidate", "current"], 1, 1),
    ],
)
def test_users_who_change_the_process_are_counted_once_each_way(tracks, joined, left):
    """Joined: current served the visit before, the candidate this one. Left: the other way round, which is not sticky."""
    people = shop()
    visit = people.next()
    for number, track in enumerate(tracks, 1):
        people.ended(answered(replace(visit, number=number), track=track))
    assert (people.report()["joined"], people.report()["left"]) == (joined, left)


def test_neither_failures_nor_late_ends_of_older_visits_are_changes():
    """Nobody answered the one; the other was overtaken by the visit after it."""
    people = shop()
    visit = people.next()
    people.ended(answered(visit, track="candidate"))
    people.ended(failed(replace(visit, number=2)))
    people.ended(answered(replace(visit, number=4), track="candidate"))
    people.ended(answered(replace(visit, number=3), track="current"))
    assert people.report()["left"] == 0


def test_the_first_leavers_are_named():
    """With time, request and id, so that the routers' lines about them can be found; the rest is counted."""
    people = shop(settled=1000)
    for _ in range(KEPT_LEAVERS + 5):
        visit = people.next()
        people.ended(answered(visit, track="candidate"))
        people.ended(answered(replace(visit, number=2)))
    report = people.report()
    assert (report["left"], len(report["leavers"])) == (KEPT_LEAVERS + 5, KEPT_LEAVERS)
    assert report["leavers"][0] == {"at": 2, "us": 3, "n": 1, "user": "u-000001", "visit": 2, "id": "id-1"}


@pytest.mark.parametrize(
    ("at", "took", "strays"),
    [
        (99.9, 0.1, True),
        (100.0, 0.1, False),
        (100.0 + LOADING, 0.1, False),
        (100.1 + LOADING, 0.1, True),
        (200, 1.6, False),
    ],
)
def test_who_met_two_routers_or_a_slow_candidate_has_not_left(at: float, took: float, strays: bool):
    """While a decision of second 100 is loaded either process may answer; whom the candidate lets wait for 2 s, current answers."""
    leaver = {"at": at * 1e6, "us": took * 1e6}
    found = strayed({"left": 1, "leavers": [leaver]}, [datetime.fromtimestamp(100, UTC)], 2.0)
    assert found == ([leaver] if strays else [])


def test_leavers_that_were_not_kept_are_strays():
    """Nobody knows when they left."""
    assert len(strayed({"left": 3, "leavers": []}, [], 2.0)) == 3


def test_those_who_are_forgotten_do_not_come_back_and_are_counted_no_more():
    """A new trial knows none of them. What of theirs is still under way keeps its outcome; numbers are not given again."""
    people = shop(returning=0.5)
    under_way = people.next()
    before = {under_way.user} | {people.next().user for _ in range(100)}
    people.forget()
    assert people.ended(answered(under_way)).truth == 21.5
    assert people.ended(failed(under_way)).truth is None
    report = people.report()
    assert report == {"came": 0, "cameBack": 0, "lost": 0, "joined": 0, "left": 0, "leavers": [], "first": {}}
    assert before.isdisjoint(people.next().user for _ in range(300))


@pytest.mark.parametrize("returning", [-0.1, 1.0])
def test_a_share_that_is_none_is_refused(returning):
    with pytest.raises(ValueError, match="--returning: must be from 0 to below 1"):
        visitors(ROWS, random.Random(1), returning)


@pytest.mark.parametrize("truth", ["malignant", 3, None, {"discount": "much"}, {"discount": True}])
def test_cases_that_do_not_say_what_an_answer_is_worth_are_refused(truth):
    """Rows of another story: told before the first request, with the first of them."""
    with pytest.raises(ValueError, match="row 2 must be an object, answer to amount"):
        visitors([ROWS[0], Row(b"{}", truth)], random.Random(1), 0.2)
