"""What the reconciler needs of the outside world. Every method says whether calling it twice is safe.

Adapters raise only errors of `shadowlift.errors`: Unavailable (try again), Conflict (observe again), NameTaken, Refused, NotFound.
"""

from typing import Any, Protocol

from shadowlift.api.capture import LoadedConfig
from shadowlift.api.ledger import CountersAnswer, TrialRegistration
from shadowlift.api.record import Record

Object = dict[str, Any]


class Cluster(Protocol):
    """Writes to the Kubernetes API; each returns the object as it stands afterwards."""

    async def create(self, manifest: Object) -> Object:
        """POST. Twice: the second raises NameTaken if the object is not this owner's, else returns what is there."""
        ...

    async def get(self, kind: str, namespace: str, name: str) -> Object:
        """What the API server has now; NotFound if there is none. Reads only."""
        ...

    async def apply(self, manifest: Object) -> Object:
        """Server-side apply over an object of ours. Safe to repeat. Conflict if `resourceVersion` is given and not the newest."""
        ...

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        """Delete the object with that uid; gone already is fine."""
        ...

    async def annotate_pod(self, namespace: str, name: str, annotations: dict[str, str]) -> None:
        """Set annotations of a pod; a pod that is gone is fine. Safe to repeat."""
        ...

    async def write_status(self, namespace: str, name: str, status: Object) -> Object:
        """Server-side apply of the status subresource. Safe to repeat. NotFound if the ModelDeployment is gone."""
        ...


class Evidence(Protocol):
    """The recorder, as the operator uses it."""

    async def counters(self, trials: list[str]) -> CountersAnswer:
        """All counters of these trials in one call. Reads only."""
        ...

    async def register(self, registration: TrialRegistration) -> None:
        """Make a trial known. Safe to repeat; InvalidInput if it contradicts what is registered."""
        ...

    async def keep_record(self, trial: str, name: str, record: Record) -> None:
        """Keep a copy of a decision beside its evidence. Safe to repeat."""
        ...


class RouterPods(Protocol):
    """The shippers, asked at their pods."""

    async def loaded(self, address: str) -> LoadedConfig:
        """What the router at this pod address has in force. Reads only."""
        ...


class Clock(Protocol):
    """The time of day, and chance."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def jitter(self) -> float:
        """A number in [0, 1) that spreads retries."""
        ...


class Announcer(Protocol):
    """Kubernetes Events; never in the way of a decision."""

    async def announce(self, resource: Object, kind: str, reason: str, note: str) -> None:
        """Post one Event of type Normal or Warning. The same twice is one Event."""
        ...
