"""Both kinds of model end with this: their two sums become what a candidate answers, so that all cut and round alike."""

import math
from typing import NamedTuple

from flights.features import cut

STEEPEST = 50.0
"""Log-odds beyond this are certainty to every printed digit, and `exp` must not overflow."""


class Foretold(NamedTuple):
    """What a process says of one flight; both finite whatever was asked."""

    minutes: float
    """Arrival delay, cut to the declared range, to a hundredth of a minute."""
    late_probability: float
    """That the flight arrives late, 0 to 1, to 6 decimals."""


def foretold(minutes: float, log_odds: float) -> Foretold:
    """The answer at this expected delay and these log-odds of being late."""
    odds = math.exp(-max(-STEEPEST, min(STEEPEST, log_odds)))
    return Foretold(round(cut(minutes), 2), round(1 / (1 + odds), 6))
