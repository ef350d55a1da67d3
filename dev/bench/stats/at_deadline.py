"""B5: a trial with an end, at 1.25 times the observations of a classical test: its power, its mean length, its false promotions.

Called by `jobs`. Promotion by the e-process is looked for after every request; at the end `verdict.rule` decides, with its exact test.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dev.bench.stats import engines, sample_size, trials, worlds
from dev.bench.stats.engines import ALPHA
from dev.bench.stats.false_promotion import proven
from dev.bench.stats.measure import Job, Row, Size, exact, mean, share, tolerated
from shadowlift.stats import deadline
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.terms import DEADLINE_SHARE, Rates
from shadowlift.stats.verdict import Case, Verdict, rule

DISAGREEMENT, TARGET = 0.06, 0.02
TEST = engines.paired_test(TARGET, DISAGREEMENT, Rates(ALPHA, deadline_share=DEADLINE_SHARE))
FIXED = sample_size.pairs(DISAGREEMENT, TARGET).fixed
REQUESTS = round(1.25 * FIXED)
LEAST, SEED = 0.79, 10_500


def jobs() -> list[Job]:
    """With the lift, and without."""
    return [Job("B5", name, partial(run, lift)) for name, lift in (("lift", TARGET), ("no lift", 0.0))]


def run(lift: float, size: Size) -> list[Row]:
    """The trials of one lift."""
    repeats = size.of(20_000, 1000)
    world, rng = worlds.pairs(DISAGREEMENT, lift, REQUESTS, 1), np.random.default_rng(SEED)
    promoted, length, whole = trials.each_part(world, rng, repeats, _ends)
    computed = exact(_probability(lift))
    if not lift:
        return [
            Row("B5", "deadline: promoted without a lift", share(promoted, SEED), most=tolerated(ALPHA, repeats)),
            Row("B5", "... computed", computed, most=ALPHA),
        ]
    return [
        Row("B5", "deadline: power", share(promoted, SEED), least=LEAST),
        Row("B5", "... computed", computed, least=LEAST),
        Row("B5", "deadline: E[n] / fixed n", mean(length, SEED, FIXED), most=1.05, digits=3),
        Row("B5", "deadline: power with the stops for harm and futility", share(whole, SEED)),
    ]


def _probability(lift: float) -> float:
    """Of a promotion, by going through all numbers of disagreements and of wins among them."""
    come, fewest, promoted = (DISAGREEMENT + lift) / (2 * DISAGREEMENT), 0, 0.0
    alive, crossed = np.ones(1), 0.0  # probabilities of 0, 1, ... wins without a promotion so far
    for n in range(REQUESTS // 4):
        while fewest <= n and not proven(TEST.bets, TEST.rates.at_any_look, PairedCounts(fewest, n - fewest)):
            fewest += 1
        crossed += float(alive[fewest:].sum())
        alive[fewest:] = 0.0
        passes = [
            deadline.sign_test(PairedCounts(wins, n - wins)) <= TEST.rates.at_the_deadline for wins in range(n + 1)
        ]
        promoted += float(stats.binom.pmf(n, REQUESTS, DISAGREEMENT)) * (crossed + float(alive[passes].sum()))
        alive = np.append(alive * (1 - come), 0.0) + np.append(0.0, alive * come)
    return promoted


def _ends(path: trials.Path) -> NDArray[np.float64]:
    """For each trial: promoted, requests, and promoted although it may have been given up before."""
    by_process = engines.pairs(TEST).ends(path, TEST.rates.at_any_look)
    at_end = np.array([_promoted_at_the_end(counts[-1].astype(int).tolist()) for counts in path])
    promoted = (by_process != trials.NEVER) | at_end
    length = np.where(by_process == trials.NEVER, REQUESTS, by_process)
    return np.stack([promoted, length, promoted & (_given_up(path) > length)]).astype(float)


def _promoted_at_the_end(amounts: list[int]) -> bool:
    counts = engines.right_and_wrong(amounts)
    return rule(Case(TEST, counts, counts, last=True)).verdict is Verdict.PROMOTE


def _given_up(path: trials.Path) -> NDArray[np.float64]:
    """The request at which harm or futility was found; infinite if neither was."""
    harm = engines.of_pairs(TEST.harm_bets, 0.0, mirrored=True).ends(path, TEST.rates.harm)
    futile = engines.of_pairs(TEST.harm_bets, -TEST.target_lift, mirrored=True).ends(path, TEST.rates.futility)
    return np.minimum(*(np.where(ends == trials.NEVER, np.inf, ends) for ends in (harm, futile)))
