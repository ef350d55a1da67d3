"""The recorder's one clock. `run` passes it in; everything else takes the time as an argument."""

import time
from collections.abc import Callable

Clock = Callable[[], int]  # unix microseconds


def unix_microseconds() -> int:
    """Wall-clock time: rows and outcomes of other machines carry it too, so a monotonic clock would not do."""
    return time.time_ns() // 1_000
