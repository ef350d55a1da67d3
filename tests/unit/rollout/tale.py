"""Decision records by hand: `tell(("Started", "t1"), ("Counting", "t1"), ...)` numbers them in that order."""

from typing import Any

from shadowlift.api.record import Baseline, Record, RecordKind, TrialTerms
from shadowlift.api.spec import Bento
from shadowlift.rollout.history import History
from shadowlift.stats.terms import PairedTest, Rates

AT = "2027-01-15T08:00:00.000Z"
TEST = PairedTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.01), second_moment=0.1)
BASELINE = Baseline(pairs=100, disagreements=10, test=TEST.to_json(), loaded=AT)


def terms(**changes: Any) -> TrialTerms:
    """The terms of a trial that a test does not care about, but for `changes`."""
    values = {
        "candidate": "logreg", "bento": Bento(image="logreg:1", replicas=2, port=3000), "workload": "triage-a", "against": "service/rules",
        "current": "service/rules", "frozen": "f", "attempt": 1, "alpha": 0.01, "minimum_lift": 0.0, "target_lift": 0.02,
        "harm_rate": 0.01, "futility_rate": 0.05, "maturity_s": 5.0, "deadline_s": 3600.0, "missing": "Worst",
        "senders": ["outcome-sender"], "ledger": "ledger-1",
    }  # fmt: skip
    return TrialTerms(**{**values, **changes})


def tell(*lines: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> History:
    """Records in the order of their numbers: kind, trial, and how the terms of a Started record, or the reason of another, differ."""
    out = []
    for number, (kind, trial, *changes) in enumerate(lines, start=1):
        started = terms(**(changes[0] if changes else {})) if kind == "Started" else None
        baseline = BASELINE if kind == "Counting" else None
        reason = "AsToldBefore" if started or not changes else changes[0]["reason"]
        out.append(
            Record(
                kind=RecordKind(kind), number=number, trial=trial, candidate="logreg", reason=reason,
                message="", at=AT, terms=started, baseline=baseline,
            )
        )  # fmt: skip
    return History(tuple(out))
