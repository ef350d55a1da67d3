"""`bentoml serve triage_rules_bento.service:TriageRules` answers POST /triage by the rules of the process in place."""

import bentoml
from triage.case import Case, Diagnosis
from triage_rules.server import judge

MEANING = {"M": "malignant", "B": "benign"}


@bentoml.service(workers=1, traffic={"timeout": 10})
class TriageRules:
    """The same verdict on every case as the rules service gives, told in the candidates' form."""

    @bentoml.api(route="/triage")
    async def triage(self, case: Case, /) -> Diagnosis:  # async: microseconds of work are not worth a thread hop
        """Malignant or benign; rules know no doubt, so the probability is 1 or 0."""
        result, _ = judge(case.model_dump())
        return Diagnosis(diagnosis=MEANING[result], probability=float(result == "M"))
