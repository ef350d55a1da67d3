"""What `decide` returns: the effects of one cycle, as values. `reconcile.apply` carries them out in the order of the fields."""

from dataclasses import dataclass, field

from shadowlift.api.ledger import TrialRegistration
from shadowlift.api.record import Record
from shadowlift.api.status import Status
from shadowlift.rollout.observed import Manifest


@dataclass(frozen=True)
class RouterUpdate:
    """A ConfigMap to publish and the pods to refresh for it."""

    config_map: Manifest
    version: str


@dataclass(frozen=True)
class Plan:
    """The effects of one cycle.

    Where `records` is not empty nothing else is in the plan but the status: a decision is durable before its effect, and the
    next cycle derives the effects from it.
    """

    status: Status
    records: tuple[Record, ...] = ()
    registrations: tuple[TrialRegistration, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    router: RouterUpdate | None = None
    refresh: tuple[str, ...] = ()  # names of router pods whose volume must be refreshed to the published version
    delete: tuple[str, ...] = ()  # workloads that nothing routes to any more
    requeue_after: float | None = None  # seconds; None: only when something changes
    watch_trial: str | None = field(default=None)  # uid of the trial whose counters matter
