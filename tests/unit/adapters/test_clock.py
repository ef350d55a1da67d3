"""The one clock: unix seconds and a little chance."""

import time

from shadowlift.adapters.clock import SystemClock


def test_the_clock_is_the_machines():
    """Unix seconds in UTC, going on."""
    before = time.time()  # noqa: TID251 - what the clock is compared with
    now = SystemClock().now()
    assert before <= now <= before + 60


def test_chance_is_a_part_of_one():
    """In [0, 1), and not always the same."""
    seen = {SystemClock().jitter() for _ in range(100)}
    assert all(0 <= value < 1 for value in seen)
    assert len(seen) > 50
