"""Whole trials of two arms with seeded chance: the promises as a user meets them, at every look.

The reference case: a success rate of 10 %, target one point more, 100,000 users, a look after each 100.
"""

import functools
import math
import statistics

import numpy as np
import pytest

from shadowlift.stats import arms, events
from shadowlift.stats.arm_counts import ArmEvents, ArmUnits
from shadowlift.stats.epochs import Epoch, Epochs
from shadowlift.stats.sample_ratio import ERROR_RATE, SampleRatio
from tests.simulation.canary import Gate, Stretch, first_crossings

ALPHA = 0.05
LOOKS, STEP = 1000, 100
BETS = arms.planned_bets(0.0, 0.01, 0.1 * 0.9)

pytestmark = pytest.mark.timeout(60)  # seconds of a quiet machine are minutes of a busy one


def tolerated(rate: float, repeats: int) -> float:
    """A rate, and three standard errors of its measurement."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / repeats)


@pytest.mark.parametrize(("alpha", "weight", "least"), [(0.05, 500, 0.015), (0.05, 100, 0.01), (0.01, 500, 0.001)])
def test_an_equal_candidate_is_seldom_promoted(alpha: float, weight: int, least: float) -> None:
    """1,000 looks: at most alpha + 3 standard errors; and not never, or the engine would be dead, not careful."""
    repeats, stretch = 2000, Stretch(weight, 0.1, [0.1] * LOOKS, [0.1] * LOOKS, STEP)
    ends = first_crossings(np.random.default_rng(20_271), [stretch], Gate(BETS, 0.0, alpha), repeats)
    promoted = sum(end is not None for end in ends) / repeats
    print(f"A/A alpha {alpha} weight {weight}: {promoted:.4f}")
    assert least <= promoted <= tolerated(alpha, repeats)


@pytest.mark.parametrize(
    ("weight", "rates", "users"),
    [(500, (0.10, 0.11), 28_451), (100, (0.80, 0.82), 31_860), (500, (0.01, 0.012), 78_000)],
)
def test_the_target_lift_is_proven_in_time(weight: int, rates: tuple[float, float], users: int) -> None:
    """Always proven, after about so many users on average (within 15 %)."""
    before, after = rates
    step = users // 300
    stretch = Stretch(weight, before, [after] * 1500, [before] * 1500, step)
    bets = arms.planned_bets(0.0, after - before, before * (1 - before))
    ends = first_crossings(np.random.default_rng(20_272), [stretch], Gate(bets, 0.0, ALPHA), 400)
    proven = [step * end for end in ends if end is not None]
    print(f"{rates} weight {weight}: mean {statistics.fmean(proven):.0f}, median {statistics.median(proven):.0f}")
    assert len(proven) >= 0.995 * len(ends)
    assert statistics.fmean(proven) == pytest.approx(users, rel=0.15)


def ramp(baseline: float | None, lift: float, step: int = STEP) -> list[Stretch]:
    """5, 25, 50 % of the users while the rate of both arms drifts from 8 to 12 %."""
    drift = np.linspace(0.08, 0.12, 3 * 300)
    thirds = [drift[start : start + 300] for start in (0, 300, 600)]
    return [
        Stretch(weight, baseline, rates + lift, rates, step)
        for weight, rates in zip((50, 250, 500), thirds, strict=True)
    ]


@pytest.mark.parametrize("baseline", [0.1, None])
def test_a_ramp_with_better_outcomes_promotes_nobody(baseline: float | None) -> None:
    """Equal arms, fixed or learned baseline; pooled, the same counts are a proof of lift in nearly every trial (Simpson)."""
    repeats, rng = 1000, np.random.default_rng(20_273)
    ends = first_crossings(rng, ramp(baseline, 0.0), Gate(BETS, 0.0, ALPHA), repeats)
    promoted = sum(end is not None for end in ends) / repeats
    print(f"Simpson baseline {baseline}: {promoted:.4f}")
    assert 0.005 <= promoted <= tolerated(ALPHA, repeats)
    pooled = sum(rng.multinomial(STEP, stretch.chances()).sum(axis=0) for stretch in ramp(0.1, 0.0))
    one, two = pooled[1] / (pooled[0] + pooled[1]), pooled[3] / (pooled[2] + pooled[3])
    error = math.sqrt(one * (1 - one) / (pooled[0] + pooled[1]) + two * (1 - two) / (pooled[2] + pooled[3]))
    assert (one - two) / error > 4


def test_a_lift_is_still_found_on_a_ramp() -> None:
    """One point better all the way, 60,000 users at each weight: proven in nearly every trial, with learned baselines."""
    ends = first_crossings(np.random.default_rng(20_274), ramp(None, 0.01, 200), Gate(BETS, 0.0, ALPHA), 300)
    proven = sum(end is not None for end in ends) / len(ends)
    print(f"ramp with a lift of one point: {proven:.3f}")
    assert proven >= 0.95


HARM_BETS = events.planned_bets(1.0, 1.5)


@functools.cache
def fewest_harmful(weight: int, most: int = 1000) -> list[int]:
    """For each number of events, how many of the candidate's prove harm."""
    lines, mine = [], 0
    for n in range(most):
        while mine <= n and not is_harmful(mine, n - mine, weight):
            mine += 1
        lines.append(mine)
    return lines


