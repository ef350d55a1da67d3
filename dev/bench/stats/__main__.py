"""The command: all rows of the benchmark, or some, full or quick.

    python -m dev.bench.stats [--quick] [--only B1 B5 3.7] [--workers 2]

Tables on stdout, progress on stderr; ends with 1 where a row misses its target.
"""

import argparse
import sys
import time

from dev.bench.stats import jobs, tables
from dev.bench.stats.measure import Size


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.stats", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a reduced version, in a minute or so")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="ids of benchmarks")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    asked = parser.parse_args()
    began = time.monotonic()
    wanted = [job for job in jobs.all_jobs() if not asked.only or any(one in job.id for one in asked.only)]
    rows = jobs.run(wanted, Size(asked.quick), asked.workers)
    missed = sum(not row.ok for row in rows)
    print(tables.text(rows))
    print(f"\n{len(rows)} rows, {missed} missed, {time.monotonic() - began:.0f} s with {asked.workers} processes")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
