"""One cycle: observe -> decide -> apply -> write status once -> tell. Called by the queue with the key of one ModelDeployment."""

from dataclasses import replace

from shadowlift.api.names import KIND
from shadowlift.errors import InvalidInput, NotFound, Refused
from shadowlift.reconcile.apply import Applier
from shadowlift.reconcile.observe import Observer, read_resource
from shadowlift.reconcile.ports import Clock, Cluster
from shadowlift.reconcile.store import Key, Store
from shadowlift.reconcile.tell import Teller
from shadowlift.rollout.decide import decide
from shadowlift.rollout.observed import Installation, Resource
from shadowlift.rollout.plan import Plan
from shadowlift.rollout.report import refused, stuck


class Reconciler:
    """Level-based: whatever was missed, the next cycle sees the whole."""

    def __init__(self, observer: Observer, applier: Applier, cluster: Cluster, store: Store, teller: Teller) -> None:
        self._observer, self._applier, self._cluster = observer, applier, cluster
        self._store, self._teller = store, teller

    async def reconcile(self, key: Key, installation: Installation, clock: Clock) -> float | None:
        """Bring one ModelDeployment closer to what it should be; seconds until it should be looked at again, None: on change.

        Raises:
            ShadowliftError: the cycle ended early; the queue tries again with back-off.
        """
        try:
            observed = await self._observer.observe(key, installation)
            if observed is None:
                self._teller.forget(key)
                return None
            plan = decide(observed, clock.now())
        except InvalidInput as problem:
            await self._say(key, problem, clock)
            raise
        try:
            await self._applier.apply(key, observed, plan)
        except (InvalidInput, Refused) as problem:  # only a person can help: say so before the queue tries again
            status = refused(plan.status, observed.resource, problem, clock.now())
            await self._write_status(key, observed.resource, replace(plan, status=status))
            raise
        await self._write_status(key, observed.resource, plan)
        return plan.requeue_after

    async def _say(self, key: Key, problem: InvalidInput, clock: Clock) -> None:
        """What was decided or published cannot be read: nothing is touched, and the status says what to mend."""
        known = self._store.get(KIND, *key)
        if known is not None:
            resource = read_resource(known)
            plan = Plan(status=stuck(resource, "Unreadable", problem, clock.now()))
            await self._write_status(key, resource, plan)

    async def _write_status(self, key: Key, resource: Resource, plan: Plan) -> None:
        status = plan.status.model_dump(mode="json", by_alias=True, exclude_none=True)
        known = self._store.get(KIND, *key)
        if known is not None and known.get("status") != status:
            try:
                self._store.put(await self._cluster.write_status(*key, status))
            except NotFound:
                return  # deleted in the meantime
        if known is not None:
            await self._teller.tell(known, resource, plan)
