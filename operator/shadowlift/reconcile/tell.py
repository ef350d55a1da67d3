"""What is announced after the status stuck: Events for people who watch, metrics for those who do not. Never before, never instead."""

from typing import Any

from shadowlift.api.record import RecordKind
from shadowlift.api.status import ConditionType
from shadowlift.reconcile.ports import Announcer
from shadowlift.reconcile.store import Key
from shadowlift.rollout.observed import Resource
from shadowlift.rollout.plan import Plan
from shadowlift.telemetry.metrics import Metrics

WARNINGS = frozenset({RecordKind.REJECTED, RecordKind.EXPIRED, RecordKind.ROLLED_BACK})


class Teller:
    """Events and metrics of one cycle."""

    def __init__(self, announcer: Announcer, metrics: Metrics) -> None:
        self._announcer, self._metrics = announcer, metrics

    async def tell(self, obj: dict[str, Any], resource: Resource, plan: Plan) -> None:
        """Announce what is new since the status that was observed."""
        owner = resource.owner
        self._metrics.show(owner.namespace, owner.name, plan.status)
        for record in plan.records:
            kind = "Warning" if record.kind in WARNINGS else "Normal"
            self._metrics.decided(record.kind.value)
            await self._announcer.announce(obj, kind, record.kind.value, f"{record.reason}: {record.message}")
        before = resource.status
        known = {(c.type, c.reason) for c in before.conditions} if before else set()
        for condition in plan.status.conditions:
            if condition.type == ConditionType.STALLED.value and (condition.type, condition.reason) not in known:
                await self._announcer.announce(obj, "Warning", condition.reason, condition.message)

    def forget(self, key: Key) -> None:
        """A ModelDeployment is gone."""
        self._metrics.forget(*key)
