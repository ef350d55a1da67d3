"""`python -m triage_logreg.train` fits the model on the training half and writes model.json beside this file."""

from pathlib import Path

from triage.features import MEAN, WORST
from triage.halves import halves
from triage.training import fit

MODEL = Path(__file__).with_name("model.json")


def main() -> None:
    """Train on the training half only; the same data gives the same file."""
    (features, malignant), _ = halves()
    fit(features, malignant, MEAN + WORST).save(MODEL)
    print(f"trained {MODEL.parent.name} on {len(malignant)} cases")


if __name__ == "__main__":
    main()
