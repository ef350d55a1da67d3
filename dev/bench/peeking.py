"""What looking again and again costs a p-value, and what it costs an e-value: `python -m dev.bench.peeking`. Seconds.

Two processes that are equally often right: accuracy alike, 6 % disagreement, 20,000 requests. How often is a lift "proven" at one of k
evenly spaced looks, by a one-sided z-test of 5 % at each look, and by the engine's e-process at alpha 0.05? Read by
`docs/explanation/statistics.md`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from shadowlift.stats.terms import PairedTest, Rates

REQUESTS, DISAGREEMENT, ALPHA, TARGET = 20_000, 0.06, 0.05, 0.02
PEEKS = 1000
TRIALS = 4000
SEED = 20_273
Z = 1.6448536269514722  # the upper 5 % of a normal distribution


def counts() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wins and losses of each trial at each of the looks."""
    chance, step = np.random.default_rng(SEED), REQUESTS // PEEKS
    disagreed = chance.binomial(step, DISAGREEMENT, (TRIALS, PEEKS))
    wins = chance.binomial(disagreed, 0.5)
    return np.cumsum(wins, axis=1), np.cumsum(disagreed - wins, axis=1)


def z_proves(wins: NDArray[np.int64], losses: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The classical test of the mean difference, at each look by itself."""
    n = np.arange(1, PEEKS + 1) * (REQUESTS // PEEKS)
    spread = np.sqrt(np.maximum(wins + losses - (wins - losses) ** 2 / n, 1))
    return np.asarray((wins - losses) / spread >= Z)


def e_proves(wins: NDArray[np.int64], losses: NDArray[np.int64], target: float) -> NDArray[np.bool_]:
    """The engine's bets, planned for this target; agreements leave them where they are."""
    test = PairedTest.planned(minimum_lift=0.0, target_lift=target, rates=Rates(ALPHA), second_moment=DISAGREEMENT)
    log_e = np.full(wins.shape, -np.inf)
    for fraction, log_weight in zip(test.bets.fractions, test.bets.log_weights, strict=True):
        log_e = np.logaddexp(log_e, log_weight + wins * math.log1p(fraction) + losses * math.log1p(-fraction))
    return np.asarray(log_e >= -math.log(ALPHA))


def main() -> None:
    """Measure and print, as Markdown."""
    wins, losses = counts()
    print(
        "| looks | z-test at each look | e-process | e-process, target four times too small |\n| --- | --- | --- | --- |"
    )
    every = (z_proves(wins, losses), e_proves(wins, losses, TARGET), e_proves(wins, losses, TARGET / 4))
    for looks in (1, 10, 100, 1000):
        shares = [proven[:, PEEKS // looks - 1 :: PEEKS // looks].any(axis=1).mean() for proven in every]
        print(f"| {looks:,} | {' | '.join(f'{share:.3f}' for share in shares)} |")


if __name__ == "__main__":
    main()
