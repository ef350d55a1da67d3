"""All routers in turn, again and again, each time in an order drawn anew -> samples of each. Called by the command and by tests.

What disturbs the machine for seconds falls on all alike, and a ratio is taken within its round. In the end each router is asked whether
it did what its name says.
"""

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from dev.bench.router import load
from dev.bench.router.stand import Program, Stand

DIRECT = "no Envoy at all"
LINES_TOLERANCE = 0.01  # of the requests: some are under way when a connection ends


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        rounds: in which every router has its turn.
        steady_seconds: at the moderate rate.
        flood_seconds: as fast as it goes.
        rate: requests per second that are moderate: a third of what the dearest router can.
        connections: while it goes as fast as it can; enough to keep one worker busy, as when the bars were measured.
    """

    rounds: int
    steady_seconds: float
    flood_seconds: float
    rate: int = 800
    connections: int = 4


FULL = Size(rounds=14, steady_seconds=1.2, flood_seconds=0.5)
QUICK = Size(rounds=4, steady_seconds=0.5, flood_seconds=0.2)


@dataclass(frozen=True, slots=True)
class Sample:
    """One router in one round; times in microseconds.

    Attributes:
        p50: latency at the moderate rate.
        p99: latency at the moderate rate.
        cpu: of the process, per request at the moderate rate.
        throughput: requests per second, as fast as it goes.
        flood_cpu: of the process, per request, as fast as it goes.
        busy: cores that it used then.
    """

    p50: float
    p99: float
    cpu: float
    throughput: float
    flood_cpu: float
    busy: float


Samples = dict[str, list[Sample]]
"""By the name of the router, in the order of the rounds."""


def measure(stand: Stand, size: Size, seed: int, tell: Callable[[str], None]) -> Samples:
    """Samples of every router, and of the process behind them without one.

    Raises:
        load.Broken: a router did not answer, or did not do what it is for.
    """
    draw, programs = random.Random(seed), [*stand.routers, stand.behind]
    samples: Samples = {DIRECT if program is stand.behind else program.name: [] for program in programs}
    for number in range(1, size.rounds + 1):
        for program in draw.sample(programs, len(programs)):
            samples[DIRECT if program is stand.behind else program.name].append(_sample(program, size))
        tell(f"round {number} of {size.rounds}")
    for router in stand.routers:
        _check_lines(router)
    return samples


def _sample(program: Program, size: Size) -> Sample:
    program.forget_lines()
    try:
        steady = load.steady(program.port, size.rate, size.steady_seconds, program.cpu)
        flood = load.flood(program.port, size.connections, size.flood_seconds, program.cpu)
    except (load.Broken, OSError) as error:
        raise load.Broken(f"{program.name}: {error}") from error
    _check_answers(program, steady, flood)
    program.asked += steady.asked + flood.asked
    ordered = sorted(steady.latencies)
    return Sample(
        p50=ordered[len(ordered) // 2] / 1e3,
        p99=ordered[len(ordered) * 99 // 100] / 1e3,
        cpu=steady.cpu / len(ordered) * 1e6,
        throughput=len(flood.latencies) / flood.seconds,
        flood_cpu=flood.cpu / len(flood.latencies) * 1e6,
        busy=flood.cpu / flood.seconds,
    )


def _check_answers(program: Program, *slices: load.Slice) -> None:
    """The candidate answers as many as it shall, within four standard deviations of a fair draw."""
    asked = sum(one.asked for one in slices)
    share = sum(one.by_candidate for one in slices) / asked
    meant = program.variant.candidate if program.variant else 0.0
    if abs(share - meant) > 2 / math.sqrt(asked):
        raise load.Broken(f"{program.name}: the candidate answered {share:.3f} of the requests, not {meant}")


def _check_lines(router: Program) -> None:
    """It wrote a line for each request and each copy, and they hold what is to be read; a copy that was shed counts."""
    variant = router.variant
    if variant is None or variant.intent is None:
        return
    reading = asyncio.run(router.reading())
    lines, meant = reading.given + reading.shed, router.asked * variant.lines
    if abs(lines - meant) > LINES_TOLERANCE * router.asked:
        raise load.Broken(f"{router.name}: {lines} lines and copies shed in place of {meant}")
    if variant.lines:
        router.wait_for(lambda: router.last_line() is not None, "writes its log")
        line = router.last_line()
        held = line and (line.body is not None, line.pred is not None)
        if held != (variant.prediction.body is not None, variant.prediction.header is not None):
            raise load.Broken(f"{router.name}: its lines hold the wrong things: {line}")
