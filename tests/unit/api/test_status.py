"""The status model: the same after a round trip, and strict."""

import json

import pytest
from pydantic import ValidationError

from shadowlift.api.status import (
    Condition,
    ConditionType,
    Coverage,
    Decision,
    Epoch,
    Evidence,
    Phase,
    RouterStatus,
    Serving,
    Status,
    Trial,
    Verdict,
    VerdictKind,
)

AT = "2027-01-15T08:00:00.000Z"
MESSAGE = "lift +0.0123 within -0.0012 to +0.0310 after 1234567 pairs; about 1234567 further pairs if the estimate holds; 12 missing"
NAME, IMAGE = "t" * 40, "registry.example/team/" + "model" * 10 + "@sha256:" + "f" * 64
BIG = 10**9


def largest() -> Status:
    """A shadow of one candidate with five conditions, ten decisions, three senders, three router pods, counters of nine digits."""
    conditions = [
        Condition(
            type=kind.value,
            status="False",
            reason="CandidateNotReady",
            message=MESSAGE,
            observed_generation=BIG,
            last_transition_time=AT,
        )
        for kind in ConditionType
    ]
    record = "0123456789ab-rolledback"
    evidence = Evidence(
        n=BIG, wins=BIG, losses=BIG, ties=BIG, labelled=BIG, unlabelled=BIG, estimate="+0.1234", lower="+0.1234", upper="+0.1234",
        e_value="1.23e+123", bar="102400", harm_e_value="1.23e+123", harm_bar="100", needed=BIG,
    )  # fmt: skip
    coverage = Coverage(
        share="0.9999", **{name: BIG for name, field in Coverage.model_fields.items() if field.annotation is int}
    )
    trial = Trial(
        uid="0123456789ab", attempt=12, candidate="c" * 30, workload=f"{NAME}-0123456789", frozen="f" * 16, started=AT, deadline=AT,
        alpha="4.88281e-06", disagreement="0.1234", epochs=[Epoch(number=n, weight="100%", mirror="100%", since=AT) for n in (0, 1)],
        verdict=Verdict(kind=VerdictKind.HOLD, reason="LabelsSelected", message=MESSAGE), evidence=evidence, coverage=coverage,
        evidence_at=AT, ledger="12345678-1234-1234-1234-123456789abc", senders=["s" * 63] * 3,
    )  # fmt: skip
    return Status(
        observed_generation=BIG,
        phase=Phase.SHADOWING,
        conditions=conditions,
        serving=Serving(
            name="c" * 30, workload=f"{NAME}-0123456789", image=IMAGE, since=AT, reason="ServeOverride", record=record
        ),
        weight="100%",
        trial=trial,
        router=RouterStatus(
            wanted=f"{BIG}-0123abcd",
            loaded={f"{NAME}-router-0123456789-{n:05d}": f"{BIG}-0123abcd" for n in range(3)},
            ready=3,
        ),
        history=[
            Decision(
                record=record, kind="RolledBack", candidate="c" * 30, reason="CurrentChanged", message=MESSAGE, at=AT
            )
        ]
        * 10,
    )


def test_a_status_survives_its_json():
    """What was written is what is read: nothing is lost between two operators."""
    text = json.dumps(largest().model_dump(mode="json", by_alias=True, exclude_none=True))
    assert Status.model_validate(json.loads(text)) == largest()


@pytest.mark.parametrize(
    "change", [{"phase": "Sideways"}, {"surprise": 1}, {"conditions": [{}]}, {"weight": "w" * 129}]
)
def test_a_status_of_another_version_is_refused(change: dict):
    """Unknown phases and fields are an error, so that `observe` rebuilds it instead of reading half of it."""
    with pytest.raises(ValidationError):
        Status.model_validate(change)
