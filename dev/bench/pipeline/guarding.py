"""Guardrails: requests until harm is found, and how often it is found where there is none.

Read by `claims`. Nothing matures while the candidate is shared, so the guardrail alone can end a trial; it is the only one of its
ModelDeployment and has the whole harm rate for itself.
"""

from functools import partial

import numpy as np

from dev.bench.pipeline import specs
from dev.bench.pipeline.trial import Scene, anew
from dev.bench.pipeline.visits import Answers, Visits
from shadowlift.stats.threshold import LADDER

SPREAD = 0.5
"""Deviation of the logarithm of an answer's time."""

P99 = 2.3263
"""Standard normal quantile."""

BOUNDARY = LADDER[70]
"""Of the histogram in which times are counted, in microseconds: about a fifth of a second."""

SECOND = 1.0


def slow(slower: float, size: int, step: int, *, place: float, watched: int) -> Scene:
    """The candidate takes so many times as long; current's 99th percentile lies at so much of a boundary of the histogram."""
    guard = {"name": "slow", "type": "Latency", "maxIncrease": "20%"}
    before = (partial(_timed, 1.0, place), watched)
    return anew(_guarded(guard, 500, size, step), draw=partial(_timed, slower, place), before=before)


def failing(ratio: float, size: int, step: int, *, weight: int, tolerated: str = "20%") -> Scene:
    """The candidate fails so many times as often as current, which fails once in a hundred requests."""
    guard = {"name": "errors", "type": "ErrorRate", "maxIncrease": tolerated}
    before = (partial(_failing, 1.0), 300)
    return anew(_guarded(guard, weight, size, step), draw=partial(_failing, ratio), before=before)


def _guarded(guard: dict[str, str], weight: int, size: int, step: int) -> Scene:
    """A look after each so many requests; what is asked is told by the caller."""
    return Scene(
        spec=specs.canary(specs.reward("24h"), (f"{weight // 10}%", "10m"), guardrails=[guard]),
        draw=partial(_failing, 1.0),
        size=size,
        spacing=SECOND,
        looks=tuple(SECOND * requests for requests in range(step, size + 1, step)),
        steps=((weight, size),),
    )


def _timed(slower: float, place: float, rng: np.random.Generator, size: int) -> Visits:
    median = BOUNDARY * place * np.exp(-SPREAD * P99)
    time = median * np.exp(SPREAD * rng.standard_normal(size))
    won, outcomes, soon = _some_convert(rng, size)
    arms = [Answers(won, outcomes, soon, us=(time * factor).astype(int)) for factor in (slower, 1.0)]
    return Visits(arms[0], arms[1], rng.random(size))


def _failing(ratio: float, rng: np.random.Generator, size: int) -> Visits:
    chance = rng.random(size)
    won, outcomes, soon = _some_convert(rng, size)
    arms = [Answers(won, outcomes, soon, failed=chance < 0.01 * factor) for factor in (ratio, 1.0)]
    return Visits(arms[0], arms[1], rng.random(size))


def _some_convert(rng: np.random.Generator, size: int) -> tuple[np.ndarray, list[float | None], np.ndarray]:
    """A tenth of them; known only when nothing hangs on it any more."""
    won = rng.random(size) < 0.1
    return won, [1.0 if one else None for one in won.tolist()], np.full(size, 86_000.0)
