"""What the operator remembers between cycles and may forget at any time: nothing is decided from it that could not be found again.

Written by `observe`, `apply` and the evidence loop; a restart begins with an empty one.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from shadowlift.api.ledger import FIRST_STEP_EPOCH, Arm, CountersAnswer, TrialCounters
from shadowlift.api.record import Record
from shadowlift.reconcile.store import Key, Object
from shadowlift.rollout.observed import Published, Traffic

TAKEN_FOR = 10.0  # seconds until it is asked again whether a name is still taken
TRAFFIC_KEPT = 75.0  # seconds: the longest window of a circuit breaker, and some
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
    traffic: dict[str, deque[Traffic]] = field(default_factory=dict)  # trial -> what its candidate was asked lately

    def take(self, answer: CountersAnswer, at: float) -> None:
        """Replace what is known by a new answer, which came at that time (unix seconds, of this operator's clock)."""
        self.ledger, self.at, self.error = answer.ledger_id, answer.at / 1e6, None
        self.counters.update({trial.uid: trial for trial in answer.trials})
        for trial in answer.trials:
            self._note(trial, at)
        for uid in answer.unknown:
            for known in (self.counters, self.registered, self.traffic):
                known.pop(uid, None)

    def keep(self, trials: Collection[str]) -> None:
        """Forget all trials but these."""
        for known in (self.counters, self.registered, self.traffic):
            for uid in known.keys() - trials:
                del known[uid]

    def _note(self, trial: TrialCounters, at: float) -> None:
        """From before the first step on: what its first requests come to is part of the first window."""
        numbers = ((name.partition("/")[0], epoch) for name, epoch in trial.epochs.items())
        steps = [epoch for number, epoch in numbers if int(number) >= FIRST_STEP_EPOCH]
        lately = self.traffic.setdefault(trial.uid, deque())
        requests = sum(epoch.requests_by_arm.get(Arm.CANDIDATE, 0) for epoch in steps)
        lately.append(
            Traffic(at, requests, sum(epoch.request_failures_by_arm.get(Arm.CANDIDATE, 0) for epoch in steps))
        )
        while lately[0].at < at - TRAFFIC_KEPT:
            lately.popleft()


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
    routers: dict[Key, frozenset[str]] = field(default_factory=dict)  # pod uids of a ModelDeployment
    taken: dict[Key, dict[str, float]] = field(default_factory=dict)  # "Kind/name" -> when to ask again
    watched: dict[Key, str] = field(default_factory=dict)  # ModelDeployment -> trial under way
    published: dict[Key, tuple[Object, Published]] = field(default_factory=dict)  # the ConfigMap, and what it says
    # version that all routers have loaded, and since when
    agreed: dict[Key, tuple[str, float]] = field(default_factory=dict)
    undecided: dict[Key, Record] = field(default_factory=dict)  # an end of a trial that could not be written yet

    def forget(self, key: Key) -> None:
        """A ModelDeployment is gone."""
        self.see_routers(key, frozenset())
        for known in (self.routers, self.watched, self.taken, self.published, self.undecided, self.agreed):
            known.pop(key, None)

    def see_routers(self, key: Key, uids: frozenset[str]) -> None:
        """A ModelDeployment has these router pods, and no others any more."""
        for uid in self.routers.get(key, frozenset()) - uids:
            self.loaded.pop(uid, None)
            self.refreshed.pop(uid, None)
        self.routers[key] = uids

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
