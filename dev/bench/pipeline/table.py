"""Rows -> text: two tables in Markdown, which is readable as it is. Called by the command."""

from collections.abc import Sequence

from dev.bench.markdown import table
from dev.bench.pipeline.running import Line
from dev.bench.stats.measure import Measure, Row

Cells = list[str]


def text(lines: Sequence[Line]) -> str:
    """What misleads, with the naive rule beside ours; then all other rows."""
    misled, others = (
        [line for line in lines if (line.row.naive is not None) is is_misled] for is_misled in (True, False)
    )
    tables = []
    if misled:
        head = ["id", "no candidate is better: ours", "naive", "naive rate", "promoted", *_TAIL]
        tables.append(table(head, [_misled(line) for line in misled]))
    if others:
        tables.append(table(["id", "what", "reached", *_TAIL], [_other(line) for line in others]))
    return "\n\n".join(tables)


_TAIL = ["+-", "target", "seed", "trials", "requests", "mature", "ended", ""]


def _misled(line: Line) -> Cells:
    ours, naive = line.row.what.split(" | ")
    rate = f"{line.row.naive.value:.3f}" if line.row.naive else "-"
    return [line.row.id, ours, naive, rate, *_figures(line)]


def _other(line: Line) -> Cells:
    return [line.row.id, line.row.what, *_figures(line)]


def _figures(line: Line) -> Cells:
    row, measure = line.row, line.row.measure
    figures = [_number(row, measure.value), _number(row, measure.half_width), row.target, str(measure.seed)]
    return [*figures, _count(measure), f"{line.requests:,.0f}", f"{line.mature:,.0f}", line.ends, row.said]


def _number(row: Row, value: float) -> str:
    return f"{value:,.{row.digits}f}"


def _count(measure: Measure) -> str:
    return f"{measure.replications:,}"
