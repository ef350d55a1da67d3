"""Named worlds for the tests of the core: a ModelDeployment at some point of its life, without any shell around it.

`Life.cycle()` decides once and lets the effects of the plan happen at once: records are durable, routers load, pods start.
"""

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from shadowlift.api.ledger import FIRST_STEP_EPOCH, WATCH_EPOCH, EpochCounters, RouterReport, TrialCounters
from shadowlift.api.names import LABEL_WORKLOAD
from shadowlift.api.parse import parse_spec
from shadowlift.api.record import Record
from shadowlift.api.status import Condition, Status
from shadowlift.errors import InvalidInput
from shadowlift.resources.owner import Owner
from shadowlift.resources.routers import RouterSettings
from shadowlift.rollout.decide import decide
from shadowlift.rollout.instants import parse
from shadowlift.rollout.observed import (
    EvidenceView,
    Installation,
    Observed,
    Prices,
    Published,
    Resource,
    RouterPod,
    Routers,
    ServiceView,
    Traffic,
    Workload,
)
from shadowlift.rollout.plan import Plan
from shadowlift.rollout.world import World
from shadowlift.stats.scales import UNSIGNED
from tests.support.world import BETTER, REJECT_AFTER_S, spec

NOW = 1_800_000_000.0
RULES = ServiceView("rules", frozenset({8080}))
ANYWHERE = ServiceView("any", frozenset({8080, 9090}))  # whichever Service spec.current names next is there
OWNER = Owner("triage", "clinic", "uid-of-triage")
SETTINGS = RouterSettings("shadowlift:test")
VALUES = {"M": 40, "B": 60}
STEP_S = 10.0
CANARY = {
    "canary": {"steps": [{"weight": "5%", "minimumDuration": "10s"}, {"weight": "50%", "minimumDuration": "10s"}]}
}
LONGEST_TRY = 70.0  # seconds after which no request hangs in a candidate any more
BENTO = {"image": "logreg:1", "replicas": 2}
CURRENT = {"service": {"name": "rules", "port": 8080}}
TREE = [{"name": "tree", "bento": {"image": "tree:1", "replicas": 2}}]
SENDERS = {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}]}
OTHER_CONTENT: dict[str, dict[str, Any]] = {  # something else is to be measured
    "another image": {"candidates": [{"name": "logreg", "bento": {**BENTO, "image": "logreg:2"}}]},
    "another environment": {"candidates": [{"name": "logreg", "bento": {**BENTO, "env": [{"name": "A"}]}}]},
}
OTHER_CURRENT: dict[str, dict[str, Any]] = {  # it is to be measured against something else
    "another port": {"current": {"service": {"name": "rules", "port": 9090}}},
    "another Service": {"current": {"service": {"name": "vendor", "port": 8080}}},
    "another bento": {"current": {"bento": {"image": "rules:2", "replicas": 2}}},
    "another revision": {"current": {**CURRENT, "revision": "2"}},
}
OTHER_QUESTION: dict[str, dict[str, Any]] = {  # another question is asked of the same two, by a spec with a canary
    "another name": {"candidates": [{"name": "other", "bento": BENTO}]},
    "how current answers": {"current": {**CURRENT, "prediction": {"header": "x-p"}}},
    "prediction": {"prediction": {"body": "diagnosis"}},
    "unit": {"unit": {"header": "x-user-id"}},
    "objective": {"objective": {"targetLift": "0.03", "outcome": SENDERS}},
    "guardrails": {"guardrails": [{"name": "late", "type": "ErrorRate", "maxIncrease": "0.05"}]},
    "answerWithin": {"answerWithin": "400ms"},
    "deadline": {"deadline": "2h"},
    "steps": {"strategy": {"canary": {"steps": [{"weight": "10%", "minimumDuration": "10s"}]}}},
    "failOpen": {"strategy": {"canary": {**CANARY["canary"], "failOpen": False}}},
    "circuitBreaker": {"strategy": {"canary": {**CANARY["canary"], "circuitBreaker": {"minimumRequests": 50}}}},
    "a shadow instead": {"strategy": {"shadow": {"percent": "100%"}}},
    "trial": {"trial": "2"},
}
WARM = EpochCounters(live=100, booked=100, ties=90, disagreements=10, current_values=VALUES, candidate_values=VALUES)


