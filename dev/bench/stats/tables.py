"""Rows -> text: the benchmarks, the misleading data, and the rules side by side. Called by the command."""

from collections.abc import Iterable, Sequence

from dev.bench.markdown import table
from dev.bench.stats.measure import Measure, Row

Cells = list[str]


def text(rows: Sequence[Row]) -> str:
    """All tables, in Markdown, which is readable as it is."""
    main = [row for row in rows if row.id.startswith("B")]
    misled = [row for row in rows if row.id == "3.7"]
    sections = [_benchmarks(main)] if main else []
    sections += [_misled(misled)] if misled else []
    columns = [row for row in rows if row.column]
    return "\n\n".join(sections + ([_side_by_side(columns)] if columns else []))


def _benchmarks(rows: Sequence[Row]) -> str:
    head = ["id", "what", "target", "reached", "+-", "seed", "replications", ""]
    ordered = sorted(rows, key=lambda row: int(row.id[1:]))
    return table(head, [[row.id, row.what, row.target, *_figures(row), row.said] for row in ordered])


def _misled(rows: Iterable[Row]) -> str:
    head = ["no candidate is better: ours", "naive", "naive rate", "ours", "+-", "target", "seed", "replications", ""]
    lines = []
    for row in rows:
        ours, naive = row.what.split(" | ")
        value, width, seed, replications = _figures(row)
        rate = f"{row.naive.value:.3f}" if row.naive else "-"
        lines.append([ours, naive, rate, value, width, row.target, seed, replications, row.said])
    return table(head, lines)


def _side_by_side(rows: Sequence[Row]) -> str:
    columns, names = (list(dict.fromkeys(each)) for each in ([row.column for row in rows], [row.what for row in rows]))
    found = {(row.what, row.column): row.measure for row in rows}
    lines = [[name, *(_with_error(found.get((name, column))) for column in columns)] for name in names]
    return table(["promoted by", *columns], lines)


def _with_error(measure: Measure | None) -> str:
    return "-" if measure is None else f"{measure.value:.3f} +-{measure.half_width:.3f}"


def _figures(row: Row) -> Cells:
    measure = row.measure
    shown = [f"{measure.value:,.{row.digits}f}", f"{measure.half_width:,.{row.digits}f}" if measure.half_width else "0"]
    if 0 < measure.value < 0.1**row.digits:
        shown[0] = f"{measure.value:.1e}"
    drawn = ["exact" if measure.replications is None else f"{measure.replications:,}"]
    return [*shown, "-" if measure.seed is None else str(measure.seed), *drawn]
