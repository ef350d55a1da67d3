"""`triage_boosted.train` writes boosted trees in this form; the service loads them and adds up their leaves in plain Python.

A tree is a leaf's value, or [column of FEATURES, threshold, tree at or below it, tree above it]. Served so it needs no
scikit-learn in the image.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from triage.features import FEATURES
from triage.linear import LinearModel, logistic, read

Tree = float | list[Any]


@dataclass(frozen=True)
class BoostedModel:
    """log-odds of malignancy = those of the linear model that the trees start from + sum of one leaf of each tree."""

    start: LinearModel
    trees: list[Tree]

    def probability(self, case: object) -> float:
        """Probability of malignancy, 0 to 1, of a case that has the features as attributes."""
        columns = [getattr(case, name) for name in FEATURES]
        return logistic(self.start.log_odds(case) + sum(_leaf(tree, columns) for tree in self.trees))

    def save(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps(asdict(self), separators=(",", ":")) + "\n")


def _leaf(tree: Tree, columns: Sequence[float]) -> float:
    while isinstance(tree, list):
        column, threshold, low, high = tree
        tree = low if columns[column] <= threshold else high
    return tree


def load(path: Path) -> BoostedModel:
    """The model that `save` wrote.

    Raises:
        FileNotFoundError: the model was not trained yet.
    """
    parts = read(path)
    return BoostedModel(LinearModel(**parts["start"]), parts["trees"])