def is_harmful(candidate: int, current: int, weight: int) -> bool:
    seen = Epochs((Epoch(0, weight, 0.0, ArmEvents(candidate, current)),))
    return events.wealth(seen, HARM_BETS, 1.0).rejects(ALPHA)


def first_harm(rng: np.random.Generator, ratio: float, requests: int, step: int = 50) -> int | None:
    """The request at which harm was proven first, at base 1 % and a weight of 10 %, looking every `step` requests; None if never."""
    arms_of = rng.multinomial(
        step, [0.1 * 0.01 * ratio, 0.9 * 0.01, 1 - 0.1 * 0.01 * ratio - 0.9 * 0.01], requests // step
    )
    for look, (mine, theirs, _) in enumerate(arms_of.cumsum(axis=0).tolist(), 1):
        if mine >= fewest_harmful(100)[mine + theirs]:
            return step * look
    return None


def test_twice_the_errors_are_found_with_few_requests() -> None:
    """Base 1 %, 10 % of the requests: half of the trials know after at most 11,500 requests, 1,150 of them the candidate's."""
    rng = np.random.default_rng(20_275)
    ends = [first_harm(rng, 2.0, 60_000) for _ in range(400)]
    found = [end for end in ends if end is not None]
    print(f"harm x2: median {statistics.median(found):.0f}, found {len(found) / len(ends):.3f}")
    assert len(found) >= 0.99 * len(ends)
    assert statistics.median(found) <= 11_500


def test_the_same_errors_are_seldom_called_harmful() -> None:
    """1,000 looks over 50,000 requests."""
    rng, repeats = np.random.default_rng(20_276), 1000
    called = sum(first_harm(rng, 1.0, 50_000) is not None for _ in range(repeats)) / repeats
    print(f"harm A/A: {called:.4f}")
    assert 0.01 <= called <= tolerated(ALPHA, repeats)


def is_off(candidate: int, n: int, weight: int) -> bool:
    return SampleRatio(Epochs((Epoch(0, weight, 0.0, ArmUnits(candidate, n - candidate)),))).rejects(ERROR_RATE)


@functools.cache
def not_off(weight: int, looks: int, step: int) -> np.ndarray:
    """For each look the fewest and the most units of the candidate with which the sample ratio is let be; E is convex in them."""
    lines = []
    for n in range(step, step * looks + 1, step):
        least, most = round(n * weight / 1000), round(n * weight / 1000)
        near = lines[-1] if lines else (least, most)
        least, most = min(least, near[0]), max(most, near[1])
        while least < n and is_off(least, n, weight):
            least += 1
        while least > 0 and not is_off(least - 1, n, weight):
            least -= 1
        while most < n and not is_off(most + 1, n, weight):
            most += 1
        lines.append((least, most))
    return np.array(lines).T


@pytest.mark.parametrize("weight", [500, 100])
def test_a_sample_as_designed_is_seldom_called_off(weight: int) -> None:
    """200 looks over 100,000 users at an error rate of 0.001: at most 0.003."""
    rng, repeats, step, looks = np.random.default_rng(20_277), 4000, 500, 200
    least, most = not_off(weight, looks, step)
    seen = rng.binomial(step, weight / 1000, (repeats, looks)).cumsum(axis=1)
    off = ((seen < least) | (seen > most)).any(axis=1).mean()
    print(f"sample ratio A/A weight {weight}: {off:.4f}")
    assert off <= 0.003


def test_a_sample_that_loses_one_in_fifty_is_called_off() -> None:
    """51 : 49 in place of half and half: half of the trials know after at most 55,000 users."""
    rng, step, looks = np.random.default_rng(20_278), 500, 200
    least, most = not_off(500, looks, step)
    seen = rng.binomial(step, 0.51, (1000, looks)).cumsum(axis=1)
    off = (seen < least) | (seen > most)
    first = np.where(off.any(axis=1), off.argmax(axis=1) + 1, looks + 1)
    print(f"sample ratio 51:49: median {step * np.median(first):.0f}")
    assert step * np.median(first) <= 55_000
