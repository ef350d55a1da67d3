"""Numbers as people read them; `screen`, `plain` and `ending` write with these. Decimal text of the status comes in."""

import math

from shadowlift.api.status import Evidence


def number(text: str | None) -> float | None:
    """Decimal text as a number; None where there is none or it is not a finite one."""
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def points(text: str | None) -> str:
    """A lift as percentage points with its sign: `0.088` is `+8.8 %`; `?` for unknown."""
    value = number(text)
    return "?" if value is None else f"{100 * value:+.1f} %"


def count(n: int) -> str:
    """A count with thousands set apart."""
    return f"{n:,}"


def differences(seen: Evidence, candidate: str) -> str:
    """On how many cases only one of the two was right."""
    return f"only {candidate} right {count(seen.wins)} times, only the rules right {count(seen.losses)} times"


def evidence(text: str | None) -> str:
    """An e-value: short, also when it is huge."""
    value = number(text)
    if value is None:
        return text or "?"
    if value >= 1_000_000:
        power = math.floor(math.log10(value))
        return f"{math.floor(10 * value / 10**power) / 10:g}·10^{power}"
    return f"{value:,.0f}" if value >= 10_000 else f"{value:.3g}"


def progress(value: float | None, bar: float | None) -> float:
    """How far an e-value is on the way to its bar, on a log scale: 0 at 1 (no evidence), 1 at the bar."""
    if value is None or bar is None or value <= 1 or bar <= 1:
        return 0.0
    return min(1.0, math.log(value) / math.log(bar))


def filled(share: float, width: int) -> str:
    """A bar of block characters, `share` of it full."""
    full = round(max(0.0, min(1.0, share)) * width)
    return "█" * full + "░" * (width - full)


def interval(lower: float, estimate: float, upper: float, width: int) -> tuple[str, float]:
    """A line with zero, the interval and the estimate on it, and the value (symmetric) at its ends.

    `-----0--[==o===]---`: the scale grows so that the interval always fits.
    """
    reach = next((r for r in (0.1, 0.2, 0.5) if max(-lower, upper) <= r), 1.0)

    def place(value: float) -> int:
        return round((max(-reach, min(reach, value)) + reach) / (2 * reach) * (width - 1))

    line = ["─"] * width
    line[place(lower) : place(upper) + 1] = ["━"] * (place(upper) - place(lower) + 1)
    line[place(0.0)] = "┼"
    line[place(lower)], line[place(upper)] = "[", "]"
    line[place(estimate)] = "●"
    return "".join(line), reach
