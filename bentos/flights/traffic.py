"""`python -m flights.traffic` writes the traffic: a sample of the flights of the days that do not train, as JSON lines.

Every hundredth flight in the order of departure, those that never landed included: their truth is null, their outcome
never comes. Small enough to travel in a ConfigMap; reading it needs nothing but the standard library.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from flights.year import Flight, departed

TRAFFIC = Path(__file__).with_name("traffic.jsonl")
EVERY = 100


def sample(flights: Iterable[Flight]) -> list[Flight]:
    """The traffic among these, which come in the order of departure."""
    return [flight for flight in flights if not flight.trains][::EVERY]


def lines(flights: Iterable[Flight]) -> str:
    """`{"features": {...}, "truth": {"minutes": -5, "late": false} | null}` per flight."""
    cases = ({"features": flight.features, "truth": flight.truth} for flight in flights)
    return "".join(json.dumps(case, separators=(",", ":")) + "\n" for case in cases)


if __name__ == "__main__":
    chosen = sample(departed())
    TRAFFIC.write_text(lines(chosen))
    print(f"wrote {TRAFFIC.name}: {len(chosen)} flights, {TRAFFIC.stat().st_size / 1e3:.0f} kB")
