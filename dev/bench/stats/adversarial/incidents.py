"""Errors that come in bursts: of both arms at once, and of each arm for itself with the same law.

Called by `adversarial.jobs`. Bursts of one arm break every test that counts errors singly, ours too: there the observation is a block of
requests, whose two error rates are one pair. It is valid and nearly without power, as the incidents are few; what protects from a
catastrophe is a limit that needs no statistics.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, gates, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import Job, Row, Size, share
from shadowlift.stats.scales import SIGNED

MOST = 0.065
STEPS, STEP, BLOCK = 4000, 100, 20
"""Steps of a trial, requests in one, and steps in a block."""

BASE, BURST = 0.01, 0.30
"""Error rate, and that of an incident."""

STARTS, LASTS = 1 / 400, 10.0
"""Chance of an incident to begin in a step, and how many steps it lasts on average."""


def jobs() -> list[Job]:
    """Both rows."""
    return [
        Job("3.7", "bursts of both arms", partial(_together, 11_731)),
        Job("3.7", "bursts of each arm", partial(_apart, 11_732)),
    ]


def _rates(rng: np.random.Generator, repeats: int) -> NDArray[np.float64]:
    """Error rate by trial and step."""
    starts, stays = rng.random((repeats, STEPS)) < STARTS, rng.random((repeats, STEPS)) < 1 - 1 / LASTS
    incident = np.zeros((repeats, STEPS), dtype=bool)
    for step in range(1, STEPS):
        incident[:, step] = starts[:, step] | (incident[:, step - 1] & stays[:, step])
    return np.where(incident, BURST, BASE)


def _errors(rng: np.random.Generator, rates: tuple[NDArray, NDArray]) -> NDArray[np.int64]:
    """Requests without and with an error of either arm, by trial and step."""
    mine = rng.binomial(STEP, 0.5, rates[0].shape)
    units = (mine, STEP - mine)
    each = [rng.binomial(some, rate) for some, rate in zip(units, rates, strict=True)]
    return np.stack([units[0] - each[0], each[0], units[1] - each[1], each[1]], axis=2)


def _together(seed: int, size: Size) -> list[Row]:
    """Both arms suffer at once: the ratio of their errors stays 1."""
    repeats, rng, found, engine = size.of(4000, 200), np.random.default_rng(seed), [], engines.harm([500])
    for start in range(0, repeats, 50):
        rates = _rates(rng, min(50, repeats - start))
        path = _errors(rng, (rates, rates)).cumsum(axis=1).astype(float)[:, 3::4]
        naive = gates.naive_z(gates.arm_z(path), 1000)
        found.append(np.stack([engine.ends(path[..., [1, 3]], ALPHA) != trials.NEVER, naive]))
    ours, naive = np.concatenate(found, axis=1)
    what = "incidents of both arms at once: harm by events | z of the error rates at each look"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]


def _apart(seed: int, size: Size) -> list[Row]:
    """Each arm has its own incidents: in the long run as many."""
    repeats, rng, found, singly = size.of(4000, 200), np.random.default_rng(seed), [], engines.harm([500])
    blocks = engines.differences(engines.paired_test(0.02, 0.003))
    for start in range(0, repeats, 50):
        size_ = min(50, repeats - start)
        errors = _errors(rng, (_rates(rng, size_), _rates(rng, size_)))
        path = errors.cumsum(axis=1).astype(float)[:, 3::4, [1, 3]]
        by_block = blocks.ends(_blocks(rng, errors), ALPHA)
        found.append(np.stack([by_block != trials.NEVER, singly.ends(path, ALPHA) != trials.NEVER]))
    ours, naive = np.concatenate(found, axis=1)
    what = "incidents of each arm: harm by blocks of 2,000 requests | harm by events, counted singly"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]


def _blocks(rng: np.random.Generator, errors: NDArray[np.int64]) -> trials.Path:
    """For each block how much larger the candidate's error rate was, as one pair."""
    repeats = len(errors)
    each = errors.reshape(repeats, STEPS // BLOCK, BLOCK, 4).sum(axis=2)
    places = worlds.placed(rng, gates.arm_better(each).ravel(), SIGNED)
    return worlds.by_look(places, (repeats, STEPS // BLOCK, 1), len(SIGNED))
