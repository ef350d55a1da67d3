"""The services validate a request with this: one case is a flat JSON object of 30 measured features."""

from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from triage.features import FEATURES

DIAGNOSES = ("benign", "malignant")

_fields: dict[str, Any] = dict.fromkeys(FEATURES, (float, ...))
Case: type[BaseModel] = create_model(
    "Case",
    __config__=ConfigDict(extra="forbid", allow_inf_nan=False),
    __doc__="One case: 30 measurements of the cell nuclei in one biopsy, in the units of the public data set.",
    **_fields,
)


class Diagnosis(BaseModel):
    """What a candidate answers: the more likely diagnosis and the probability, 0 to 1, that it is malignant."""

    diagnosis: str
    probability: float


def diagnose(probability: float) -> Diagnosis:
    """The more likely diagnosis at this probability of malignancy; the probability is told to 6 decimals."""
    return Diagnosis(diagnosis=DIAGNOSES[probability >= 0.5], probability=round(probability, 6))
