"""How kills are chosen and spread over runs, and what counts as another end. Pure; no cluster."""

from itertools import pairwise

import pytest

from tests.e2e.faults.runs import AT_ONCE, MODES, SAMPLE, Kill, Run, difference, kills_wanted, spread
from tests.e2e.faults.scenarios import FALLBACK_US, Window, lost, strays

WRITES = [f"write {n}" for n in range(1, 57)]


def run(end: str = "Rejected", served: tuple[str, ...] = ("current serves",), seen: tuple[str, ...] = ()) -> Run:
    return Run({"phase": end}, [], list(served), list(seen), {}, 0.0)


def answer(track: str | None, at: int, us: int = 5000, **changes: str) -> dict[str, object]:
    return {"n": 1, "at": at, "us": us, "track": track, "url": "router", "error": None, **changes}


def test_all_is_every_write_in_both_modes():
    """Each position once before the write and once after it; no run meets a write twice or holds too many."""
    kills = kills_wanted("all", WRITES)
    assert {(kill.write, kill.when) for kill in kills} == {(write, when) for write in WRITES for when in MODES}
    runs = spread(kills)
    assert sorted((kill for one in runs for kill in one), key=str) == sorted(kills, key=str)
    assert all(len({kill.write for kill in one}) == len(one) <= AT_ONCE for one in runs)


def test_a_run_has_other_writes_between_its_kills():
    """The operator goes on to other writes before it is killed again."""
    for one in spread(kills_wanted("all", WRITES)):
        positions = [kill.position for kill in one]
        assert all(later - earlier > 1 for earlier, later in pairwise(positions))


def test_a_sample_fits_into_one_run():
    """Both modes, in one run, spread over all writes."""
    (one,) = spread(kills_wanted("sample", WRITES))
    assert len(one) == SAMPLE
    assert {kill.when for kill in one} == set(MODES)


def test_writes_by_what_the_table_says():
    """A regular expression in mode and write; one that means no write is refused."""
    assert kills_wanted("write 17$", WRITES) == [Kill(17, "write 17", "before"), Kill(17, "write 17", "after")]
    assert kills_wanted("after write (3|17)$", WRITES) == [Kill(3, "write 3", "after"), Kill(17, "write 17", "after")]
    with pytest.raises(ValueError, match="write 99"):
        kills_wanted("write 99", WRITES)


@pytest.mark.parametrize(
    "other",
    [run(end="Promoted"), run(served=("current serves", "candidate serves")), run(seen=("request 7",))],
    ids=["end", "who-was-to-serve", "traffic"],
)
def test_what_is_another_end(other: Run):
    """Another state, another order of who was to serve, or one request that went astray."""
    assert difference(run(), run()) == ""
    assert difference(run(), other) != ""


def test_within_a_window_one_alone_answers():
    """Only what began and ended in the window is judged; a failure has no track, and current may answer for a late candidate."""
    windows = [Window("candidate", since=1e6, until=9e6)]
    outside = [answer("current", 999_000), answer("current", 8_999_000)]
    inside = [answer("candidate", 2_000_000), answer(None, 3_000_000), answer("current", 4_000_000, us=FALLBACK_US)]
    assert strays([*outside, *inside], windows) == []
    assert len(strays([answer("current", 5_000_000)], windows)) == 1
    assert len(strays([answer("candidate", 5_000_000)], [Window("current", since=1e6)])) == 1


def test_only_what_the_router_was_asked_can_be_lost():
    """Before clients move to the router, they ask the process in place: what it does not answer is nobody's loss here."""
    failed = [answer(None, 1, error="timeout"), answer(None, 2, error="timeout", url="rules"), answer("current", 3)]
    assert lost(failed, "router") == ["request 1 at 1: timeout"]
