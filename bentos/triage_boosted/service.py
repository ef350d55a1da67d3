"""`bentoml serve triage_boosted.service:TriageBoosted` answers POST /triage with the boosted trees' diagnosis."""

from pathlib import Path

import bentoml
from triage.case import Case, Diagnosis, diagnose
from triage.trees import load

MODEL = Path(__file__).with_name("model.json")


@bentoml.service(workers=1, traffic={"timeout": 10})
class TriageBoosted:
    """One case in, one diagnosis out; keeps nothing between requests, so a mirrored or repeated request is harmless."""

    def __init__(self) -> None:
        self.model = load(MODEL)

    @bentoml.api(route="/triage")
    async def triage(self, case: Case, /) -> Diagnosis:  # async: threads would only take turns at it
        """Malignant or benign, with the probability of malignancy."""
        return diagnose(self.model.probability(case))