@dataclass
class Life:
    """One ModelDeployment; a test changes what it is about and cycles."""

    spec: dict[str, Any] = field(default_factory=spec)
    owner: Owner = OWNER
    now: float = NOW
    records: tuple[Record, ...] = ()
    status: Status | None = None
    generation: int = 1
    published: Published | None = None
    pods: tuple[RouterPod, ...] = tuple(RouterPod(f"r-{n}", f"uid-r-{n}", True, None, None) for n in (1, 2))
    workloads: dict[str, Workload] = field(default_factory=dict)
    service: ServiceView | None = RULES
    ledger: str | None = "ledger-1"
    error: str | None = None
    counters: dict[str, TrialCounters] = field(default_factory=dict)
    traffic: tuple[Traffic, ...] = ()  # what the operator remembers of the candidate's requests
    registered: set[str] = field(default_factory=set)
    taken: tuple[str, ...] = ()
    prices: Prices | None = None
    loads: bool = True  # routers load what is published
    starts: bool = True  # pods of workloads become ready
    agreed: tuple[str, float] | None = None  # version that all routers have loaded, and since when
    last: Plan | None = None

    def copy(self) -> "Life":
        """The same life, to go another way from here."""
        return replace(
            self, workloads=dict(self.workloads), counters=dict(self.counters), registered=set(self.registered)
        )

    def observed(self) -> Observed:
        """What a cycle would know now."""
        read: Any
        try:
            read = parse_spec(self.spec)
        except InvalidInput as error:
            read = error
        trial = self.last.watch_trial if self.last else None
        known = trial in self.registered
        return Observed(
            resource=Resource(self.owner, self.generation, read, self.status),
            records=self.records,
            installation=Installation(SETTINGS, "http://recorder.:8080", self.prices),
            workloads=dict(self.workloads),
            current_service=self.service,
            routers=self._routers(),
            evidence=EvidenceView(
                self.ledger,
                self.counters.get(trial or "") if known else None,
                self.now,
                self.error,
                self.traffic,
                known,
            ),
            taken=self.taken,
        )

    def _routers(self) -> Routers:
        seen = Routers(self.published, self.pods)
        version = self.published.version if self.published and seen.agreed else None
        if version is None:
            self.agreed = None
        elif self.agreed is None or self.agreed[0] != version:
            self.agreed = (version, self.now)
        return replace(seen, agreed_since=self.agreed[1] if self.agreed else None)

    def world(self) -> World:
        """The facts derived from it."""
        observed = self.observed()
        if isinstance(observed.resource.spec, InvalidInput):
            raise observed.resource.spec
        return World(observed, observed.resource.spec, self.now)

    def plan(self) -> Plan:
        """What would be done now; nothing happens."""
        return decide(self.observed(), self.now)

    def cycle(self) -> Plan:
        """Decide once; the effects happen."""
        plan = self.plan()
        watched = self.last.watch_trial if self.last and plan.records else None
        self.last = plan if watched is None else replace(plan, watch_trial=watched)
        self.status = plan.status
        self.records += plan.records
        for registration in plan.registrations:
            self.registered.add(registration.uid)
            self.counters.setdefault(registration.uid, TrialCounters(uid=registration.uid))
        for manifest in plan.manifests:
            self._run(manifest)
        if plan.router is not None:
            self.published = Published(plan.router.version, plan.router.number, plan.router.intent, fresh=True)
        if self.loads and self.published is not None:
            self.pods = tuple(replace(pod, loaded=self.published.version) for pod in self.pods)
        for name in plan.delete:
            del self.workloads[name]
        self.now += 0.5
        return plan

    def _run(self, manifest: dict[str, Any]) -> None:
        name = manifest["metadata"]["name"]
        if manifest["kind"] != "Deployment" or LABEL_WORKLOAD not in manifest["metadata"]["labels"]:
            return
        replicas = manifest["spec"]["replicas"]
        image = manifest["spec"]["template"]["spec"]["containers"][0]["image"]
        known = self.workloads.get(name, Workload(name, replicas, 0))
        ready = replicas if self.starts else min(known.ready, replicas)
        images = frozenset({f"sha256:{image}"}) if ready else frozenset[str]()
        self.workloads[name] = replace(known, replicas=replicas, ready=ready, images=images)

    def settled(self) -> "Life":
        """The same, once nothing is on its way."""
        self.settle()
        return self

    def settle(self, limit: int = 40) -> Status:
        """Cycle until nothing is on its way and nothing changes, also not when hanging requests have ended.

        Time goes on until a rejection has stood long enough.
        """
        waited = False
        for _ in range(limit):
            before = (self.status, self.records, self.published, dict(self.workloads), set(self.registered))
            plan = self.cycle()
            if before != (self.status, self.records, self.published, self.workloads, self.registered):
                continue
            confirmed = self.rejecting_since + REJECT_AFTER_S
            if self.now < confirmed:
                self.now = confirmed
                continue
            if waited or self.published is None or not self.published.intent.spare:
                return plan.status
            waited, self.now = True, self.now + LONGEST_TRY
        raise AssertionError(f"not settled after {limit} cycles: {self.status}")

    def stood(self) -> "Life":
        """The same, when what a look says now has stood long enough for a rejection."""
        self.cycle()
        self.now += REJECT_AFTER_S
        return self

    @property
    def rejecting_since(self) -> float:
        """Since when status says that a candidate, of several the last one, is about to be rejected; 0: none is."""
        trial = self.status.trial if self.status else None
        said = [one.verdict for one in (trial, *trial.contenders) if one.verdict] if trial else []
        return max((parse(one.rejecting_since) for one in said if one.rejecting_since), default=0.0)

    def edit(self, **changes: Any) -> None:
        """The user applies a changed spec; a value of None takes a field back."""
        self.spec = {key: value for key, value in {**self.spec, **changes}.items() if value is not None}
        self.generation += 1

    @property
    def trial(self) -> str:
        """Uid of the trial in status."""
        if self.status is None or self.status.trial is None:
            raise AssertionError("no trial yet")
        return self.status.trial.uid

    def count(self, epoch: int | str, counters: EpochCounters) -> None:
        """The recorder has counted this in an epoch."""
        before = self.counters[self.trial]
        self.counters[self.trial] = before.model_copy(update={"epochs": {**before.epochs, str(epoch): counters}})

    def routers_report(self, *reports: RouterReport) -> None:
        """What the recorder says of the routers."""
        self.counters[self.trial] = self.counters[self.trial].model_copy(update={"routers": list(reports)})

    def condition(self, kind: str) -> Condition | None:
        """One condition of the status."""
        found = self.status.conditions if self.status else []
        return next((condition for condition in found if condition.type == kind), None)


