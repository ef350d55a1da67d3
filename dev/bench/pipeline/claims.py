"""What is claimed: a scene, how often it is tried, and the rows that its ends are read as.

Read by `running`, in this order, and by the tests, which try some of them a few times.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dev.bench.pipeline import guarding, losing, measuring, misleading
from dev.bench.pipeline.specs import ALPHA
from dev.bench.pipeline.trial import End, Scene
from dev.bench.stats.measure import Row, mean, quantile, share, tolerated

MOST, ENOUGH = 0.065, 400
"""The target of the statistics for a rate of 0.05, and the trials that are enough to hold a row to it; fewer are held to three standard
errors of their own above that rate."""

FEW = 100
"""Trials below which a median only informs."""

LEAST = 0.95
"""Of the trials of a candidate that is much better."""

FACTOR = 1.5
"""By how much requests until harm may exceed the figures of the statistics, in which bets and threshold are known."""

Read = Callable[[Sequence[End], int], list[Row]]
"""The ends of all trials, and the seed that they were drawn with."""


@dataclass(frozen=True)
class Claim:
    """A claim.

    Attributes:
        name: for the line that says it is done, and to ask for it.
        scene: makes the kind of trial.
        seed: the first part of each trial's; its number is the second.
        full: trials.
        quick: of the reduced version.
        read: what they say.
    """

    name: str
    scene: Callable[[], Scene]
    seed: int
    full: int
    quick: int
    read: Read


def promoted(what: str, ends: Sequence[End], seed: int) -> list[Row]:
    """No candidate is better: the share that is promoted, beside the naive rule's."""
    return [replace(row, most=_most(len(ends))) for row in told(what, ends, seed)]


def told(what: str, ends: Sequence[End], seed: int) -> list[Row]:
    """The same without a target."""
    naive = share([end.naive for end in ends], seed)
    return [Row("B10", what, share([end.promoted for end in ends], seed), naive=naive)]


def worse(what: str, ends: Sequence[End], seed: int) -> list[Row]:
    """The candidate is worse, and is shown as worse."""
    return [Row("B10", what, mean([end.lift for end in ends], seed), most=0.0)]


def lifted(what: str, ends: Sequence[End], seed: int) -> list[Row]:
    """The candidate is better, and that is found."""
    return [Row("B10", what, share([end.promoted for end in ends], seed), least=LEAST)]


def found(what: str, most: float | None, ends: Sequence[End], seed: int) -> list[Row]:
    """Requests until a guardrail's harm is a record."""
    each = [end.looks[-1].requests if _accused(end) else math.inf for end in ends]
    return [
        Row("B8", f"{what}: median requests", quantile(each, 0.5, seed), most if len(ends) >= FEW else None, digits=0)
    ]


def accused(what: str, ends: Sequence[End], seed: int) -> list[Row]:
    """An equal candidate: the share that is called harmful, and requests until it is known to be safe."""
    safe = [next((look.requests for look in end.looks if "Safe" in look.guardrails), math.inf) for end in ends]
    return [
        Row("B8", f"{what}: called harmful", share([_accused(end) for end in ends], seed), _most(len(ends))),
        Row("B8", f"{what}: known to be safe, median requests", quantile(safe, 0.5, seed), digits=0),
    ]


def held(what: str, reason: str, ends: Sequence[End], seed: int, *, least: float = LEAST) -> list[Row]:
    """The share that ends with this reason to hold; and nobody may be promoted after a look that said so."""
    broken = [end.promoted and any(look.reason == reason for look in end.looks) for end in ends]
    return [
        Row("B10", f"{what}: held, {reason}", share([end.reason == reason for end in ends], seed), least=least),
        Row("B10", f"{what}: promoted after that was said", share(broken, seed), most=0.0),
    ]


