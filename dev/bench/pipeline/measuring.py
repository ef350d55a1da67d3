"""Canaries of numbers: minutes of delay, and probabilities. Equal candidates, which must not be promoted, and better ones, which must be.

Read by `claims`. Units are scored by what each answer loses against what came true.
"""

from functools import partial
from typing import Any

import numpy as np

from dev.bench.pipeline import naive, specs
from dev.bench.pipeline.misleading import HOUR, SOON, hourly
from dev.bench.pipeline.trial import Scene
from dev.bench.pipeline.visits import Answers, Draw, Numbers, Value, Visits
from shadowlift.api.ledger import number_text

SIZE, LOOKS = 4000, 10
NUMBER = {"prediction": {"body": "answer", "type": "Number"}}
LOWEST, HIGHEST, CLOSE = -60.0, 180.0, 15.0
"""Minutes: the declared range, and how far off an answer may be to be a good one by the naive rule."""


def _canary(objective: dict[str, Any], draw: Draw, before: Draw) -> Scene:
    return Scene(
        spec=specs.canary({**objective, "outcome": specs.accuracy()["outcome"]}, ("50%", "10m"), **NUMBER),
        draw=draw,
        size=SIZE,
        spacing=LOOKS * HOUR / SIZE,
        looks=hourly(LOOKS + 1),
        steps=((500, SIZE),),
        before=(before, 400),
        naive=naive.at_each_look,
    )


def minutes(candidate: float, current: float) -> Scene:
    """Two processes that are so many minutes off, by the standard deviation."""
    objective = {"type": "AbsoluteError", "range": {"min": "-60", "max": "180"}, "targetLift": "1"}
    return _canary(objective, partial(_minutes, candidate, current), partial(_minutes, current, current))


def _minutes(candidate: float, current: float, rng: np.random.Generator, size: int) -> Visits:
    truth = np.clip(rng.normal(10.0, 30.0, size), LOWEST, HIGHEST)

    def answers(off: float) -> Answers:
        told = np.clip(truth + rng.normal(0.0, off, size), LOWEST, HIGHEST)
        return Answers(np.abs(told - truth) <= CLOSE, truth.tolist(), np.full(size, SOON), _said(told))

    return Visits(answers(candidate), answers(current), rng.random(size))


def _said(numbers: Numbers) -> list[Value]:
    """As a shipper tells them."""
    return [number_text(one) for one in numbers.tolist()]


def chances(candidate: float, current: float) -> Scene:
    """Two processes that know so much of each case: at 0 they say one half of all, at 1 they say what comes true."""
    objective = {"type": "Brier", "targetLift": "0.01"}
    return _canary(objective, partial(_chances, candidate, current), partial(_chances, current, current))


def _chances(candidate: float, current: float, rng: np.random.Generator, size: int) -> Visits:
    chance = rng.random(size)
    happens = rng.random(size) < chance

    def answers(knows: float) -> Answers:
        told: Numbers = 0.5 + knows * (chance - 0.5)
        return Answers((told > 0.5) == happens, happens.tolist(), np.full(size, SOON), _said(told))

    return Visits(answers(candidate), answers(current), rng.random(size))
