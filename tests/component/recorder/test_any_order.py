"""Counters do not depend on how lines were cut into batches, nor on replays, restarts and rounds of closing in between."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shadowlift.api.ledger import EpochCounters, Row, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.recorder.fold import Increments, Pair, Policy, Side, agreement, merged, resolution
from tests.component.ledger.world import MATURITY, RULES, SECOND, START, World, live, memory_folder, shadow

ANSWERS = st.sampled_from(
    [
        (RowStatus.OK, "M"),
        (RowStatus.OK, "B"),
        (RowStatus.FAILED, None),
        (RowStatus.UNREADABLE, None),
        (RowStatus.OURS, None),
    ]
)
PAIRS = st.lists(
    st.tuples(ANSWERS, st.none() | ANSWERS, st.none() | st.sampled_from(["M", "B", "X"])), min_size=1, max_size=12
)


@pytest.mark.timeout(60)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs=PAIRS, data=st.data())
def test_counters_are_exact(pairs: list[Any], data: st.DataObject) -> None:
    """They equal the sum of the closing rule over the pairs."""
    lines, wanted, truth = [], EpochCounters(), []
    for n, (current, candidate, outcome) in enumerate(pairs):
        lines.append(live(f"r{n}", current[1], status=current[0]))
        if candidate:
            lines.append(shadow(f"r{n}", candidate[1], status=candidate[0]))
        if outcome:
            truth.append((f"r{n}", outcome))
        pair = Pair(Side(*current), Side(*candidate) if candidate else None)
        told = answered("current", current[0]) + (answered("candidate", candidate[0]) if candidate else Counter())
        wanted = merged(wanted, told + agreement(pair) + resolution(pair, outcome, Policy(Missing.WORST)))
    wanted = merged(wanted, Counter({("live", None): len(pairs), ("booked", None): len(pairs)}))
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        assert play(Path(folder), data.draw(st.permutations(lines)), truth, data) == wanted


def answered(arm: str, status: RowStatus) -> Increments:
    """What an answer adds as soon as it is there."""
    failed = Counter({("failures_by_arm", arm): 1}) if status is RowStatus.FAILED else Counter()
    return failed + Counter({("units_by_arm", arm): 1})


def play(folder: Path, lines: list[Row], truth: list[tuple[str, str]], data: st.DataObject) -> EpochCounters:
    """Ship the lines in some number of batches, with anything harmless in between."""
    world = World(folder, RULES)
    world.register()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        world.ship(lines[start:end], low=START)
        for event in data.draw(st.lists(st.sampled_from(["replay", "restart", "sweep", "outcomes"]), max_size=3)):
            if event == "replay":
                world.ship(lines, seq=world.seqs["router-1"])
            elif event == "restart":
                world.database.close()
                seqs, world = world.seqs, World(folder, RULES)
                world.seqs = seqs
            elif event == "sweep":
                world.sweep()
            elif truth:
                world.outcomes(*truth[: world.rules.pending_quota])
    if truth:
        world.outcomes(*truth)
    world.now += MATURITY + RULES.grace_us + SECOND
    world.ship()
    world.sweep(limit=data.draw(st.integers(1, 20)))
    assert world.counters().open == 0
    world.database.close()
    return world_epoch(folder)


def world_epoch(folder: Path) -> EpochCounters:
    """The counters as the next process reads them."""
    world = World(folder, RULES)
    epoch = world.epoch()
    world.database.close()
    return epoch
