"""`bentoml serve triage_flaky.service:TriageFlaky` answers as triage_logreg does, except where its packing fails: 500."""

from pathlib import Path

import bentoml
from triage.case import Case, Diagnosis, diagnose
from triage.linear import load
from triage.packed import PackedModel

MODEL = Path(__file__).parents[1] / "triage_logreg" / "model.json"


@bentoml.service(workers=1, traffic={"timeout": 10})
class TriageFlaky:
    """One case in, one diagnosis or one error out; the same case always gets the same."""

    def __init__(self) -> None:
        self.model = PackedModel(load(MODEL))

    @bentoml.api(route="/triage")
    async def triage(self, case: Case, /) -> Diagnosis:  # async: microseconds of work are not worth a thread hop
        """Malignant or benign, with the probability of malignancy; an error that nobody caught becomes a 500."""
        return diagnose(self.model.probability(case))
