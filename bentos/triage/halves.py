"""The training scripts get their half of the data here; `python -m triage.halves` writes the other half as the traffic.

The split is fixed: of each diagnosis, in the data set's order, the first case trains, the second is traffic, and so on.
No model of the story is ever trained on, tuned on or chosen by the traffic half; `triage_boosted.train` tells of its exception.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

from triage.features import FEATURES

TRAFFIC = Path(__file__).with_name("traffic.jsonl")

Half = tuple[np.ndarray, np.ndarray]
"""Features (cases x 30, columns as in FEATURES) and truth (1 = malignant)."""


def halves() -> tuple[Half, Half]:
    """The training half (285 cases) and the traffic half (284 cases)."""
    data = load_breast_cancer()
    names = tuple(name.replace(" ", "_") for name in data.feature_names)
    if names != FEATURES:
        raise ValueError(f"scikit-learn's columns changed: {names}; bring triage/features.py in line")
    malignant = 1 - data.target
    training = np.zeros(len(malignant), dtype=bool)
    for diagnosis in (0, 1):
        training[np.flatnonzero(malignant == diagnosis)[::2]] = True
    return (data.data[training], malignant[training]), (data.data[~training], malignant[~training])


def traffic_lines() -> str:
    """The traffic half as JSON lines: `{"features": {name: number}, "truth": "malignant" | "benign"}`."""
    _, (features, malignant) = halves()
    return "".join(
        json.dumps({"features": dict(zip(FEATURES, map(float, row), strict=True)), "truth": ("benign", "malignant")[m]})
        + "\n"
        for row, m in zip(features, malignant, strict=True)
    )


if __name__ == "__main__":
    TRAFFIC.write_text(traffic_lines())
    print(f"wrote {TRAFFIC.name}: {len(TRAFFIC.read_text().splitlines())} cases")
