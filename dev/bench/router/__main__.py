"""The command: all routers side by side, full or quick.

    python -m dev.bench.router [--quick] [--seed 1] [--polite]

Tables on stdout, progress on stderr; ends with 1 where a row misses its target, and with 2 where nothing was measured.
"""

import argparse
import math
import os
import signal
import sys
import time
from types import FrameType

from dev.bench.router import judge, load, rounds, stand, tables, variants


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.router", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="a reduced version, within a minute: shows that all of it works"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the order within each round")
    parser.add_argument("--polite", action="store_true", help="take no priority over other work on this machine")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    began = time.monotonic()
    priority = not asked.polite and _take_priority()
    try:
        with stand.running(variants.ALL) as routers:
            size = rounds.QUICK if asked.quick else rounds.FULL
            samples = rounds.measure(routers, size, asked.seed, lambda said: print(said, file=sys.stderr, flush=True))
    except load.Broken as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing is left running", file=sys.stderr)
        return 130
    every = judge.rows(samples, asked.seed, math.inf if asked.quick else judge.MOST_NOISE)
    missed = sum(not row.ok for row in every)
    print(f"{tables.figures(samples)}\n\n{tables.ratios(every)}\n")
    how = "before other work" if priority else "beside other work"
    loaded = f"{how}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{len(every)} rows, {missed} missed, {time.monotonic() - began:.0f} s, {loaded}")
    return 1 if missed else 0


def _take_priority() -> bool:
    """Go before all other work, with every process that is started from here; whether that is allowed (root).

    Else each wait in the queue of a busy machine would be measured as latency. The kernel leaves others a twentieth of each second.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    return True


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
