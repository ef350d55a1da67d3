"""Everything one cycle knows, gathered by `reconcile.observe` before anything is decided. Frozen; absent is None with a meaning.

What could not be read is never absent: the cycle that failed to read ends with an error and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowlift.api.ledger import TrialCounters
from shadowlift.api.record import Record
from shadowlift.api.spec import Spec
from shadowlift.api.status import Status
from shadowlift.errors import InvalidInput
from shadowlift.resources.owner import Owner
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.resources.routers import RouterSettings


@dataclass(frozen=True)
class Resource:
    """The ModelDeployment itself."""

    owner: Owner
    generation: int
    spec: Spec | InvalidInput  # InvalidInput: the API server let it through, the models do not
    status: Status | None  # None: never written, or not readable as a status (then rebuilt)


@dataclass(frozen=True)
class Workload:
    """A Deployment of ours that runs a bento."""

    name: str
    replicas: int  # wanted
    ready: int
    images: frozenset[str] = frozenset()  # image ids of its ready pods
    trouble: str | None = None  # why a pod does not start, e.g. "ImagePullBackOff: ..."
    stalled: bool = False  # the Deployment's own progress deadline has passed


@dataclass(frozen=True)
class ServiceView:
    """The Service of the current process."""

    name: str
    ports: frozenset[int]
    # of a headless Service: port -> what its pods listen on instead, which nobody translates
    elsewhere: Mapping[int, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class RouterPod:
    """One router pod that is not being deleted."""

    name: str
    uid: str
    ready: bool
    loaded: str | None  # version that it has in force; None: not verified
    refresh: str | None  # what our annotation says now
    trouble: str | None = None  # why it does not start, e.g. "Unschedulable: ..."


@dataclass(frozen=True)
class Published:
    """What the router's ConfigMap holds."""

    version: str
    number: int
    intent: RouterIntent
    fresh: bool  # its files are what this operator would write for this intent


@dataclass(frozen=True)
class Routers:
    """The routers and their configuration."""

    published: Published | None  # None: no ConfigMap yet
    pods: tuple[RouterPod, ...] = ()
    going: tuple[str, ...] = ()  # uids of pods that are on their way out, and may still tell what they saw
    agreed_since: float | None = (
        None  # when this operator first saw that all have loaded it, unix seconds; None: they have not
    )

    @property
    def shipping(self) -> tuple[str, ...]:
        """Uids of the pods whose lines may come."""
        return (*(pod.uid for pod in self.pods), *self.going)

    @property
    def ready(self) -> tuple[RouterPod, ...]:
        """Pods in service."""
        return tuple(pod for pod in self.pods if pod.ready)

    @property
    def agreed(self) -> bool:
        """Every ready router, and at least one, has loaded what is published."""
        version = self.published.version if self.published else None
        return bool(self.ready) and all(pod.loaded == version for pod in self.ready)


@dataclass(frozen=True)
class Traffic:
    """What a candidate had been asked, and had failed to answer, by some moment; totals of a canary, which only grow."""

    at: float  # unix seconds
    requests: int
    failures: int


@dataclass(frozen=True)
class EvidenceView:
    """What the recorder says. `ledger` None: it was not reached yet, or not lately; `error` says how it failed."""

    ledger: str | None
    counters: TrialCounters | None = None  # None: it does not know the trial
    at: float | None = None  # when it answered, unix seconds of its own clock
    error: str | None = None
    traffic: tuple[Traffic, ...] = ()  # of the last minute, oldest first; an operator that has just started knows less
    registered: bool = False  # this operator has registered the trial with its present routers


@dataclass(frozen=True)
class Prices:
    """What the installation pays for what pods request, an hour; a price of 0 is none."""

    cpu_hour: float  # of one CPU
    gib_hour: float  # of one GiB of memory
    currency: str = ""


@dataclass(frozen=True)
class Installation:
    """What the installation says, the same for every ModelDeployment."""

    routers: RouterSettings
    recorder_url: str
    prices: Prices | None = None


@dataclass(frozen=True)
class Observed:
    """One cycle's knowledge."""

    resource: Resource
    records: tuple[Record, ...]
    installation: Installation
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    current_service: ServiceView | None = None  # None: there is no such Service
    routers: Routers = field(default_factory=lambda: Routers(None))
    evidence: EvidenceView = field(default_factory=lambda: EvidenceView(None))
    taken: tuple[str, ...] = ()  # "Kind/name" of objects that stand where ours should and are not ours
    undecided: Record | None = None  # an end that a cycle reached and could not write: evidence is not asked again


Manifest = dict[str, Any]
