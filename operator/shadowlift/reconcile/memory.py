"""What the operator remembers between cycles and may forget at any time: nothing is decided from it that could not be found again.

Written by `observe`, `apply` and the evidence loop; a restart begins with an empty one.
"""

from dataclasses import dataclass, field

from shadowlift.api.ledger import CountersAnswer, TrialCounters
from shadowlift.api.record import Record
from shadowlift.reconcile.store import Key, Object
from shadowlift.rollout.observed import Published

TAKEN_FOR = 10.0  # seconds until it is asked again whether a name is still taken
FIRST_REFRESH = 2.0  # seconds until a router that has not loaded its configuration is refreshed again; doubles
LAST_REFRESH = 60.0


@dataclass
class EvidenceMemory:
    """The recorder's last answer."""

    ledger: str | None = None
    at: float | None = None
    error: str | None = "the recorder has not been asked yet"
    counters: dict[str, TrialCounters] = field(default_factory=dict)
    registered: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)  # trial -> ledger, router uids

    def take(self, answer: CountersAnswer, at: float) -> None:
        """Replace what is known by a new answer."""
        self.ledger, self.at, self.error = answer.ledger_id, at, None
        self.counters.update({trial.uid: trial for trial in answer.trials})
        for uid in answer.unknown:
            self.counters.pop(uid, None)
            self.registered.pop(uid, None)


@dataclass
class Refresh:
    """When a router pod was last told to refresh its volume, and for which version."""

    version: str
    attempt: int
    again_at: float


@dataclass
class Memory:
    """All of it."""

    evidence: EvidenceMemory = field(default_factory=EvidenceMemory)
    loaded: dict[str, tuple[int, str]] = field(default_factory=dict)  # pod uid -> container restarts, version in force
    refreshed: dict[str, Refresh] = field(default_factory=dict)  # pod uid
    taken: dict[Key, dict[str, float]] = field(default_factory=dict)  # "Kind/name" -> when to ask again
    watched: dict[Key, str] = field(default_factory=dict)  # ModelDeployment -> trial under way
    published: dict[Key, tuple[Object, Published]] = field(default_factory=dict)  # the ConfigMap, and what it says
    # version that all routers have loaded, and since when
    agreed: dict[Key, tuple[str, float]] = field(default_factory=dict)
    undecided: dict[Key, Record] = field(default_factory=dict)  # an end of a trial that could not be written yet

    def forget(self, key: Key) -> None:
        """A ModelDeployment is gone."""
        for known in (self.watched, self.taken, self.published, self.undecided, self.agreed):
            known.pop(key, None)

    def refresh_due(self, pod_uid: str, version: str, now: float) -> int | None:
        """Number of the attempt to make now, or None if it is too early."""
        last = self.refreshed.get(pod_uid)
        if last is None or last.version != version:
            attempt, wait = 1, FIRST_REFRESH
        elif now >= last.again_at:
            attempt, wait = last.attempt + 1, min(LAST_REFRESH, FIRST_REFRESH * 2**last.attempt)
        else:
            return None
        self.refreshed[pod_uid] = Refresh(version, attempt, now + wait)
        return attempt
