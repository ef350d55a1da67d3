"""Tables in Markdown, which are readable as they are. Used by all benchmarks."""

from collections.abc import Sequence


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """One line for each row, the columns as wide as their widest cell."""
    widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
    body = [head, ["-" * width for width in widths], *lines]
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in body)
