"""The command: all rows of the benchmark, or some, full or quick.

    python -m dev.bench.pipeline [--quick] [--only ramp "late labels"] [--workers 2]

Tables on stdout, progress on stderr; ends with 1 where a row misses its target.
"""

import argparse
import resource
import sys
import time

from dev.bench.pipeline import running, table
from dev.bench.pipeline.claims import CLAIMS
from dev.bench.stats.measure import Size


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.pipeline", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a reduced version, in a minute")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names of claims, or parts of them")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    asked = parser.parse_args()
    began = time.monotonic()
    wanted = [claim for claim in CLAIMS if not asked.only or any(one in claim.name for one in asked.only)]
    lines = running.run(wanted, Size(asked.quick), asked.workers)
    missed = sum(not line.row.ok for line in lines)
    print(table.text(lines))
    print(
        f"\n{len(lines)} rows, {missed} missed, {time.monotonic() - began:.0f} s with {asked.workers} processes "
        f"({_processor_seconds():.0f} s of processor time); the clock of every trial is simulated"
    )
    return 1 if missed else 0


def _processor_seconds() -> float:
    each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in each)


if __name__ == "__main__":
    sys.exit(main())
