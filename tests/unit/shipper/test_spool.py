"""The spool survives a kill between any two steps, and a full volume."""

from pathlib import Path

import pytest

from shadowlift.errors import InvalidInput
from shadowlift.shipper.account import Totals
from shadowlift.shipper.spool import BATCH_LINES, KEEP_TRIALS, Spool, State, advanced
from tests.unit.shipper.lines import trial


def write(spool: Spool, lines: int) -> None:
    spool.log.write_bytes(b"".join(b"%d\n" % n for n in range(lines)))


def test_a_file_is_taken_under_the_next_number(tmp_path: Path) -> None:
    """The number of its first batch is in its name, so that a restart finds it again."""
    spool = Spool(tmp_path)
    write(spool, 3)
    taken = spool.take()
    assert (taken.seq, taken.was_envoys, spool.log.exists()) == (1, True, False)
    assert Spool(tmp_path).pending() == taken


def test_where_envoy_has_written_nothing_an_idle_file_stands_for_it(tmp_path: Path) -> None:
    """It has a number of its own, so that nothing else is ever sent under that number; Envoy's log stays where it is."""
    spool = Spool(tmp_path)
    write(spool, 0)
    taken = spool.take()
    assert (taken.seq, taken.was_envoys, spool.log.exists()) == (1, False, True)
    assert Spool(tmp_path).pending() == taken


@pytest.mark.parametrize(
    ("lines", "sizes"),
    [
        (0, [0]),
        (1, [1]),
        (BATCH_LINES, [BATCH_LINES]),
        (BATCH_LINES + 1, [BATCH_LINES, 1]),
        (3 * BATCH_LINES, [BATCH_LINES] * 3),
    ],
)
def test_a_file_is_cut_by_count(tmp_path: Path, lines: int, sizes: list[int]) -> None:
    """Always in the same way, whatever the lines say; an empty file is one empty batch; the last chunk knows it."""
    spool = Spool(tmp_path)
    write(spool, lines)
    pending = spool.take()
    chunks = list(pending.chunks())
    assert [len(chunk) for chunk, _ in chunks] == sizes
    assert [last for _, last in chunks] == [False] * (len(sizes) - 1) + [True]
    assert [int(line) for chunk, _ in chunks for line in chunk] == list(range(lines))


def test_after_the_last_receipt_the_file_is_gone_and_the_number_has_moved(tmp_path: Path) -> None:
    """Three batches used three numbers."""
    spool = Spool(tmp_path)
    write(spool, 1)
    pending = spool.take()
    spool.finish(pending, advanced(spool.load(), 3, Totals(lines=1)))
    again = Spool(tmp_path)
    assert again.load() == State(next_seq=4, totals=Totals(lines=1))
    assert again.pending() is None


def test_a_kill_between_saving_and_deleting_sends_nothing_again(tmp_path: Path) -> None:
    """A file whose number has been passed is finished, whether or not it was deleted."""
    spool = Spool(tmp_path)
    write(spool, 1)
    spool.take()
    spool.save(State(next_seq=2))
    assert Spool(tmp_path).pending() is None
    assert not list(tmp_path.glob("pending-*"))


def test_the_state_never_grows(tmp_path: Path) -> None:
    """It is overwritten in place, so that a full volume cannot refuse it."""
    spool = Spool(tmp_path)
    size = (tmp_path / "shipper.state").stat().st_size
    huge = 2**63
    spool.save(State(huge, Totals(*[huge] * 8)))
    assert (tmp_path / "shipper.state").stat().st_size == size == 4096
    assert spool.load() == State(huge, Totals(*[huge] * 8))


def test_a_damaged_state_is_not_guessed(tmp_path: Path) -> None:
    """A number must never be used for two different batches."""
    (tmp_path / "shipper.state").write_bytes(b"{}")
    with pytest.raises(InvalidInput, match="replace the router pod"):
        Spool(tmp_path).load()


def test_trials_are_remembered_and_the_oldest_forgotten(tmp_path: Path) -> None:
    """Lines of a trial may be read after it has left the ConfigMap, but not for ever."""
    spool = Spool(tmp_path)
    for n in range(KEEP_TRIALS + 2):
        spool.remember(trial(uid=f"trial-{n:04}"))
    known = {kept.uid for kept in Spool(tmp_path).remembered()}
    assert len(known) == KEEP_TRIALS
    assert f"trial-{KEEP_TRIALS + 1:04}" in known
    assert "trial-0000" not in known


def test_a_trial_is_remembered_as_it_is_now(tmp_path: Path) -> None:
    """Its lines are read otherwise once its requests are shared: who reads them after a restart must know that."""
    Spool(tmp_path).remember(trial(alone=True))
    shared = trial(alone=False)
    Spool(tmp_path).remember(shared)
    assert Spool(tmp_path).remembered() == [shared]
