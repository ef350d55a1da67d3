"""`flights_boosted.train` writes boosted trees in this form; the service loads them and adds up their leaves in plain Python.

A tree is a leaf's value, or [column, threshold, tree at or below it, tree above it]. Served so it needs no scikit-learn in
the image; a flight passes some 1,300 comparisons, which is a tenth of a millisecond.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flights.features import NAMES, cut
from flights.foretold import Foretold, foretold

Tree = float | list[Any]

COLUMNS = ("departure_delay", "month", "scheduled_departure", "scheduled_minutes", "distance", *NAMES)
"""What the trees look at, in this order; no weekday, as in `linear.LEVELS` and for the same reason."""


@dataclass(frozen=True)
class Scale:
    """Names as numbers: the minutes that flights of each name lost under way in training, on average.

    Trees ask for thresholds; on this scale names that behave alike are neighbours. `other` stands for unseen names.
    """

    names: dict[str, dict[str, float]]
    other: float

    def columns(self, features: Mapping[str, Any]) -> list[float]:
        """A flight as the numbers of COLUMNS."""
        numbers = [cut(features["departure_delay"]), *(features[name] for name in COLUMNS[1 : -len(NAMES)])]
        return numbers + [self.names[name].get(features[name], self.other) for name in NAMES]


@dataclass(frozen=True)
class Forest:
    """start + sum of one leaf of each tree."""

    start: float
    trees: list[Tree]

    def at(self, columns: Sequence[float]) -> float:
        """The sum for a flight with these columns."""
        return self.start + sum(_leaf(tree, columns) for tree in self.trees)


def _leaf(tree: Tree, columns: Sequence[float]) -> float:
    while isinstance(tree, list):
        column, threshold, low, high = tree
        tree = low if columns[column] <= threshold else high
    return tree


@dataclass(frozen=True)
class BoostedModel:
    """Minutes that a flight loses after its departure, and log-odds of being late, each by a forest of its own."""

    scale: Scale
    lost: Forest
    late: Forest

    def foretell(self, features: Mapping[str, Any]) -> Foretold:
        """What becomes of a flight of which this is known."""
        columns = self.scale.columns(features)
        return foretold(columns[0] + self.lost.at(columns), self.late.at(columns))

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps(asdict(self), separators=(",", ":")) + "\n")


def load(path: Path) -> BoostedModel:
    """The model that `save` wrote; its absence is told with the remedy.

    Raises:
        FileNotFoundError: the model was not trained yet.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is missing: train it first with `python -m {path.parent.name}.train`")
    parts = json.loads(path.read_text())
    return BoostedModel(Scale(**parts["scale"]), Forest(**parts["lost"]), Forest(**parts["late"]))
