"""Outcomes that come at another pace for one arm, or for one label: counted as they come, they look like a lift.

Called by `adversarial.jobs`. Time goes by hours, and each hour ends with a look. Ours counts a unit when its time is over, whatever
came of it; the naive path feeds the same test with what is known so far.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, trials
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import Job, Row, Size, share
from shadowlift.stats import arms

MOST = 0.065
HOURS, USERS, RATE, WITHIN = 240, 500, 0.10, 24
"""Length of a trial, users each hour, those who convert, and hours within which they do."""

PAIRS, EARLY, LATE = 40, 1, 48
"""Pairs each hour, and hours until the two labels come."""


def jobs() -> list[Job]:
    """Both rows."""
    return [
        Job("3.7", "faster converter", partial(_faster, 11_711)),
        Job("3.7", "late labels", partial(_late_labels, 11_712)),
    ]


def _pace(mean: float) -> NDArray[np.float64]:
    """Of all users, those who convert in each hour after their exposure, and last those who do not."""
    ends = -np.expm1(-np.arange(WITHIN + 1) / mean)
    return np.append(RATE * np.diff(ends / ends[-1]), 1 - RATE)


def _arm(rng: np.random.Generator, units: NDArray[np.int64], mean: float) -> tuple[NDArray, NDArray]:
    """Successes of an arm by the hour in which they came, and by the hour of exposure."""
    drawn = rng.multinomial(units, _pace(mean))[..., :-1]
    came = np.zeros((len(units), HOURS + WITHIN), dtype=int)
    for after in range(WITHIN):
        came[:, after : after + HOURS] += drawn[..., after]
    return came[:, :HOURS], drawn.sum(axis=2)


def _path(candidate: NDArray, won: NDArray, current: NDArray, current_won: NDArray) -> trials.Path:
    one, two, three, four = (part.cumsum(axis=1) for part in (candidate, won, current, current_won))
    return np.stack([one - two, two, three - four, four], axis=2).astype(float)


def _faster(seed: int, size: Size) -> list[Row]:
    """As many convert within a day, but the candidate's after 2 hours on average, and the others after 6."""
    repeats, rng, found = size.of(4000, 200), np.random.default_rng(seed), []
    engine = engines.successes(arms.planned_bets(0.0, 0.01, RATE * (1 - RATE)), [(500, RATE)])
    for start in range(0, repeats, 100):
        candidate = rng.binomial(USERS, 0.5, (min(100, repeats - start), HOURS))
        came, won = _arm(rng, candidate, 2.0)
        current_came, current_won = _arm(rng, USERS - candidate, 6.0)
        ripe = _path(candidate, won, USERS - candidate, current_won)[:, : HOURS - WITHIN]
        raw = _path(candidate, came, USERS - candidate, current_came)
        found.append(np.stack([engine.ends(path, ALPHA) != trials.NEVER for path in (ripe, raw)]))
    ours, naive = np.concatenate(found, axis=1)
    what = "candidate's users convert sooner, not oftener: counted after 24 h | counted as they come"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]


def _late_labels(seed: int, size: Size) -> list[Row]:
    """The candidate is better where the label is 1, which is known after an hour, and as much worse where it is 0: after 48."""
    repeats, rng = size.of(4000, 200), np.random.default_rng(seed)
    drawn = rng.multinomial(PAIRS, [0.03, 0.94, 0.03], size=(repeats, 2 * HOURS)).cumsum(axis=1).astype(float)
    engine = engines.pairs(engines.paired_test(0.02, 0.06))
    raw = np.stack([_later(drawn[..., 0], LATE), drawn[..., 1], _later(drawn[..., 2], EARLY)], axis=2)
    ripe = drawn[:, :-LATE]
    ours, naive = (engine.ends(path, ALPHA) != trials.NEVER for path in (ripe, raw))
    what = "wins are known after 1 h, losses after 48 h: counted after 48 h | counted as they come"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]


def _later(counts: NDArray[np.float64], hours: int) -> NDArray[np.float64]:
    """What is known of counts so many hours later."""
    known = np.zeros_like(counts)
    known[:, hours:] = counts[:, :-hours]
    return known
