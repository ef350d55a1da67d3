"""What is one observation, and of whom: users with many requests, requests without an answer, several candidates at once.

Called by `adversarial.jobs`.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, gates, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import Job, Row, Size, share
from shadowlift.stats import arms, combination

MOST = 0.065
USERS, AT_ONCE, REQUESTS = 4000, 4, 20
"""Users of a trial, those between two looks, and requests of one on average."""

ARM_BETS = arms.planned_bets(0.0, 0.01, 0.09)
CANDIDATES = 5


def jobs() -> list[Job]:
    """All rows."""
    return [
        Job("3.7", "sticky users", partial(_sticky, 11_721)),
        Job("3.7", "crash on hard requests", partial(_crash, 11_722)),
        Job("3.7", "five candidates", partial(_five, 11_723)),
    ]


def _sticky(seed: int, size: Size) -> list[Row]:
    """Each user keeps one arm and has a success rate of his own; both arms are equal."""
    repeats, rng, found = size.of(4000, 200), np.random.default_rng(seed), []
    score, events = engines.successes(ARM_BETS, [(500, 0.1)]), engines.harm([500])
    for start in range(0, repeats, 100):
        by_user, by_request = _users(rng, min(100, repeats - start))
        found.append(
            np.stack(
                [score.ends(path, ALPHA) != trials.NEVER for path in (by_user, by_request)]
                + [events.ends(path[..., [1, 3]], ALPHA) != trials.NEVER for path in (by_user, by_request)]
            )
        )
    rows = np.concatenate(found, axis=1)
    each = (("score", rows[:2]), ("events", rows[2:]))
    return [
        Row(
            "3.7",
            f"users of 20 requests each, {name}: one row per user | one per request",
            share(ours, seed),
            MOST,
            naive=share(naive, seed),
        )
        for name, (ours, naive) in each
    ]


def _users(rng: np.random.Generator, repeats: int) -> tuple[trials.Path, trials.Path]:
    """Counts of first exposures, and of all requests."""
    shape = (repeats, USERS // AT_ONCE, AT_ONCE)
    candidate, rate = rng.random(shape) < 0.5, rng.beta(0.5, 4.5, shape)
    requests = 1 + rng.poisson(REQUESTS - 1, shape)
    won_first = (rng.random(shape) < rate).astype(int)
    won = won_first + rng.binomial(requests - 1, rate)
    return _by_arm(candidate, np.ones_like(requests), won_first), _by_arm(candidate, requests, won)


def _by_arm(candidate: NDArray[np.bool_], units: NDArray[np.int64], won: NDArray[np.int64]) -> trials.Path:
    each = [
        np.where(arm, some, 0).sum(axis=2).cumsum(axis=1)
        for arm in (candidate, ~candidate)
        for some in (units - won, won)
    ]
    return np.stack(each, axis=2).astype(float)


HARD, EASY_RIGHT, HARD_RIGHT = 0.03, 0.8155, 0.30
"""Part of requests that are hard, and how often the current model is right on those that are not, and that are."""


def _crash(seed: int, size: Size) -> list[Row]:
    """As good as the current model where it answers; on hard requests it crashes. Naive: accuracy of what was answered, by z."""
    easy, swap = 1 - HARD, 0.03
    on_easy = [easy * swap, easy * swap, easy * (EASY_RIGHT - swap), easy * (1 - EASY_RIGHT - swap)]
    kinds = np.array([*on_easy, HARD * HARD_RIGHT, HARD * (1 - HARD_RIGHT)])
    world = worlds.Kinds(np.tile(kinds, (1000, 1)), 20)
    engine = engines.pairs(engines.paired_test(0.02, 0.06))

    def read(path: trials.Path) -> NDArray[np.bool_]:
        lost, won, both, neither, crashed_right, crashed_wrong = np.moveaxis(path, 2, 0)
        paired = np.stack([lost + crashed_right, both + neither + crashed_wrong, won], axis=2)
        answered = [neither + lost, both + won, neither + won + crashed_wrong, both + lost + crashed_right]
        z = gates.arm_z(np.stack(answered, axis=2))
        return np.stack([engine.ends(paired, ALPHA) != trials.NEVER, gates.naive_z(z, 1000)])

    ours, naive = trials.each_part(world, np.random.default_rng(seed), size.of(4000, 200), read)
    what = "crash on 3 % hard requests: a crash is wrong | accuracy of what was answered, z at each look"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]


def _five(seed: int, size: Size) -> list[Row]:
    """Five candidates, none better, compared with the current model on the same requests; is any promoted?"""
    repeats, rng, looks, step, found = size.of(4000, 200), np.random.default_rng(seed), 1000, 20, []
    engine, rates = engines.pairs(engines.paired_test(0.02, 0.06)), (combination.shared(ALPHA, CANDIDATES), ALPHA)
    for start in range(0, repeats, 100):
        right = rng.binomial(step, 0.8, (min(100, repeats - start), looks))
        any_of = np.zeros((2, len(right)), dtype=bool)
        for _ in range(CANDIDATES):
            wins, losses = rng.binomial(step - right, 0.03 / 0.2), rng.binomial(right, 0.03 / 0.8)
            path = np.stack([losses, step - wins - losses, wins], axis=2).cumsum(axis=1).astype(float)
            any_of |= np.stack([engine.ends(path, rate) != trials.NEVER for rate in rates])
        found.append(any_of)
    ours, naive = np.concatenate(found, axis=1)
    what = "five candidates on the same requests, any promoted: alpha shared | alpha each"

    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]
