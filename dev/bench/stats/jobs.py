"""All rows, and the processes that make them.

Called by the command and by the test of its quick form; turns a size into rows, in the order of the families.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from dev.bench.stats import (
    adversarial,
    at_deadline,
    bounds,
    counting,
    exactness,
    false_promotion,
    gates,
    guards,
    pairing,
    sample_size,
    speed,
)
from dev.bench.stats.measure import Job, Row, Size

FAMILIES = (
    false_promotion,
    sample_size,
    at_deadline,
    bounds,
    guards,
    counting,
    exactness,
    speed,
    pairing,
    gates,
    adversarial,
)


def all_jobs() -> list[Job]:
    """Everything that is measured."""
    return [job for family in FAMILIES for job in family.jobs()]


def run(jobs: Sequence[Job], size: Size, workers: int) -> list[Row]:
    """Run the jobs, those that time something last and alone; a line on stderr for each one that is done."""
    done: dict[int, list[Row]] = {}
    began = time.monotonic()
    for place, rows in _finished(jobs, size, workers):
        done[place] = rows
        missed = [row.what for row in rows if not row.ok]
        said = f"MISS {'; '.join(missed)}" if missed else "ok"
        line = f"[{len(done):3}/{len(jobs)}] {time.monotonic() - began:6.1f} s  {jobs[place].id} {jobs[place].what}: {said}"
        print(line, file=sys.stderr, flush=True)
    return [row for place in sorted(done) for row in done[place]]


def _finished(jobs: Sequence[Job], size: Size, workers: int) -> Iterator[tuple[int, list[Row]]]:
    timing = {place for place, job in enumerate(jobs) if job.id == "B13"}
    others = [place for place in range(len(jobs)) if place not in timing]
    if workers == 1:
        yield from ((place, jobs[place].run(size)) for place in others)
    else:
        with ProcessPoolExecutor(workers) as pool:
            # Those of continuous values take longest, and are begun first.
            order = sorted(others, key=lambda place: not _is_long(jobs[place]))
            running = {pool.submit(jobs[place].run, size): place for place in order}
            yield from ((running[one], one.result()) for one in as_completed(running))
    yield from ((place, jobs[place].run(size)) for place in sorted(timing))


def _is_long(job: Job) -> bool:
    return any(word in job.what for word in ("loss", "revenue", "exact", "incident", "bursts", "pairs and arms"))
