"""Samples -> rows: each figure as a ratio to bare Envoy, against its bar. Called by the command.

A ratio is taken between two routers in the same round, and what counts is the median over the rounds. How far it is off by chance is
learned in the same run: the logarithms of the ratios have a spread s (1.4826 times the median distance from their middle: the standard
deviation, were they normal, and blind to the few rounds in which the machine had other work), and the median of n has a standard error
of 1.2533 s / sqrt(n). Three of them are the noise. The bare Envoy that is measured twice tells it of two that are the same, each router's
own rounds tell it of that router; a bar is missed beyond bar times the larger of both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dev.bench.router import variants
from dev.bench.router.rounds import DIRECT, Samples
from dev.bench.stats.measure import CONFIDENCE, Measure, Row

NOISE = "bare Envoy against itself: the noise"
MOST_NOISE = 1.5
"""A machine with more of it has too much other work: bars are between 1 and 4."""

SURE = 3.0
"""Standard errors by which a bar is missed: one router in a thousand misses by chance one that it just meets."""

_NORMAL = 1.4826  # standard deviations in a median distance from the middle
_MEDIAN = 1.2533  # standard errors of a mean in one of a median


@dataclass(frozen=True, slots=True)
class Bars:
    """Ratios to bare Envoy that are not to be exceeded; None: it is told, and not judged.

    Attributes:
        p50: latency at the moderate rate.
        p99: latency at the moderate rate.
        cpu: per request at the moderate rate.
        flood_cpu: per request, as fast as it goes. The one worker of each Envoy is busy all the time then, so that its reciprocal
            is the bar of the throughput.
    """

    p50: float | None = None
    p99: float | None = None
    cpu: float | None = None
    flood_cpu: float | None = None


# As measured when the configuration was designed, with nginx behind a plain Envoy, 800 requests/s and then 4 connections (of figures
# measured twice the larger). Without a trial nothing may be measurable at the moderate rate; where Envoy alone is the limit, filters and
# log were 1.27. A canary whose answers nobody reads, and a candidate that serves, have no figures of their own: both do less than a
# canary that is read.
_OF_A_CANARY = Bars(1.59, 1.77, 1.95, 1.94)
BARS = {
    variants.UNTRIED.name: Bars(1.0, 1.0, 1.0, 1.27),
    variants.SHADOW.name: Bars(1.89, 2.45, 3.45, 3.98),
    variants.SHADOW_BY_HEADER.name: Bars(1.63, 2.03, 2.49, 3.02),
    variants.CANARY.name: _OF_A_CANARY,
    variants.CANARY_UNREAD.name: _OF_A_CANARY,
    variants.PROMOTED.name: _OF_A_CANARY,
    DIRECT: Bars(),
}

METRICS = {
    "p50": "p50 at the moderate rate",
    "p99": "p99 at the moderate rate",
    "cpu": "CPU per request at the moderate rate",
    "throughput": "throughput, saturated",
    "flood_cpu": "CPU per request, saturated",
}


def rows(samples: Samples, seed: int, most_noise: float) -> list[Row]:
    """For each figure the noise, then every router: rows whose `id` is the figure in words. No tolerance is wider than `most_noise`."""
    every = []
    for metric, words in METRICS.items():
        itself = ratios(samples, variants.AGAIN.name, metric)
        by_chance = noise(itself, 1.0)
        limit = most_noise if math.isfinite(most_noise) else None
        every.append(Row(words, NOISE, Measure(by_chance, 0.0, len(itself), seed), limit, digits=2))
        for name in BARS:
            among = ratios(samples, name, metric)
            tolerance = min(max(by_chance, noise(among, median(among))), most_noise)
            every.append(_row(metric, name, _measure(among, seed), tolerance))
    return every


def _row(metric: str, name: str, measure: Measure, tolerance: float) -> Row:
    floor = metric == "throughput"
    words, bar = METRICS[metric], getattr(BARS[name], "flood_cpu" if floor else metric)
    if bar is None:
        return Row(words, name, measure, digits=2)
    if floor:
        return Row(words, f"{name}: bar 1 / {bar:.4g}", measure, least=1 / (bar * tolerance), digits=2)
    return Row(words, f"{name}: bar {bar:.4g}", measure, most=bar * tolerance, digits=2)


def _measure(among: Sequence[float], seed: int) -> Measure:
    middle = median(among)
    half_width = middle * math.expm1(CONFIDENCE * _standard_error(among, middle))
    return Measure(middle, half_width, len(among), seed)


def ratios(samples: Samples, name: str, metric: str) -> list[float]:
    """A router's figure in terms of bare Envoy's, round by round."""
    pairs = zip(samples[name], samples[variants.BARE.name], strict=True)
    return [getattr(one, metric) / getattr(bare, metric) for one, bare in pairs]


def noise(among: Sequence[float], middle: float) -> float:
    """By which factor the median of these ratios may be off by chance, where they lie about that middle."""
    return math.exp(SURE * _standard_error(among, middle))


def _standard_error(among: Sequence[float], middle: float) -> float:
    """Of their median, on the scale of logarithms."""
    spread = _NORMAL * median(abs(math.log(ratio / middle)) for ratio in among)
    return _MEDIAN * spread / math.sqrt(len(among))
