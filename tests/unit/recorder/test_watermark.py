"""How far a trial's lines are complete."""

import pytest

from shadowlift.recorder.watermark import FOREVER, NEVER, Gap, RouterState, barrier, may_have_lost, watermark

AT_5, AT_9, NEW = RouterState(5, silent=False), RouterState(9, silent=False), RouterState(None, silent=False)
LOST, NEVER_SEEN = RouterState(1, silent=True), RouterState(None, silent=True)


@pytest.mark.parametrize(
    ("routers", "mark", "before"),
    [
        ([AT_5, AT_9], 5, 5),
        ([AT_9, LOST], 9, 9),
        ([AT_9, NEVER_SEEN], 9, 9),
        ([AT_9, NEW], None, NEVER),
        ([NEW], None, NEVER),
        ([LOST], None, FOREVER),
        ([NEVER_SEEN, LOST], None, FOREVER),
        ([], None, FOREVER),
    ],
)
def test_watermark_waits_for_every_router_that_is_not_silent(
    routers: list[RouterState], mark: int | None, before: int
) -> None:
    """The slowest router holds closing back; a new one holds it until heard; without any, time alone decides."""
    assert (watermark(routers), barrier(routers)) == (mark, before)


@pytest.mark.parametrize(
    ("low", "gaps", "lost"),
    [
        (11, [], False),
        (10, [], True),
        (None, [], True),
        (11, [Gap(10, 10)], True),
        (11, [Gap(0, 9), Gap(11, 20)], False),
        (11, [Gap(3, None)], True),
    ],
)
def test_a_missing_line_is_the_routers_fault(low: int | None, gaps: list[Gap], lost: bool) -> None:
    """It is where a gap covers the request's start (here 10), or where the router has not said that it sent everything."""
    assert may_have_lost(low, gaps, 10) is lost
