"""Where the programs of this room get their chance from: seeded, so that a result can be had again."""

import random

from shadowlift.stats.pairs import Chance


def seeded(seed: int) -> Chance:
    """Numbers in [0, 1), each as probable as another; the same for the same seed."""
    return random.Random(seed).random  # noqa: S311 - lots for imagined trials, no secret
