"""`python -m flights_boosted.train` grows the trees on the training days and writes model.json beside this file.

The first forest learns what a flight loses after its departure, by the absolute error that it will be judged by; the second
the log-odds of being late. Sizes were chosen by cross-validation over the training days (whole days held out).
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from flights.features import LATE, NAMES, cut
from flights.training import rounded
from flights.trees import BoostedModel, Forest, Scale, Tree
from flights.year import Flight, training
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

MODEL = Path(__file__).with_name("model.json")

SETTINGS: dict[str, Any] = {
    "max_iter": 150,
    "max_leaf_nodes": 16,
    "learning_rate": 0.1,
    "min_samples_leaf": 200,
    "early_stopping": False,
    "random_state": 0,
}

PRIOR = 50
"""A name's average is drawn towards that of all flights as if so many more of its flights had behaved like those."""


def fit(flights: list[Flight]) -> BoostedModel:
    """Both forests on landed flights; checked here against scikit-learn's own answers."""
    delays = np.array([flight.delay for flight in flights])
    lost = np.array([cut(flight.delay) - cut(flight.features["departure_delay"]) for flight in flights])
    scale = _scale(flights, lost)
    columns = np.array([scale.columns(flight.features) for flight in flights])
    regressor = HistGradientBoostingRegressor(loss="absolute_error", **SETTINGS).fit(columns, lost)
    classifier = HistGradientBoostingClassifier(**SETTINGS).fit(columns, delays >= LATE)
    model = BoostedModel(scale, _forest(regressor), _forest(classifier))
    _compare(model.lost, columns, regressor.predict(columns))
    _compare(model.late, columns, classifier.decision_function(columns))
    return model


def _scale(flights: list[Flight], lost: np.ndarray) -> Scale:
    other = float(lost.mean())
    names = {}
    for kind in NAMES:
        by_name: dict[str, list[float]] = defaultdict(list)
        for flight, minutes in zip(flights, lost, strict=True):
            by_name[flight.features[kind]].append(minutes)
        names[kind] = {
            name: rounded((sum(each) + PRIOR * other) / (len(each) + PRIOR)) for name, each in sorted(by_name.items())
        }
    return Scale(names, rounded(other))


def _forest(model: Any) -> Forest:
    # scikit-learn shows the trees of this kind of model nowhere else; its version is locked, and `_compare` would tell
    (start,) = np.ravel(model._baseline_prediction)  # noqa: SLF001
    return Forest(rounded(start), [_tree(predictor.nodes, 0) for (predictor,) in model._predictors])  # noqa: SLF001


def _tree(nodes: np.ndarray, place: int) -> Tree:
    node = nodes[place]
    if node["is_leaf"]:
        return rounded(node["value"])
    low, high = (_tree(nodes, node[side]) for side in ("left", "right"))
    return [int(node["feature_idx"]), rounded(node["num_threshold"]), low, high]


def _compare(forest: Forest, columns: np.ndarray, theirs: np.ndarray) -> None:
    ours = [forest.at(row) for row in columns.tolist()]
    if not np.allclose(ours, theirs, atol=1e-2):
        raise ValueError("the written trees do not answer as scikit-learn's do")


def main() -> None:
    """Train on the training days only; the same data gives the same file."""
    flights = list(training())
    fit(flights).save(MODEL)
    print(f"trained {MODEL.parent.name} on {len(flights)} flights")


if __name__ == "__main__":
    main()
