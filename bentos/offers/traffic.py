"""`python -m offers.traffic` writes the traffic: visitors drawn from the shoppers, as JSON lines.

A visitor's truth is what is spent on each of the offers. Which of them comes true is decided by who answers, in the trial.
Small enough to travel in a ConfigMap; reading it needs nothing but the standard library.
"""

import json
import random
from pathlib import Path
from typing import Any

from offers.shoppers import draw, spending

TRAFFIC = Path(__file__).with_name("traffic.jsonl")
SEED = 2025
VISITORS = 4000

Case = tuple[dict[str, Any], dict[str, float]]
"""The features of a visitor, and what is spent on each offer."""


def visitors() -> list[Case]:
    """The visitors as drawn; the same every time."""
    chance = random.Random(SEED)
    return [(visitor, spending(visitor, chance)) for visitor in (draw(chance) for _ in range(VISITORS))]


def lines() -> str:
    """`{"features": {...}, "truth": {"free-shipping": 0, "discount": 21.9, ...}}` per visitor."""
    cases = ({"features": features, "truth": spent} for features, spent in visitors())
    return "".join(json.dumps(case, separators=(",", ":")) + "\n" for case in cases)


def cases() -> list[Case]:
    """The visitors of the file."""
    return [(case["features"], case["truth"]) for case in map(json.loads, TRAFFIC.read_text().splitlines())]


if __name__ == "__main__":
    TRAFFIC.write_text(lines())
    print(f"wrote {TRAFFIC.name}: {VISITORS} visitors, {TRAFFIC.stat().st_size / 1e3:.0f} kB")
