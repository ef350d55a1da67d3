"""The training scripts learn from this: last season the shop showed offers by lot for a while, and logged what was bought.

Drawn from the same shoppers as the traffic, with another seed: no visitor of the traffic is in it. By lot, because otherwise
nobody could tell what an offer does from what those are like who were shown it.
"""

import random
from typing import Any, NamedTuple

from offers.features import OFFERS
from offers.shoppers import draw, spending

SEED = 2024
LOGGED = 8000


class Logged(NamedTuple):
    """One visit of last season."""

    features: dict[str, Any]
    shown: str
    spent: float  # currency units; 0: nothing was bought


def history(seed: int = SEED, logged: int = LOGGED) -> list[Logged]:
    """The log; the same seed gives the same one."""
    chance = random.Random(seed)
    return [_visit(chance) for _ in range(logged)]


def _visit(chance: random.Random) -> Logged:
    visitor, shown = draw(chance), chance.choice(OFFERS)
    return Logged(visitor, shown, spending(visitor, chance)[shown])
