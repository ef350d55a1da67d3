"""What cluster, clients and hospital say right now, as one frozen `View`; `story` looks, the screens show it."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from dev.traffic.cluster_api import MODEL_DEPLOYMENT, ApiError, Cluster
from dev.traffic.stand import Stand
from shadowlift.api.status import Condition, ConditionType, Status

SETTLED_SECONDS = 3  # whole seconds over which a rate is taken; the running second is not whole


@dataclass(frozen=True)
class Clients:
    """The driver's view. `rate` is good answers per second over the last whole seconds, `shares` who gave them."""

    url: str = ""
    from_url: int = 0  # good answers of this URL so far
    rate: float = 0.0
    failed: int = 0
    tracks: dict[str, int] = field(default_factory=dict)
    recent: dict[str, int] = field(default_factory=dict)
    p50: float | None = None
    p99: float | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def all_by(self) -> str | None:
        """Who gave every answer of the last whole seconds; None when it was not one alone."""
        return next(iter(self.recent)) if len(self.recent) == 1 else None


@dataclass(frozen=True)
class View:
    """Everything that a screen shows. None: it does not exist yet, or could not be read just now."""

    name: str = ""
    candidate: str = ""
    status: Status | None = None
    clients: Clients | None = None
    outcomes: int | None = None  # accepted by the recorder

    @property
    def phase(self) -> str:
        """The phase, or Pending before there is any status."""
        return self.status.phase.value if self.status else "Pending"

    @property
    def routers_agree(self) -> bool:
        """Whether every router has loaded the configuration that it should have."""
        router = self.status.router if self.status else None
        if router is None or router.wanted is None or not router.loaded:
            return False
        return router.ready >= router.replicas > 0 and set(router.loaded.values()) == {router.wanted}

    @property
    def settled(self) -> bool:
        """Whether the routers do what they should in the end: an intermediate step may be loaded by all of them too."""
        return self.routers_agree and self._holds(ConditionType.RECONCILING) is None

    def trouble(self) -> Condition | None:
        """The condition Stalled, where a person must act."""
        return self._holds(ConditionType.STALLED)

    def _holds(self, kind: ConditionType) -> Condition | None:
        conditions = self.status.conditions if self.status else []
        return next((c for c in conditions if c.type == kind and c.status == "True"), None)


def look(stand: Stand, name: str, candidate: str) -> View:
    """One look at a ModelDeployment and its traffic; never raises: what cannot be read is None."""
    return View(
        name=name,
        candidate=candidate,
        status=_status(stand.cluster, stand.wanted.namespace, name),
        clients=_clients(stand),
        outcomes=_outcomes(stand),
    )


def clients_of(report: dict[str, Any]) -> Clients:
    """The driver's report in short."""
    whole = report["perSecond"][:-1][-SETTLED_SECONDS:]
    recent: dict[str, int] = {}
    for second in whole:
        for track, n in second.items():
            if track not in ("second", "failed"):
                recent[track] = recent.get(track, 0) + n
    latency = report["latencyMs"]
    return Clients(
        url=report["url"],
        from_url=report["urls"].get(report["url"], 0),
        rate=sum(recent.values()) / len(whole) if whole else 0.0,
        failed=report["failed"],
        tracks=report["tracks"],
        recent=recent,
        p50=latency["p50"],
        p99=latency["p99"],
        changes=report["changes"],
    )


def _status(cluster: Cluster, namespace: str, name: str) -> Status | None:
    try:
        found = cluster.get(MODEL_DEPLOYMENT, name, namespace)
    except ApiError:
        return None
    if not found or not found.get("status"):
        return None
    try:
        return Status.model_validate(found["status"])
    except ValidationError as error:
        raise RuntimeError(f"the status of {name} is not what shadowlift.api says it is: {error}") from error


def _clients(stand: Stand) -> Clients | None:
    try:
        return clients_of(stand.report())
    except ApiError:
        return None


def _outcomes(stand: Stand) -> int | None:
    try:
        return int(stand.outcomes()["accepted"])
    except ApiError:
        return None