def warming(**changes: Any) -> Life:
    """A trial that the routers have loaded; nothing compared yet."""
    return _lived("warming").copy() if not changes else _warmed(changes)


def counting(**changes: Any) -> Life:
    """A trial whose evidence counts; none has come."""
    return _lived("counting").copy() if not changes else _counted(changes)


def watching(**changes: Any) -> Life:
    """A canary whose routers are loaded; current alone is watched, and nothing is known of it."""
    return _lived("watching").copy() if not changes else _watched(changes)


def stepping(**changes: Any) -> Life:
    """A canary in its first step, of 5 %; no unit of it is mature."""
    return _lived("stepping").copy() if not changes else _stepped(changes)


def last_step(**changes: Any) -> Life:
    """A canary in its second and last step, of 50 %; no unit of that is mature."""
    return _lived("last_step").copy() if not changes else _stepped_last(changes)


def succeeding() -> Life:
    """A promotion in force, and another candidate in the first step of its canary against it."""
    return _lived("succeeding").copy()


def past_first_step(life: Life) -> Life:
    """The first step has lasted, and both arms did as well; the second one is under way."""
    life.count(FIRST_STEP_EPOCH, arms((10, 8), (190, 152)))
    life.now += STEP_S
    return life.settled()


def created_again(life: Life) -> Life:
    """The same name and spec, after a deletion that took with it all that was made; the recorder's ledger outlives that."""
    owner = replace(life.owner, uid=f"{life.owner.uid}-again")
    kept = {"counters": dict(life.counters), "registered": set(life.registered), "ledger": life.ledger}
    return Life(spec=life.spec, owner=owner, now=life.now, **kept)


def arms(candidate: tuple[int, int] = (0, 0), current: tuple[int, int] = (0, 0), **more: Any) -> EpochCounters:
    """Mature units of a split by arm, with how many of them were right."""
    units = {"candidate": candidate[0], "current": current[0]}
    best = len(UNSIGNED) - 1
    results = {
        f"{name}/{spot}": n
        for name, (of, right) in (("candidate", candidate), ("current", current))
        for spot, n in ((best, right), (0, of - right))
        if n
    }
    values = {f"{name}_values": {"M": n} for name, n in units.items() if n}
    counted = {"live": sum(units.values()), "booked": sum(units.values()), "outcome_values": {"M": sum(units.values())}}
    by_arm = {"units_by_arm": units, "known_by_arm": units, "results_by_arm": results, "requests_by_arm": units}
    return EpochCounters(**{**counted, **values, **by_arm, **more})


def promoted() -> Life:
    """A promotion in force, not adopted."""
    return _lived("promoted").copy()


def _warmed(changes: dict[str, Any]) -> Life:
    life = Life(spec=spec(**changes))
    life.settle()
    return life


def _counted(changes: dict[str, Any]) -> Life:
    life = _warmed(changes)
    life.count(1, WARM)
    life.settle()
    return life


def _promoted(changes: dict[str, Any]) -> Life:
    life = _counted(changes)
    life.count(2, EpochCounters(**BETTER))
    life.settle()
    return life


def _watched(changes: dict[str, Any]) -> Life:
    return Life(spec=spec(**{"strategy": CANARY, **changes})).settled()


def _stepped(changes: dict[str, Any]) -> Life:
    return _past_watch(watching(**changes))


def _past_watch(life: Life) -> Life:
    life.count(WATCH_EPOCH, arms(current=(200, 160)))
    return life.settled()


def _stepped_last(changes: dict[str, Any]) -> Life:
    return past_first_step(stepping(**changes))


def _succeeded(changes: dict[str, Any]) -> Life:
    life = promoted()
    life.edit(candidates=TREE, strategy=CANARY, **changes)
    return _past_watch(life.settled())


@cache
def _lived(how: str) -> Life:
    """Lived once, copied for each test: most tests begin at one of these."""
    ways = {
        "warming": _warmed, "counting": _counted, "promoted": _promoted,
        "watching": _watched, "stepping": _stepped, "last_step": _stepped_last, "succeeding": _succeeded,
    }  # fmt: skip
    return ways[how]({})
