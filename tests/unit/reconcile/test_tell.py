"""What is announced: each decision and each new reason to stall, as an Event of the right kind."""

from dataclasses import replace

import pytest

from shadowlift.api.record import RecordKind
from shadowlift.reconcile.tell import Teller
from shadowlift.telemetry.metrics import Metrics
from tests.unit.rollout.given import Life, counting
from tests.unit.rollout.tale import tell as told

RESOURCE = {"metadata": {"name": "triage", "namespace": "clinic"}}


class Listener:
    """The port Announcer."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []

    async def announce(self, resource: dict, kind: str, reason: str, note: str) -> None:
        assert resource is RESOURCE
        self.heard.append((kind, reason, note))


@pytest.mark.parametrize("kind", RecordKind)
async def test_every_decision_is_an_event(kind: RecordKind):
    """What ended without a promotion is a warning; reason and message are those of the record; it is counted."""
    event = "Warning" if kind.value in ("Rejected", "Expired", "RolledBack") else "Normal"
    listener, metrics, life = Listener(), Metrics(), counting()
    record = told((kind.value, "t1")).records[0]
    await Teller(listener, metrics).tell(RESOURCE, life.observed().resource, replace(life.plan(), records=(record,)))
    assert listener.heard == [(event, kind.value, "AsToldBefore: ")]
    assert f'shadowlift_decisions_total{{kind="{kind.value}"}} 1.0' in metrics.text().decode()


async def test_a_stall_is_told_when_its_reason_is_new():
    """Another reason is another Event; the same reason with another message is none."""
    listener = Listener()
    teller, life = Teller(listener, Metrics()), Life(service=None)
    for taken in ((), (), ("Service/a",), ("Service/b",)):
        life.taken = taken
        observed, plan = life.observed(), life.plan()
        await teller.tell(RESOURCE, observed.resource, plan)
        life.cycle()
    assert [(kind, reason) for kind, reason, _ in listener.heard] == [
        ("Warning", "CurrentNotFound"),
        ("Warning", "NameTaken"),
    ]