def returned(what: str, back: int, ends: Sequence[End], seed: int) -> list[Row]:
    """Nobody is promoted before a look, and then the lift is found."""
    early = [end.promoted and len(end.looks) < back for end in ends]
    silent = [all(look.reason == "RouterSilent" for look in end.looks[: back - 1]) for end in ends]
    return [
        Row("B10", f"{what}: RouterSilent at every look while it is", share(silent, seed), least=1.0),
        Row("B10", f"{what}: promoted meanwhile", share(early, seed), most=0.0),
        Row("B10", f"{what}: promoted once it is back", share([end.promoted for end in ends], seed), least=LEAST),
    ]


def _most(trials: int) -> float:
    return MOST if trials >= ENOUGH else tolerated(ALPHA, trials)


def _accused(end: End) -> bool:
    return (end.kind, end.reason) == ("Rejected", "Guardrail")


def both(*reads: Read) -> Read:
    """The rows of each."""
    return partial(_both, reads)


def _both(reads: Sequence[Read], ends: Sequence[End], seed: int) -> list[Row]:
    return [row for read in reads for row in read(ends, seed)]


def _misled(number: int, name: str, scene: Callable[[], Scene], what: str) -> Claim:
    return Claim(name, scene, 21_000 + number, ENOUGH, 10, partial(promoted, what))


MISLEADING = (
    _misled(1, "ramp", partial(misleading.ramp, 0.08, 0.12),
            "ramp 5-25-50 % while rates drift 8-12 % | pooled z at the end"),
    _misled(2, "steep ramp", partial(misleading.ramp, 0.1, 0.4),
            "the same ramp, rates drift 10-40 % | pooled z at the end"),
    _misled(3, "late labels", misleading.late_labels,
            "shadow: wins are known after 1 h, losses after 48 h | counted as they come"),
    _misled(4, "faster converter", misleading.faster,
            "candidate's users convert sooner, not oftener | counted as they come"),
    _misled(5, "sticky users", partial(misleading.sticky, keyed=False),
            "users of 20 requests each, steps of 25 and 50 %, outcomes by request | one per request"),
    _misled(10, "sticky users, by name", partial(misleading.sticky, keyed=True),
            "the same, one outcome for each user | one per request"),
    Claim("crash", misleading.crashing, 21_006, ENOUGH, 10,
          both(partial(promoted, "canary: crash on 3 % hard requests | accuracy of what was answered, z at each look"),
               partial(worse, "canary: crash on 3 % hard requests, lift as status shows it (of what was answered: +0.0155)"))),
    Claim("crash in shadow", misleading.crashing_in_shadow, 21_007, ENOUGH, 10,
          both(partial(promoted, "shadow: the same crash | accuracy of what was answered, z at each look"),
               partial(worse, "shadow: the same crash, lift as status shows it (of what was answered: +0.0155)"))),
    Claim("too long", misleading.unread, 21_013, 100, 4,
          partial(promoted, "canary: wrong answers too long to read, 1.8 % of its answers | accuracy of what was read, z at each look")),
    Claim("too long in shadow", misleading.unread_in_shadow, 21_014, 100, 4,
          partial(promoted, "shadow: wrong answers too long to read, 0.9 % of all | accuracy of what was read, z at each look")),
    _misled(15, "five candidates", misleading.five,
            "shadow: five candidates on the same requests, any of them | our test of each, at the whole rate"),
    _misled(16, "minutes", partial(measuring.minutes, 20.0, 20.0),
            "canary: minutes, two processes as far off | z of how many are close, at each look"),
    _misled(17, "chances", partial(measuring.chances, 0.5, 0.5),
            "canary: probabilities, two processes that know as much | z of the better half, at each look"),
    _misled(8, "night first", misleading.night_first,
            "night, day: lift -+2 points, never above 0 on average | bets that follow the last 300 requests"),
    _misled(9, "day first", misleading.day_first,
            "day, night: lift +-2 points, a declared cycle | the same test, promoted when it is first proven"),
)  # fmt: skip

