"""`bentoml serve triage_slow.service:TriageSlow` answers POST /triage with triage_logreg's diagnoses, some of them late."""

from pathlib import Path

import bentoml
from triage.case import Case, Diagnosis, diagnose
from triage.linear import load
from triage.second_look import SecondLook

MODEL = Path(__file__).parents[1] / "triage_logreg" / "model.json"


@bentoml.service(workers=1, traffic={"timeout": 10})
class TriageSlow:
    """One case in, one diagnosis out; keeps nothing between requests, so a mirrored or repeated request is harmless."""

    def __init__(self) -> None:
        self.model = SecondLook(load(MODEL))

    @bentoml.api(route="/triage")
    async def triage(self, case: Case, /) -> Diagnosis:  # async: most cases are not worth a thread hop
        """Malignant or benign, with the probability of malignancy."""
        return diagnose(self.model.probability(case))
