"""The truth about the visitors: who comes, how likely each buys on which offer, and what is spent then. Pure, seeded, exact.

`history` and `traffic` draw from it, `story` asks it for the true effect of a whole process. No service and no model sees it.
It lies here, not beside the programs that send the traffic, because a family is trained and its story checked in a copy of
the folder `bentos` alone; the traffic gets its draws as a file, as that of the other families.
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offers.features import OFFERS

Visitor = Mapping[str, Any]
"""The features of one visit."""
Policy = Callable[[Visitor], str]
"""What a process shows to whom."""


@dataclass(frozen=True)
class Segment:
    """A kind of visitor: share of all, the basket as `least` and two dice from 0 to `die`, share on a phone."""

    share: float
    least: int
    die: int
    phones: float


KINDS = {
    "student": Segment(0.35, 5, 20, 0.75),
    "family": Segment(0.40, 20, 40, 0.5),
    "business": Segment(0.25, 25, 30, 0.3),
}
MOST_VISITS = 9
RETURNS = 0.6
"""Of those with some number of earlier visits, so many times fewer have one more."""

VALUE = {"free-shipping": 1.0, "discount": 0.85, "points": 1.0, "bundle": 1.15}
"""How the offer changes the value of an order: a discount lowers it, a bundle is more goods."""

LEAST, MOST = 0.7, 1.3
"""An order is worth the expected amount times a factor that is uniform between these; 100 is never reached."""


def purchase_probability(visitor: Visitor, offer: str) -> float:
    """That this visitor buys when shown this offer, 0 to 1.

    Small baskets want free shipping, students and newcomers a discount, those who come often and companies points, families
    with a full basket a bundle. Whom an offer does not suit it drives away.
    """
    basket, visits, segment = visitor["basket"], visitor["visits"], visitor["segment"]
    log_odds = {
        "free-shipping": -0.7 - 0.03 * (basket - 25) + 0.4 * (visitor["device"] == "phone"),
        "discount": -1.9 + 1.5 * (segment == "student") + 0.4 * (visits == 0),
        "points": -2.1 + 0.45 * min(visits, 4) + 0.7 * (segment == "business"),
        "bundle": -3.9 + 0.02 * (basket - 50) + 2.5 * (segment == "family"),
    }
    return 1 / (1 + math.exp(-log_odds[offer]))


def order_value(visitor: Visitor, offer: str) -> float:
    """What this visitor spends on average, in currency units, when something is bought on this offer."""
    return (15.0 + 0.4 * float(visitor["basket"])) * VALUE[offer]


def population() -> Iterator[tuple[dict[str, Any], float]]:
    """Every visitor that there can be, with the probability that the next one is such; they add up to 1."""
    for segment, kind in KINDS.items():
        for visits, often in enumerate(_visits()):
            for above in range(2 * kind.die + 1):
                seldom = (min(above, 2 * kind.die - above) + 1) / (kind.die + 1) ** 2
                for device, share in (("phone", kind.phones), ("desktop", 1 - kind.phones)):
                    yield _visitor(kind.least + above, visits, segment, device), kind.share * often * seldom * share


def draw(chance: random.Random) -> dict[str, Any]:
    """The next visitor."""
    (segment,) = chance.choices(tuple(KINDS), [kind.share for kind in KINDS.values()])
    kind = KINDS[segment]
    basket = kind.least + chance.randint(0, kind.die) + chance.randint(0, kind.die)
    (visits,) = chance.choices(range(MOST_VISITS + 1), _visits())
    return _visitor(basket, visits, segment, "phone" if chance.random() < kind.phones else "desktop")


def spending(visitor: Visitor, chance: random.Random) -> dict[str, float]:
    """What this visitor would spend on each offer, in currency units to the cent, 0 where nothing is bought.

    Mood and purse are the visitor's own, whichever offer is shown. Only one of the four is ever seen: that of the offer shown.
    """
    mood, purse = chance.random(), chance.uniform(LEAST, MOST)
    return {offer: _spent(visitor, offer, mood, purse) for offer in OFFERS}


def _spent(visitor: Visitor, offer: str, mood: float, purse: float) -> float:
    return round(order_value(visitor, offer) * purse, 2) if mood < purchase_probability(visitor, offer) else 0


@dataclass(frozen=True)
class Effect:
    """What a process brings, of one visitor."""

    spent: float  # mean, currency units
    spread: float  # standard deviation of it
    buyers: float  # share that buys


def effect(shows: Policy) -> Effect:
    """The true effect: the mean over the whole population, exact but for the rounding to cents.

    A uniform factor from a to b has the mean square (a^2 + a b + b^2) / 3.
    """
    spent = squared = buyers = 0.0
    mean_square = (LEAST**2 + LEAST * MOST + MOST**2) / 3
    for visitor, weight in population():
        offer = shows(visitor)
        buys, worth = weight * purchase_probability(visitor, offer), order_value(visitor, offer)
        buyers += buys
        spent += buys * worth
        squared += buys * worth**2 * mean_square
    return Effect(spent, math.sqrt(squared - spent**2), buyers)


def likeliest(visitor: Visitor) -> str:
    """The offer on which this visitor buys most likely: what the better candidate tries to learn."""
    return max(OFFERS, key=lambda offer: purchase_probability(visitor, offer))


def largest(visitor: Visitor) -> str:
    """The offer with the largest order, should there be one: what the harmful candidate learns."""
    return max(OFFERS, key=lambda offer: order_value(visitor, offer))


def _visits() -> list[float]:
    """Probability of each number of earlier visits."""
    often = [RETURNS**visits for visits in range(MOST_VISITS + 1)]
    return [each / sum(often) for each in often]


def _visitor(basket: int, visits: int, segment: str, device: str) -> dict[str, Any]:
    return {"basket": basket, "visits": visits, "segment": segment, "device": device}
