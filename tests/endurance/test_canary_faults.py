"""A candidate that breaks in mid-canary, in each way that takes a while to see through."""

import pytest

from tests.e2e.broken import break_canary
from tests.e2e.place import Place


@pytest.mark.parametrize("fault", ["hang", "crash", "refuse", "gone"])
def test_a_canary_that_breaks_loses_its_traffic_and_nobody_a_request(place: Place, fault: str):
    """It accepts and never answers; ends at each request; refuses each connection; has no endpoint."""
    break_canary(place, fault)
