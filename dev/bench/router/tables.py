"""Samples and rows -> text: what each router took, and the ratios to bare Envoy against their bars. Called by the command."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles

from dev.bench.markdown import table
from dev.bench.router.rounds import Sample, Samples
from dev.bench.stats.measure import Row

_FIGURES: dict[str, Callable[[Sample], float]] = {
    "p50 us": lambda sample: sample.p50,
    "p99 us": lambda sample: sample.p99,
    "CPU us/request": lambda sample: sample.cpu,
    "saturated: requests/s": lambda sample: sample.throughput,
    "CPU us/request ": lambda sample: sample.flood_cpu,
    "cores": lambda sample: sample.busy,
}


def figures(samples: Samples) -> str:
    """Medians over the rounds, and the quartiles."""
    lines = [
        [name, *(_median(list(map(figure, each)), name=head) for head, figure in _FIGURES.items())]
        for name, each in samples.items()
    ]
    return table(["router", *_FIGURES], lines)


def ratios(rows: Sequence[Row]) -> str:
    """Every row."""
    head = ["ratio to bare Envoy", "router", "target", "reached", "+-", "seed", "rounds", ""]
    return table(head, [_line(row) for row in rows])


def _median(values: list[float], name: str) -> str:
    digits = 2 if name == "cores" else 0
    low, _, high = quantiles(values, n=4) if len(values) > 1 else values * 3
    return f"{median(values):,.{digits}f} ({low:,.{digits}f}-{high:,.{digits}f})"


def _line(row: Row) -> list[str]:
    target = f"<= {row.most:.2f}" if row.most is not None else f">= {row.least:.2f}" if row.least is not None else "-"
    measure = row.measure
    reached = [f"{measure.value:.{row.digits}f}", f"{measure.half_width:.{row.digits}f}" if measure.half_width else "-"]
    return [row.id, row.what, target, *reached, str(measure.seed), str(measure.replications), row.said]
