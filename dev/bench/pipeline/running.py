"""Claims -> trials over processes -> rows.

Called by the command and by the tests. A trial's chance depends on its claim and its number alone, so that neither the number of
processes nor their pace changes a figure.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from statistics import fmean

from dev.bench.pipeline.claims import CLAIMS, Claim
from dev.bench.pipeline.ledger import Ledger
from dev.bench.pipeline.trial import End, Trial
from dev.bench.stats.measure import Row, Size

AT_ONCE = 10
"""Trials that a process does before it reports."""


@dataclass(frozen=True)
class Line:
    """A row, and what its trials were like."""

    row: Row
    requests: float  # that counted, of one trial, on average
    mature: float
    ends: str


def tried(claim: Claim, numbers: range) -> list[End]:
    """The ends of some trials, on a ledger of their own."""
    scene = claim.scene()
    with Ledger.opened() as ledger:
        return [Trial(scene, ledger, (claim.seed, number)).run() for number in numbers]


def read(claim: Claim, ends: Sequence[End]) -> list[Line]:
    """What they say."""
    kinds = Counter(end.kind for end in ends)
    said = ", ".join(f"{kind} {count / len(ends):.0%}" for kind, count in kinds.most_common())
    requests, mature = fmean(end.looks[-1].requests for end in ends), fmean(end.mature for end in ends)
    return [Line(row, requests, mature, said) for row in claim.read(ends, claim.seed)]


def run(claims: Sequence[Claim], size: Size, workers: int) -> list[Line]:
    """Try the claims; a line on stderr for each one that is done."""
    ends: dict[str, dict[int, list[End]]] = {claim.name: {} for claim in claims}
    done: dict[str, list[Line]] = {}
    began = time.monotonic()
    for claim, numbers, some in _tried(claims, size, workers):
        mine = ends[claim.name]
        mine[numbers.start] = some
        if sum(map(len, mine.values())) < _trials(claim, size):
            continue
        lines = done[claim.name] = read(claim, [end for start in sorted(mine) for end in mine[start]])
        missed = [line.row.what for line in lines if not line.row.ok]
        said = f"MISS {'; '.join(missed)}" if missed else "ok"
        print(
            f"[{len(done):2}/{len(claims)}] {time.monotonic() - began:6.1f} s  {claim.name}: {said}",
            file=sys.stderr,
            flush=True,
        )
    return [line for claim in claims for line in done[claim.name]]


def _tried(claims: Sequence[Claim], size: Size, workers: int) -> Iterator[tuple[Claim, range, list[End]]]:
    parts = [
        (claim, range(start, min(_trials(claim, size), start + AT_ONCE)))
        for claim in claims
        for start in range(0, _trials(claim, size), AT_ONCE)
    ]
    if workers == 1:
        yield from ((claim, numbers, tried(claim, numbers)) for claim, numbers in parts)
        return
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(_tried_by_name, claim.name, numbers): (claim, numbers) for claim, numbers in parts}
        yield from ((*running[one], one.result()) for one in as_completed(running))


def _tried_by_name(name: str, numbers: range) -> list[End]:
    """A claim as a process can be told of it."""
    return tried(next(claim for claim in CLAIMS if claim.name == name), numbers)


def _trials(claim: Claim, size: Size) -> int:
    return size.of(claim.full, claim.quick)
