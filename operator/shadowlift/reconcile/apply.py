"""Carry out a Plan, in the order in which a crash between any two writes does no harm. Called once per cycle by `reconciler`.

Records first (alone in their plan), then the configuration and the pods that mount it, then what nothing routes to any more, then the
recorder, whose trouble must not keep traffic where it is.
"""

import logging

from shadowlift.api.names import ANNOTATION_REFRESH
from shadowlift.api.record import ENDS_TRIAL, Record
from shadowlift.errors import NameTaken, NotFound, Unavailable
from shadowlift.reconcile.drift import differs
from shadowlift.reconcile.memory import TAKEN_FOR, Memory
from shadowlift.reconcile.ports import Clock, Cluster, Evidence
from shadowlift.reconcile.store import Key, Object, Store
from shadowlift.resources.owner import Owner
from shadowlift.resources.records import read_record, record_manifest, record_name
from shadowlift.rollout.observed import Observed
from shadowlift.rollout.plan import Plan, RouterUpdate

log = logging.getLogger(__name__)


class Applier:
    """The only place where order of effects matters."""

    def __init__(self, cluster: Cluster, evidence: Evidence, store: Store, memory: Memory, clock: Clock) -> None:
        self._cluster, self._evidence, self._store = cluster, evidence, store
        self._memory, self._clock = memory, clock

    async def apply(self, key: Key, observed: Observed, plan: Plan) -> None:
        """All effects of a plan but its status.

        Raises:
            Unavailable, Conflict: the cycle ends here and begins anew; everything done so far is as it should be.
        """
        await self._records(key, observed, plan)
        await self._look_again(key, observed.resource.owner)
        if plan.watch_trial is not None:
            self._memory.watched[key] = plan.watch_trial
        else:
            self._memory.watched.pop(key, None)
        if plan.router is not None:
            await self._publish(key, plan.router)
        for manifest in plan.manifests:
            await self._ensure(key, manifest)
        await self._refresh(key, plan)
        await self._delete(key, plan)
        # Last: routes never wait for the recorder; no mirror begins before it has answered.
        await self._register(observed, plan)

    async def _records(self, key: Key, observed: Observed, plan: Plan) -> None:
        owner = observed.resource.owner
        for record in plan.records:
            if record.kind in ENDS_TRIAL:  # what was concluded once is not asked again because the API server was away
                self._memory.undecided[key] = record
            there = await self._cluster.create(record_manifest(owner, record))
            self._memory.undecided.pop(key, None)
            self._store.put(there)
            if record.trial in self._memory.evidence.registered:
                # What is there: an earlier write of it may have said otherwise, and counts.
                await self._copy(owner, read_record(there))

    async def _register(self, observed: Observed, plan: Plan) -> None:
        evidence = self._memory.evidence
        for registration in plan.registrations:
            try:
                await self._evidence.register(registration)
            except Unavailable as error:  # routes never wait for the recorder; its next answer asks for another cycle
                evidence.error = str(error)
                return
            if evidence.ledger is not None:
                evidence.registered[registration.uid] = (evidence.ledger, frozenset(registration.routers))
            for record in observed.records:
                if record.trial == registration.uid:
                    await self._copy(observed.resource.owner, record)

    async def _copy(self, owner: Owner, record: Record) -> None:
        """Beside the evidence, for whoever audits it; the ControllerRevision is the decision."""
        try:
            await self._evidence.keep_record(record.trial, record_name(owner, record), record)
        except Unavailable as error:
            log.warning("the recorder did not take a copy of a record: %s", error)

    async def _ensure(self, key: Key, manifest: Object) -> None:
        """Create what is missing, apply what has drifted, touch nothing else."""
        kind, meta = manifest["kind"], manifest["metadata"]
        known = self._store.get(kind, meta["namespace"], meta["name"])
        try:
            if known is None:
                self._store.put(await self._cluster.create(manifest))
            elif not owned_by(known, _owner_of(manifest)):
                self._taken(key, f"{kind}/{meta['name']}")
            elif differs(manifest, known):
                self._store.put(await self._cluster.apply(manifest))
        except NameTaken as error:
            self._taken(key, error.field)

    def _taken(self, key: Key, name: str) -> None:
        self._memory.taken.setdefault(key, {})[name] = self._clock.now() + TAKEN_FOR

    async def _look_again(self, key: Key, owner: Owner) -> None:
        """No watch shows other people's objects: now and then ask whether one that was in the way still is."""
        taken = self._memory.taken.get(key, {})
        for name in [name for name, until in taken.items() if until <= self._clock.now()]:
            kind, _, bare = name.partition("/")
            try:
                there = await self._cluster.get(kind, key[0], bare)
            except NotFound:
                del taken[name]
                continue
            if owned_by(there, owner.uid):
                del taken[name]
            else:
                self._taken(key, name)

    async def _publish(self, key: Key, update: RouterUpdate) -> None:
        """With resourceVersion: two operators can never publish over each other unseen."""
        manifest = update.config_map
        known = self._store.get("ConfigMap", key[0], manifest["metadata"]["name"])
        if known is None or not owned_by(known, _owner_of(manifest)):
            await self._ensure(key, manifest)
            return
        versioned = {
            **manifest,
            "metadata": {**manifest["metadata"], "resourceVersion": known["metadata"]["resourceVersion"]},
        }
        self._store.put(await self._cluster.apply(versioned))

    async def _refresh(self, key: Key, plan: Plan) -> None:
        """The kubelet refreshes a pod's volumes at once when one of the pod's annotations changes."""
        if not plan.refresh:
            return
        published = plan.router.version if plan.router else None
        for name in plan.refresh:
            pod = self._store.get("Pod", key[0], name)
            if pod is None:
                continue
            version = published or plan.status.router.wanted or ""
            attempt = self._memory.refresh_due(pod["metadata"]["uid"], version, self._clock.now())
            if attempt is not None:
                await self._cluster.annotate_pod(key[0], name, {ANNOTATION_REFRESH: f"{version}.{attempt}"})

    async def _delete(self, key: Key, plan: Plan) -> None:
        for name in plan.delete:
            for kind in ("Service", "Deployment"):  # by the Deployment a later cycle knows what is left to delete
                known = self._store.get(kind, key[0], name)
                if known is not None:
                    await self._cluster.delete(kind, key[0], name, known["metadata"]["uid"])
                    self._store.drop(known)


def owned_by(known: Object, uid: str) -> bool:
    """Whether an object is one of this ModelDeployment's."""
    return any(ref["uid"] == uid for ref in known["metadata"].get("ownerReferences") or [])


def _owner_of(manifest: Object) -> str:
    uid: str = manifest["metadata"]["ownerReferences"][0]["uid"]
    return uid
