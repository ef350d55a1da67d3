"""Lines and outcomes that get lost on the way: a trial that does not see everything holds, and says why.

Read by `claims`.
"""

import math
from functools import partial

import numpy as np

from dev.bench.pipeline import misleading, naive, specs
from dev.bench.pipeline.misleading import HOUR, MINUTE, SOON, converting, hourly
from dev.bench.pipeline.trial import Scene, anew
from dev.bench.pipeline.visits import Answers, Draw, Visits, said, yes_or_no

MANY, AT_ONCE = 16_000, 1000


def dropped(draw: Draw) -> Scene:
    """Half of many users are the candidate's; all of them come before the first outcome counts."""
    exposed = tuple(HOUR * look for look in range(1, MANY // AT_ONCE + 1))
    return Scene(
        spec=specs.canary(specs.reward("24h"), ("50%", "10m")),
        draw=draw,
        size=MANY,
        spacing=HOUR / AT_ONCE,
        looks=(*exposed, *(24 * HOUR + MINUTE + exposed[look] for look in (1, 3, 7, 15))),
        steps=((500, MANY),),
        before=(partial(converting, 0.10, 0.10), 200),
        naive=naive.at_each_look_of_what_is_told,
    )


def all_told() -> Scene:
    """A candidate that is better, and no line is lost: what the next two would be."""
    return dropped(partial(converting, 0.16, 0.10))


def one_in_ten_lost() -> Scene:
    """A candidate that is better; a router loses one in ten lines of its users."""
    return dropped(partial(_losing, 0.16, 0.10, 0.0))


def failures_lost() -> Scene:
    """A candidate that is not better; a router loses as many lines, all of users who did not convert."""
    return dropped(partial(_losing, 0.10, 0.10, 1.0))


def _losing(candidate: float, current: float, choosing: float, rng: np.random.Generator, size: int) -> Visits:
    """One in ten of the candidate's lines is lost: any, or one of a user who did not convert."""
    visits = converting(candidate, current, rng, size)
    any_of_them, failures = 0.1, 0.1 / (1 - candidate)
    chance = np.where(
        visits.candidate.won, any_of_them * (1 - choosing), any_of_them + choosing * (failures - any_of_them)
    )
    return Visits(visits.candidate, visits.current, visits.chance, lost=rng.random(size) < chance)


BACK = 14
"""The look at which a router that was not heard of is back."""


def silent() -> Scene:
    """A candidate that is better; one of two routers is not heard of for a while, and then sends all that it kept."""
    return anew(_better(), routers=2, blocked=(0.0, BACK * HOUR))


def silent_for_ever() -> Scene:
    """The same, and it stays away."""
    return anew(_better(), routers=2, blocked=(0.0, math.inf))


def losing_on() -> Scene:
    """A candidate that is better; the routers lose a line now and then, and say so."""
    return anew(_better(), losing=True)


def _better() -> Scene:
    return anew(
        misleading.better_arm(),
        spec=specs.canary(specs.reward(), ("50%", "10m")),
        size=5000,
        steps=((500, 5000),),
    )


def labels_by_arm() -> Scene:
    """No lift; half of the candidate's errors are never told, and the spec says that outcomes are missing at random."""
    return Scene(
        spec=specs.canary(specs.accuracy(missing="AtRandom"), ("50%", "10m")),
        draw=_errors_untold,
        size=4800,
        spacing=HOUR / 400,
        looks=hourly(13),
        steps=((500, 4800),),
        naive=naive.known_only,
    )


def _errors_untold(rng: np.random.Generator, size: int) -> Visits:
    right, truth, soon = rng.random(size) < 0.8, rng.random(size) < 0.5, np.full(size, SOON)
    untold = ~right & (rng.random(size) < 0.5)
    outcomes = yes_or_no(truth)
    told = [None if hidden else outcome for hidden, outcome in zip(untold.tolist(), outcomes, strict=True)]
    values = said(right, truth)
    return Visits(Answers(right, told, soon, values), Answers(right, outcomes, soon, values), rng.random(size))


def labels_by_answer() -> Scene:
    """No lift; where current said no and was right, most outcomes are never told, and the spec says that they are missing at random."""
    return Scene(
        spec=specs.shadow(specs.accuracy(missing="AtRandom", target="0.01")),
        draw=_losses_untold,
        size=5000,
        spacing=HOUR / 250,
        looks=hourly(21),
        naive=naive.known_pairs_only,
    )


def _losses_untold(rng: np.random.Generator, size: int) -> Visits:
    visits = misleading.pairs(np.zeros(1), rng, size)
    values = visits.current.values or []
    said_no = np.array([value == "no" for value in values])
    untold = said_no & visits.current.won & (rng.random(size) < 0.7)
    outcomes = zip(visits.current.outcomes, untold.tolist(), strict=True)
    told = [None if hidden else outcome for outcome, hidden in outcomes]
    candidate, current = visits.candidate, visits.current
    return Visits(
        Answers(candidate.won, told, candidate.delays, candidate.values),
        Answers(current.won, told, current.delays, current.values),
        visits.chance,
    )
