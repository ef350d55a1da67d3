"""A status below 8 KiB: what is left out, in which order, and what never is."""

import pytest

from shadowlift.api.names import MOST_CANDIDATES
from shadowlift.api.status import Contender, Cost, Epoch, Evidence, GuardrailState, Status, Verdict, VerdictKind
from shadowlift.rollout.brevity import LEAST, MOST_BYTES, brief, size
from tests.unit.api.test_status import AT, BIG, NAME, largest

LONG = "x" * 512
EVIDENCE = Evidence(
    n=BIG, wins=BIG, losses=BIG, ties=BIG, labelled=BIG, unlabelled=BIG, estimate="+0.1234", lower="+0.1234", upper="+0.1234",
    e_value="1.23e+123", bar="102400", harm_e_value="1.23e+123", harm_bar="100", deadline_p="0.123456", needed=BIG,
)  # fmt: skip
VERDICT = Verdict(kind=VerdictKind.HOLD, reason="CandidateUnreadable", message=LONG)


def routers(status: Status, pods: int, behind: int = 0) -> Status:
    """With so many router pods, of which some have an older configuration."""
    wanted = status.router.wanted
    names = [f"{NAME}-router-0123456789-{n:05d}" for n in range(pods)]
    loaded = {name: f"{BIG - 1}-0123abcd" if n < behind else str(wanted) for n, name in enumerate(names)}
    return status.model_copy(update={"router": status.router.model_copy(update={"loaded": loaded, "ready": pods})})


def trial(status: Status, **changes: object) -> Status:
    """With other fields of the trial."""
    assert status.trial is not None
    return status.model_copy(update={"trial": status.trial.model_copy(update=changes)})


def contenders(number: int, verdict: Verdict = VERDICT) -> list[Contender]:
    """Candidates side by side."""
    return [
        Contender(name=f"{n}" * 30, workload=f"{NAME}-012345678{n}", verdict=verdict, evidence=EVIDENCE)
        for n in range(number)
    ]


def fullest() -> Status:
    """All that the schema allows at once: every list at its end, every message at its length."""
    status = routers(largest(), 50, behind=50)
    costs = [Cost(name=f"{n}" * 30, per_thousand="12.345678", currency="EUR") for n in range(MOST_CANDIDATES + 1)]
    guardrails = [GuardrailState(name=f"{n}" * 40, safety="Unknown", message="x" * 200) for n in range(8)]
    epochs = [Epoch(number=n, weight="99.9%", mirror="100%", since=AT) for n in range(13)]
    status = trial(
        status, evidence=EVIDENCE, verdict=VERDICT, contenders=contenders(MOST_CANDIDATES), costs=costs,
        guardrails=guardrails, epochs=epochs, senders=[f"{n:02d}" + "s" * 61 for n in range(16)],
    )  # fmt: skip
    conditions = [condition.model_copy(update={"message": LONG}) for condition in status.conditions]
    history = [one.model_copy(update={"message": "x" * 200}) for one in status.history]
    return status.model_copy(update={"conditions": conditions, "history": history})


def test_a_small_status_stays_as_it_is():
    """Nothing is left out that there is room for."""
    assert brief(largest()) == largest()


def test_older_decisions_go_first():
    """Five candidates beside one another: the newest decisions stay, and everything else as it was."""
    status = trial(largest(), contenders=contenders(MOST_CANDIDATES, VERDICT.model_copy(update={"message": "x" * 60})))
    assert size(status) >= MOST_BYTES
    short = brief(status)
    assert size(short) < MOST_BYTES
    assert LEAST <= len(short.history) < len(status.history)
    assert short.history == status.history[: len(short.history)]
    assert short.model_copy(update={"history": status.history}) == status


@pytest.mark.parametrize("behind", [0, 2])
def test_of_many_routers_those_that_wait_are_named(behind: int):
    """Fifty pods: how many there are is said, and by name who has not loaded what is wanted."""
    short = brief(trial(routers(largest(), 50, behind), contenders=contenders(2)))
    assert size(short) < MOST_BYTES
    assert short.router.ready == 50
    assert set(short.router.loaded) == {f"{NAME}-router-0123456789-{n:05d}" for n in range(behind)}


def test_all_that_the_schema_allows_is_still_below_8_kib():
    """Messages end with three dots; numbers, reasons and who serves are whole."""
    status = fullest()
    short = brief(status)
    assert size(short) < MOST_BYTES
    assert (short.phase, short.serving, short.weight) == (status.phase, status.serving, status.weight)
    assert short.trial is not None
    assert status.trial is not None
    assert short.trial.evidence == status.trial.evidence
    assert short.trial.coverage == status.trial.coverage
    assert [one.evidence for one in short.trial.contenders] == [one.evidence for one in status.trial.contenders]
    assert [one.reason for one in short.conditions] == [one.reason for one in status.conditions]
    assert all(one.message.endswith("...") for one in short.conditions)
    assert short.history[0].record == status.history[0].record
    assert short.trial.epochs == status.trial.epochs[-LEAST:]
