"""The benchmark of the statistics in its quick form: every row still runs, none misses its target, and a wrong engine is noticed."""

import math

import numpy as np
import pytest

from dev.bench.stats import engines, jobs, tables, trials, worlds
from dev.bench.stats.measure import Measure, Row, Size, exact

TIMING = "B13"


@pytest.mark.timeout(1200)
def test_every_row_meets_its_target() -> None:
    """All families, reduced and seeded; microseconds are measured too, and not judged: another machine's load is no defect."""
    rows = jobs.run(jobs.all_jobs(), Size(quick=True), workers=1)
    assert [(row.id, row.what, row.measure.value) for row in rows if not row.ok and row.id != TIMING] == []
    assert {row.id for row in rows} == {*(f"B{n}" for n in range(1, 16) if n != 10), "3.1", "3.7"}
    assert len(tables.text(rows).splitlines()) > len({row.what for row in rows})


def test_an_engine_that_decides_otherwise_stops_the_run() -> None:
    """Evidence that is not the engine's, by a twentieth of the log growth, is found at some look of some trial."""
    engine = engines.pairs(engines.paired_test(0.02, 0.06))
    path = worlds.pairs(0.06, 0.02, 1000, 2).draw(np.random.default_rng(20_281), 20)
    engine.ends(path, 0.05)
    object.__setattr__(engine, "growth", engine.growth * 1.05)
    with pytest.raises(trials.DisagreementError, match="the engine says False"):
        engine.ends(path, 0.05)


@pytest.mark.parametrize(
    ("row", "ok"),
    [
        (Row("B1", "at the ceiling", exact(0.05), most=0.05), True),
        (Row("B1", "above it", exact(0.051), most=0.05), False),
        (Row("B1", "below the floor", exact(0.01), most=0.05, least=0.015), False),
        (Row("B1", "no number", Measure(math.nan), most=0.05), False),
        (Row("B1", "never ends", Measure(math.inf), most=0.05), False),
        (Row("B1", "only informs", exact(7.0)), True),
    ],
)
def test_a_row_is_ok_within_its_targets(row: Row, ok: bool) -> None:
    """And a figure that is none meets no target."""
    assert row.ok is ok
