"""The engine against numpy and scipy: distributions, sums and root finders that were written by others."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from shadowlift.stats import arms, events, paired, rate, sample_ratio
from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits, RateCounts
from shadowlift.stats.bets import log_grid
from shadowlift.stats.counts import Differences, PairedCounts, Rewards
from shadowlift.stats.deadline import sign_test
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.scales import UNSIGNED

BETS = arms.planned_bets(0.0, 0.01, 0.09)


@pytest.mark.parametrize("weight", [1, 50, 500, 999])
@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (500, 520), (3, 4000), (10**6, 10**6)])
def test_the_sample_ratio_is_scipys_dirichlet_multinomial(weight: int, counts: tuple[int, int]) -> None:
    """Its likelihood over that of the design; the number of orders cancels."""
    design = np.array([weight, 1000 - weight]) / 1000
    learned = stats.dirichlet_multinomial.logpmf(counts, sample_ratio.PRIOR_STRENGTH * design, sum(counts))
    expected = learned - stats.multinomial.logpmf(counts, sum(counts), design)
    found = sample_ratio.SampleRatio(Epochs((Epoch(0, weight, 0.0, ArmUnits(*counts)),))).log_e_value
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("weight", [50, 500, 950])
@pytest.mark.parametrize("null", [1.0, 1.2, 0.5])
@pytest.mark.parametrize("counts", [(0, 3), (7, 0), (60, 41), (3000, 2500)])
def test_events_are_scipys_binomial_likelihood_ratio(weight: int, null: float, counts: tuple[int, int]) -> None:
    """Of each alternative over the null, given the number of events."""
    bets, share = events.planned_bets(null, 1.5 * null), weight / 1000

    def log_likelihood(ratio: float) -> float:
        return stats.binom.logpmf(counts[0], sum(counts), share * ratio / (share * ratio + 1 - share))

    wealth = events.wealth(Epochs((Epoch(0, weight, 0.0, ArmEvents(*counts)),)), bets, null)
    expected = [log_likelihood(null * (1 + fraction)) - log_likelihood(null) for fraction in bets.fractions]
    assert wealth.logs == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_likeliest_ratio_is_scipys_maximum() -> None:
    """Over three weights together."""
    each = [(50, 7, 90), (250, 40, 80), (500, 33, 21)]
    epochs = Epochs(tuple(Epoch(n, weight, 0.0, ArmEvents(*counts)) for n, (weight, *counts) in enumerate(each)))

    def minus_log_likelihood(log_ratio: float) -> float:
        odds = [weight / (1000 - weight) * math.exp(log_ratio) for weight, _, _ in each]
        return -sum(stats.binom.logpmf(x, x + y, odd / (1 + odd)) for odd, (_, x, y) in zip(odds, each, strict=True))

    best = optimize.minimize_scalar(minus_log_likelihood, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10})
    assert events.estimate(epochs) == pytest.approx(math.exp(best.x), rel=1e-5)


def test_a_rate_is_numpys_product_of_bets() -> None:
    """One factor for each unit."""
    bets, outcomes = rate.planned_bets(0.3, 0.4), np.random.default_rng(1).random(500) < 0.4
    factors = 1 + np.outer(bets.fractions, outcomes - 0.3)
    expected = np.log(bets.weights @ factors.prod(axis=1))
    found = rate.wealth(RateCounts(500, int(outcomes.sum())), bets, 0.3).log_e_value
    assert found == pytest.approx(expected, rel=1e-9)


def row_by_row(rng: np.random.Generator, weight: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Arms and rewards, on the scale of the counts, of n units."""
    arm = rng.random(n) < weight / 1000
    places = np.minimum(rng.geometric(0.08, n) + 2 * arm, 64)
    return arm, places


def counted(arm: np.ndarray, places: np.ndarray) -> ArmRewards:
    sides = (np.bincount(places[arm == side], minlength=65) for side in (True, False))
    return ArmRewards(*(Rewards(tuple(map(int, amounts))) for amounts in sides))


