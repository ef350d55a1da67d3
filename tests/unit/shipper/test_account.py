"""How far everything is sent, and what was lost: never a loss where there was none, never one forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from shadowlift.shipper.account import SETTLE_US, Account, Reading, Totals

SECOND = 1_000_000
HOLD = 10 * SECOND


def reading(at: int, given: int, *, under_way: int = 0, shed: int = 0, born: int = 1) -> Reading:
    return Reading(at=at * SECOND, born=born, given=given, shed=shed, under_way=under_way)


def look(account: Account, at: int) -> Totals:
    account.close(at * SECOND, HOLD)
    return account.totals


def test_with_nothing_under_way_all_before_is_sent() -> None:
    """`low` is the moment of the newest settled reading that saw no request under way."""
    account = Account(Totals())
    for at, under_way in ((100, 0), (101, 3), (102, 0), (103, 0)):
        account.observe(reading(at, 0, under_way=under_way))
    assert look(account, 104).low == 102 * SECOND


def test_under_steady_traffic_low_follows_at_a_bounded_distance() -> None:
    """A stream that never ends holds `low` back by the hold, not for ever."""
    account = Account(Totals())
    for at in range(100, 110):
        account.observe(reading(at, 0, under_way=5))
    assert look(account, 110).low == 108 * SECOND - HOLD


def test_low_never_goes_back() -> None:
    """What was said stays said."""
    account = Account(Totals(low=500 * SECOND))
    account.observe(reading(100, 0))
    assert look(account, 110).low == 500 * SECOND


def test_before_anything_has_settled_nothing_is_said() -> None:
    """A shipper that has just started knows nothing of the seconds before."""
    account = Account(Totals())
    account.observe(reading(109, 0))
    assert look(account, 110).low == 0


def test_lines_that_never_come_are_lost() -> None:
    """Seen twice, a difference is a loss."""
    account = Account(Totals())
    account.observe(reading(100, 0))
    for at in range(101, 106):
        account.observe(reading(at, 50))
    account.read([2] * 40)
    assert look(account, 104).lost == 0
    assert look(account, 105).lost == 10


def test_a_line_that_is_late_is_not_lost() -> None:
    """A flush that was slow once looks like a loss once, and is forgotten."""
    account = Account(Totals())
    for at in range(100, 110):
        account.observe(reading(at, 50))
    account.read([2] * 40)
    assert look(account, 104).lost == 0
    account.read([2] * 10)
    assert look(account, 105).lost == 0


def test_low_waits_for_the_word_on_a_suspected_loss() -> None:
    """The recorder hears of a loss not later than that the stretch is complete."""
    account = Account(Totals())
    for at in range(100, 110):
        account.observe(reading(at, 0 if at < 103 else 50))
    account.read([2] * 40)
    assert look(account, 104).low == 102 * SECOND
    suspected = look(account, 106)
    assert (suspected.lost, suspected.low) == (0, 102 * SECOND)
    known = look(account, 107)
    assert (known.lost, known.low) == (10, 105 * SECOND)


def test_a_loss_that_goes_on_does_not_stop_low() -> None:
    """Only the newest stretch is in doubt."""
    account = Account(Totals())
    for at in range(100, 130):
        account.observe(reading(at, (at - 100) * 10))
    lows = [look(account, at).low for at in range(105, 130)]
    assert lows[-1] >= 125 * SECOND
    assert account.totals.lost >= 240


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2)), min_size=5, max_size=40))
def test_without_a_loss_none_is_counted(seconds: list[tuple[int, int]]) -> None:
    """Whatever the rate, and with every line up to two seconds late, nothing is ever lost."""
    account = Account(Totals())
    handed = 0
    late: list[tuple[int, int]] = []  # (second in which they are read, how many)
    for at, (lines, delay) in enumerate(seconds, start=100):
        account.observe(reading(at, handed))
        handed += lines
        late.append((at + delay, lines))
        account.read([2] * sum(count for when, count in late if when == at))
        late = [(when, count) for when, count in late if when > at]
        assert look(account, at).lost == 0


def test_another_envoy_starts_from_nothing() -> None:
    """Counters that begin again are added to what was; lines that the dead one left are not taken for the new one's."""
    account = Account(Totals())
    account.observe(reading(100, 500, shed=7))
    account.read([1] * 480)
    account.observe(reading(110, 3, shed=1, born=108 * SECOND))
    account.read([105 * SECOND] * 40 + [109 * SECOND] * 3)  # 20 uncounted by the last reading of the dead
    assert account.shed == 8
    for at in range(111, 116):
        account.observe(reading(at, 13, shed=1, born=108 * SECOND))
    look(account, 114)
    assert look(account, 115).lost == 10


def test_totals_carry_over_a_restart_of_the_shipper() -> None:
    """The same Envoy goes on counting; nothing is counted twice, nothing is forgotten."""
    before = Account(Totals())
    before.observe(reading(100, 50, shed=2))
    before.read([2] * 50)
    after = Account(before.totals)
    for at in range(101, 106):
        after.observe(reading(at, 80, shed=5))
    after.read([2] * 25)
    look(after, 104)
    assert look(after, 105).lost == 5
    assert after.shed == 5


def test_when_envoy_is_gone_everything_is_sent() -> None:
    """Nothing can be under way any more."""
    account = Account(Totals(low=3))
    account.close_for_ever(100 * SECOND)
    assert account.totals.low == 100 * SECOND


def test_a_reading_settles_only_after_several_flushes() -> None:
    """The margin is a multiple of Envoy's flush interval."""
    assert SETTLE_US >= 4 * 500_000
