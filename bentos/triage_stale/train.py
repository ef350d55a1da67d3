"""`python -m triage_stale.train` fits the model as it was fitted years ago, and writes model.json beside this file.

The story: the microscope of those days was out of calibration and every length read 22 % short. It was replaced, the
model was not. On today's measurements it takes healthy cells for swollen ones and cries wolf.
"""

from pathlib import Path

import numpy as np
from triage.features import FEATURES, MEAN, WORST
from triage.halves import halves
from triage.training import fit

MODEL = Path(__file__).with_name("model.json")

SHORT = 0.78
"""What the old microscope read, as a share of the true length."""


def as_measured_then(features: np.ndarray) -> np.ndarray:
    """The same cases (cases x 30) under the old microscope: lengths short, areas short squared, shapes unchanged."""
    factors = [SHORT**2 if "area" in name else SHORT if _is_length(name) else 1.0 for name in FEATURES]
    return features * np.array(factors)


def _is_length(name: str) -> bool:
    return "radius" in name or "perimeter" in name


def main() -> None:
    """Train on the training half only, in the old units; the same data gives the same file."""
    (features, malignant), _ = halves()
    fit(as_measured_then(features), malignant, MEAN + WORST).save(MODEL)
    print(f"trained {MODEL.parent.name} on {len(malignant)} cases")


if __name__ == "__main__":
    main()
