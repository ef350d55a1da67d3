"""B14: pairs against arms on the same traffic: each request is seen by both tests, which learn different things of it.

Called by `jobs`. In the shadow both models answer every request and their correctness is compared pair by pair; in the canary each
request is one user, who is given to one model, and only that one's answer is known.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dev.bench.stats import engines, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.measure import CONFIDENCE, Job, Measure, Row, Size, mean
from shadowlift.stats import arms

ACCURACY, LIFT, DISAGREEMENT, WEIGHT = 0.80, 0.02, 0.06, 500
SEED = 11_400
LOOKS, STEP = 4000, 20
LEAST = 9.0

SHADOW_OF = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]] * 2)
"""Both wrong, only current right, only the candidate right, both right (of the candidate's arm, then of the other)
-> losses, ties, wins."""

CANARY_OF = np.array(
    [[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]]
)
"""The same -> failures and successes of the arm that the request was given to."""


def jobs() -> list[Job]:
    """One."""
    return [Job("B14", "pairs and arms on the same requests", _run)]


def _traffic() -> worlds.Kinds:
    win, loss = (DISAGREEMENT + LIFT) / 2, (DISAGREEMENT - LIFT) / 2
    kinds = np.array([1 - ACCURACY - win, loss, win, ACCURACY - loss])
    share = WEIGHT / 1000
    return worlds.Kinds(np.tile(np.concatenate([share * kinds, (1 - share) * kinds]), (LOOKS, 1)), STEP)


def _run(size: Size) -> list[Row]:
    repeats = size.of(3000, 200)
    bets = arms.planned_bets(0.0, LIFT, ACCURACY * (1 - ACCURACY))
    canary = engines.successes(bets, [(WEIGHT, ACCURACY)])
    shadow = engines.pairs(engines.paired_test(LIFT, DISAGREEMENT))

    def ends(path: trials.Path) -> NDArray:
        return np.stack([shadow.ends(path @ SHADOW_OF, ALPHA), canary.ends(path @ CANARY_OF, ALPHA)])

    found = trials.each_part(_traffic(), np.random.default_rng(SEED), repeats, ends)
    pairs, users = np.where(found == trials.NEVER, math.inf, found * STEP)
    return [
        Row("B14", "canary / shadow requests to proof, mean, disagreement 0.06", _ratio(users, pairs), least=LEAST, digits=2),
        Row("B14", "... shadow requests, mean", mean(pairs, SEED), digits=0),
        Row("B14", "... canary requests, mean, weight 0.5", mean(users, SEED), digits=0),
    ]  # fmt: skip


def _ratio(users: NDArray[np.float64], pairs: NDArray[np.float64]) -> Measure:
    """The ratio of the means; its error by the delta method, the trials being the same."""
    ratio = float(users.mean() / pairs.mean())
    rest = (users - ratio * pairs) / pairs.mean()
    return Measure(ratio, CONFIDENCE * float(rest.std(ddof=1)) / math.sqrt(users.size), users.size, SEED)
