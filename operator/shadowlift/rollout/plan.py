"""What `decide` returns: the effects of one cycle, as values. `reconcile.apply` carries them out in the order of the fields."""

from dataclasses import dataclass, field
from functools import cached_property

from shadowlift.api.ledger import TrialRegistration
from shadowlift.api.record import Record
from shadowlift.api.status import Status
from shadowlift.resources.owner import Owner
from shadowlift.resources.router.config import config_version, router_files
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.resources.routers import config_map
from shadowlift.rollout.observed import Manifest


@dataclass(frozen=True)
class RouterUpdate:
    """A configuration to publish; its files, which are many and long, are written when somebody wants them."""

    owner: Owner
    number: int  # of the configuration: each is one more than the one before
    intent: RouterIntent

    @cached_property
    def version(self) -> str:
        """What the routers will say that they have loaded."""
        return config_version(self.number, self.intent)

    @cached_property
    def config_map(self) -> Manifest:
        """The ConfigMap with all files."""
        return config_map(self.owner, router_files(self.intent, self.version), self.version)


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