@pytest.mark.parametrize("reference", [0.0, 0.02, -0.05])
def test_rewards_are_numpys_sums_over_rows(reference: float) -> None:
    """E-value, estimate and variance of two epochs, from every unit's own score."""
    rng, epochs, scores, weights = np.random.default_rng(2), Epochs(), [], []
    for number, (weight, baseline) in enumerate(((50, 0.1), (500, 0.02))):
        arm, places = row_by_row(rng, weight, 2000)
        epochs += Epochs((Epoch(number, weight, baseline, counted(arm, places)),))
        scores.append((np.array(UNSIGNED)[places] - baseline) * (arm - weight / 1000))
        weights.append(np.full(2000, weight / 1000 * (1 - weight / 1000)))
    score, overlap = np.concatenate(scores), np.concatenate(weights)
    logs = np.log1p(np.outer(BETS.fractions, score - overlap * reference)).sum(axis=1)
    expected = np.logaddexp.reduce(logs + np.log(BETS.weights))
    assert arms.log_e_value(epochs, BETS, reference) == pytest.approx(expected, rel=1e-9)
    assert arms.estimate(epochs) == pytest.approx(score.sum() / overlap.sum(), rel=1e-9)
    assert arms.variance(epochs) == pytest.approx((score**2).sum() / overlap.sum(), rel=1e-9)


@pytest.mark.parametrize("lift", [-0.05, 0.0, 0.05])
def test_the_estimate_is_right_on_average_and_as_spread_as_planned(lift: float) -> None:
    """2,000 ramps 5 -> 50 % with a trend: the mean is the lift, and the variance is `variance` / information, both ways."""
    rng, found, spread = np.random.default_rng(3), [], []
    for _ in range(2000):
        ramp = []
        for number, (weight, current) in enumerate(((50, 0.2), (500, 0.4))):
            candidate = int(rng.binomial(1000, weight / 1000))
            successes = rng.binomial([candidate, 1000 - candidate], [current + lift, current])
            counts = ArmCounts(candidate, int(successes[0]), 1000 - candidate, int(successes[1]))
            ramp.append(Epoch(number, weight, 0.3, counts))
        epochs = Epochs(tuple(ramp))
        found.append(arms.estimate(epochs))
        spread.append(arms.variance(epochs) / arms.wealth(epochs, BETS, 0.0).information)
    assert abs(np.mean(found) - lift) < 4 * np.std(found) / math.sqrt(len(found))
    assert np.var(found) == pytest.approx(np.mean(spread), rel=0.12)


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (0, 9), (7, 3), (30, 30), (62, 34), (500, 430), (51_000, 50_000)])
def test_the_exact_look_is_scipys_binomial_test(counts: tuple[int, int]) -> None:
    """One-sided, of the wins among the disagreements."""
    wins, losses = counts
    expected = stats.binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue if sum(counts) else 1.0
    assert sign_test(PairedCounts(wins, losses, 100)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("reference", [0.0, 0.01, -0.02])
def test_losses_are_numpys_product_of_bets_pair_by_pair(reference: float) -> None:
    """One factor for each pair in its own order, not one for each point; and the bound is where scipy finds the root."""
    bets, places = log_grid(0.02, 0.05, 1 + max(reference, 0.0)), np.random.default_rng(4).integers(20, 50, 400)
    seen = Differences.from_json(
        {str(place): int(n) for place, n in zip(*np.unique(places, return_counts=True), strict=True)}
    )
    x = np.asarray(Differences.points)[places] - reference
    logs = np.log1p(np.outer(bets.fractions, x)).sum(axis=1)
    wealth = paired.wealth(seen, bets, reference)
    assert wealth.log_e_value == pytest.approx(np.logaddexp.reduce(np.log(bets.weights) + logs), rel=1e-9)

    def excess(mean: float) -> float:
        shrunk = logs - np.asarray(bets.fractions) * len(places) * (mean - reference)
        return float(np.logaddexp.reduce(np.log(bets.weights) + shrunk) - math.log(20))

    root = optimize.brentq(excess, -1.0, 1.0)
    assert wealth.lower_bound(0.05) == pytest.approx(root, abs=1e-6)
