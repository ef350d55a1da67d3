"""Outcomes that change with time: a weight that rises while they do, and a lift that swings between day and night.

Called by `adversarial.jobs`.
"""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, gates, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import Job, Row, Size, share
from shadowlift.stats import arms, combination
from tests.simulation import canary

MOST = 0.065
WEIGHTS = (50, 250, 500)
STRETCH, STEP = 300, 100
"""Looks at each weight, and users between two of them."""

ARM_BETS = arms.planned_bets(0.0, 0.01, 0.09)

CYCLE, SWING = 4000, 0.02
"""Requests of a day and a night, and the lift of either."""


def jobs() -> list[Job]:
    """All rows."""
    return [
        Job("3.7", "ramp, success rates", partial(_ramp, "known", 11_701)),
        Job("3.7", "ramp, learned baseline", partial(_ramp, "learned", 11_702)),
        Job("3.7", "ramp, errors", partial(_ramp_of_errors, 11_703)),
        Job("3.7", "night first", partial(_night_first, 11_704)),
        Job("3.7", "day first", partial(_day_first, 11_705)),
    ]


def _rates() -> list[NDArray[np.float64]]:
    """8 to 12 %, over three weights."""
    return np.split(np.linspace(0.08, 0.12, len(WEIGHTS) * STRETCH), len(WEIGHTS))


def _pooled(rng: np.random.Generator, repeats: int) -> NDArray[np.float64]:
    """Counts of whole ramps, weights thrown together."""
    parts = [worlds.arms(w, rate, rate, STRETCH, STEP) for w, rate in zip(WEIGHTS, _rates(), strict=True)]
    return np.sum([[rng.multinomial(STEP, one.chances).sum(axis=0) for _ in range(repeats)] for one in parts], axis=0)


def _ramp(baseline: str, seed: int, size: Size) -> list[Row]:
    """Score by epoch against z of the pooled counts, at one look at the end."""
    rng, repeats = np.random.default_rng(seed), size.of(4000, 200)
    known = 0.1 if baseline == "known" else None
    stretches = [canary.Stretch(w, known, r, r, STEP) for w, r in zip(WEIGHTS, _rates(), strict=True)]
    ends = canary.first_crossings(rng, stretches, canary.Gate(ARM_BETS, 0.0, ALPHA), repeats)
    naive = gates.arm_z(_pooled(rng, repeats).astype(float)) > gates.CRITICAL
    what = f"ramp 5-25-50 % while rates drift 8-12 %, {baseline} baseline | pooled z, one look at the end"
    return [Row("3.7", what, share([end is not None for end in ends], seed), MOST, naive=share(naive, seed))]


def _ramp_of_errors(seed: int, size: Size) -> list[Row]:
    """The same with errors: harm by epoch against z of the pooled error rates, at the end."""
    rng, repeats = np.random.default_rng(seed), size.of(4000, 200)
    engine, called = engines.harm(WEIGHTS), []
    for part in trials.chunks(worlds.arms(500, 0.1, 0.1, 3 * STRETCH, STEP), repeats):
        path = np.zeros((part, 3 * STRETCH, 6))
        for number, (weight, rate) in enumerate(zip(WEIGHTS, _rates(), strict=True)):
            drawn = worlds.arms(weight, rate, rate, STRETCH, STEP).draw(rng, part)[..., [1, 3]]
            first, kinds = number * STRETCH, slice(2 * number, 2 * number + 2)
            path[:, first : first + STRETCH, kinds] = drawn
            path[:, first + STRETCH :, kinds] = drawn[:, -1:]
        called.append(engine.ends(path, ALPHA) != trials.NEVER)
    naive = gates.arm_z(_pooled(rng, repeats).astype(float)) > gates.CRITICAL
    what = "the same ramp, errors: harm by epoch | pooled z of the error rates, at the end"
    return [Row("3.7", what, share(np.concatenate(called), seed), MOST, naive=share(naive, seed))]


def _swing(cycles: int, step: int, *, night_first: bool) -> worlds.Kinds:
    half = CYCLE // 2 // step
    night, day = np.full(half, -SWING), np.full(half, SWING)
    cycle = np.concatenate([night, day] if night_first else [day, night])
    return worlds.pairs(0.06, np.tile(cycle, cycles), 2 * half * cycles, step)


TEST = engines.paired_test(SWING, 0.06)
FORGET = 0.97
"""What is left, after a look of 10 requests, of the weight of what was seen before: about 300 requests are remembered."""


def _night_first(seed: int, size: Size) -> list[Row]:
    """The average lift so far is never above 0."""
    world, engine = _swing(10, 10, night_first=True), engines.pairs(TEST)

    def read(path: trials.Path) -> NDArray[np.bool_]:
        return np.stack([engine.ends(path, ALPHA) != trials.NEVER, forgetful(path, 10)])

    ours, naive = trials.each_part(world, np.random.default_rng(seed), size.of(4000, 200), read)
    what = "night, day: lift -+2 points, never above 0 on average | bets that follow the last 300 requests"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]


def forgetful(path: trials.Path, step: int) -> NDArray[np.bool_]:
    """Whether a bettor promotes who bets mean / mean square of what he remembers; valid for "no lift at any instant" only."""
    seen = np.diff(path, axis=1, prepend=0.0)
    mean, square, log_wealth = np.zeros(len(path)), np.full(len(path), 0.06), np.zeros(len(path))
    highest = log_wealth.copy()
    for losses, _, wins in np.moveaxis(seen, (1, 2), (0, 1)):
        bet = np.clip(mean / square, 0.0, 0.9)
        log_wealth += wins * np.log1p(bet) + losses * np.log1p(-bet)
        highest = np.maximum(highest, log_wealth)
        mean = FORGET * mean + (1 - FORGET) * (wins - losses) / step
        square = FORGET * square + (1 - FORGET) * (wins + losses + 0.01) / step
    return highest >= -math.log(ALPHA)


def _day_first(seed: int, size: Size) -> list[Row]:
    """In the long run there is no lift, but the first half of each cycle looks like one."""
    step = 20
    world, engine = _swing(10, step, night_first=False), engines.pairs(TEST)
    looks = np.arange(1, world.shape[0] + 1)
    at_end = np.array([combination.at_cycle_end(float(look * step), float(CYCLE), float(step)) for look in looks])

    def read(path: trials.Path) -> NDArray[np.bool_]:
        return np.stack([engine.ends(some, ALPHA) != trials.NEVER for some in (path[:, at_end], path)])

    ours, naive = trials.each_part(world, np.random.default_rng(seed), size.of(4000, 200), read)
    what = "day, night: lift +-2 points, looking at whole cycles | the same test, looking at any time"
    return [Row("3.7", what, share(ours, seed), MOST, naive=share(naive, seed))]