LIFTS = (
    Claim("true lift in shadow", misleading.better_pairs, 21_011, 100, 8,
          partial(lifted, "shadow: a true lift of 2 points is promoted")),
    Claim("true lift in canary", misleading.better_arm, 21_012, 100, 8,
          partial(lifted, "canary 10-50 %: a true lift of 6 points is promoted")),
    Claim("true lift in minutes", partial(measuring.minutes, 10.0, 20.0), 21_018, 100, 4,
          partial(lifted, "canary: minutes, 8 fewer of 16 off, is promoted")),
    Claim("true lift in chances", partial(measuring.chances, 1.0, -1.0), 21_019, 100, 4,
          partial(lifted, "canary: probabilities, one that knows beside one that is misled, is promoted")),
)  # fmt: skip

_WELL_KNOWN, _LEAST_KNOWN = 20_000, 2000
"""Answers of current before the candidate is met, from which its 99th percentile is known: many, and the fewest with which one begins."""

GUARDING = (
    Claim("slow", partial(guarding.slow, 1.2, 3700, 100, place=0.985, watched=_WELL_KNOWN), 21_021, 200, 6,
          partial(found, "p99 + 20 %, weight 0.5, a boundary just above a p99 that is well known", FACTOR * 2431)),
    Claim("slow, little known", partial(guarding.slow, 1.2, 8000, 200, place=0.95, watched=_LEAST_KNOWN), 21_022, 100, 4,
          partial(found, "p99 + 20 %, weight 0.5, p99 between two boundaries and as little known as may be", None)),
    Claim("equally slow", partial(guarding.slow, 1.0, 5000, 200, place=0.985, watched=_LEAST_KNOWN), 21_023, 400, 8,
          partial(accused, "p99 equal, weight 0.5, 20 % tolerated, 5,000 requests")),
    Claim("errors at 10 %", partial(guarding.failing, 2.0, 15_300, 300, weight=100), 21_024, 200, 4,
          partial(found, "errors 1 % x 2, weight 0.1", FACTOR * 10_164)),
    Claim("errors at 50 %", partial(guarding.failing, 2.0, 5900, 100, weight=500), 21_025, 200, 6,
          partial(found, "errors 1 % x 2, weight 0.5", FACTOR * 3900)),
    Claim("equal errors", partial(guarding.failing, 1.0, 5000, 200, weight=500, tolerated="100%"), 21_026, 400, 8,
          partial(accused, "errors equal, weight 0.5, twice as many tolerated, 5,000 requests")),
)  # fmt: skip

LOSING = (
    Claim("no line lost", losing.all_told, 21_031, 40, 2,
          partial(lifted, "16,000 users, a true lift, no line lost: promoted")),
    Claim("lines lost", losing.one_in_ten_lost, 21_032, 60, 2,
          partial(held, "the same, one in ten of the candidate's lines lost", "SampleRatio", least=0.9)),
    Claim("failures lost", losing.failures_lost, 21_033, 60, 2,
          both(partial(promoted, "no lift, one in ten of the candidate's lines lost, all failures | z of what was told, at each look"),
               partial(held, "no lift, as many lines lost, all failures", "SampleRatio", least=0.9))),
    Claim("blocked shipper", losing.silent, 21_034, 40, 3,
          partial(returned, "true lift, one of two routers silent for 13 looks", losing.BACK)),
    Claim("blocked for ever", losing.silent_for_ever, 21_035, 40, 3,
          partial(held, "true lift, one of two routers silent", "RouterSilent", least=1.0)),
    Claim("losing lines", losing.losing_on, 21_036, 40, 3,
          partial(held, "true lift, routers lose lines on and on", "LinesLost", least=1.0)),
    Claim("labels by arm", losing.labels_by_arm, 21_037, 200, 8,
          both(partial(promoted, "canary, AtRandom: half of the candidate's errors never told | z of what was told, at each look"),
               partial(held, "canary, AtRandom, half of the candidate's errors never told", "LabelsSelected", least=0.9))),
    Claim("labels by answer", losing.labels_by_answer, 21_038, 200, 4,
          partial(told, "shadow, AtRandom: most losses where current said no never told | our test of what was told")),
)  # fmt: skip

CLAIMS = (*MISLEADING, *LIFTS, *GUARDING, *LOSING)
