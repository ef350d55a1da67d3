"""One trial from its start to its verdict: requests are told to the recorder as the routers' configuration says, and looked at.

Called by `running`; a scene and a seed in, an `End` out. Who answers a request, and to which epoch it belongs, is read from what the
operator has published, never from the scene: the scene's own plan of weights serves the naive rule, and a difference stops the run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dev.bench.pipeline.deployment import Deployment
from dev.bench.pipeline.ledger import Ledger
from dev.bench.pipeline.visits import Answers, Draw, Flags, Visits
from shadowlift.api.capture import Track
from shadowlift.api.ledger import Arm, Row, RowStatus
from shadowlift.api.quantities import seconds
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.rollout import arms
from shadowlift.rollout.evidence import total
from shadowlift.rollout.observed import RouterPod

EARLY = 400  # of the requests before counting that are to mature: of all others only the answers are of interest
MOST_ROUNDS = 5  # of watching, where chance wants more than one
SHARED = 1000


@dataclass(frozen=True)
class Scene:
    """A kind of trial. Times in seconds since counting began.

    Attributes:
        spec: of the ModelDeployment.
        draw: the requests that count.
        size: how many of them.
        spacing: from one to the next.
        looks: when the operator looks.
        steps: the canary's weights in thousandths, and the request with which each ends; without them it is a shadow.
        before: what is drawn while nothing counts yet, if other than later, and how many.
        naive: the common rule, on the same requests; gets the candidate's ones.
        routers: how many.
        blocked: from when to when the last router's lines stay where they are.
        losing: the routers tell at each look that a line was lost.
    """

    spec: dict[str, Any]
    draw: Draw
    size: int
    spacing: float
    looks: tuple[float, ...]
    steps: tuple[tuple[int, int], ...] = ()
    before: tuple[Draw | None, int] = (None, 200)
    naive: "Callable[[Scene, Visits, Flags], bool] | None" = None
    routers: int = 1
    blocked: tuple[float, float] | None = None
    losing: bool = False

    @property
    def maturity(self) -> float:
        """How long an outcome may take."""
        return seconds(self.spec["objective"]["outcome"]["maturity"])

    @property
    def at(self) -> NDArray[np.float64]:
        """When each request comes."""
        return self.spacing * (np.arange(self.size, dtype=np.float64) + 0.5)

    @property
    def weights(self) -> NDArray[np.int64]:
        """The planned weight of each request."""
        found, start = np.zeros(self.size, dtype=int), 0
        for weight, end in self.steps:
            found[start:end], start = weight, end
        return found


@dataclass(frozen=True)
class Seen:
    """What one look said."""

    requests: int  # that counted, until then
    kind: str
    reason: str
    guardrails: tuple[str, ...]


@dataclass(frozen=True)
class End:
    """What became of a trial."""

    kind: str  # of the record that ended it, or of the last verdict
    reason: str
    mature: int
    lift: float  # as the last look shows it, in the objective's units
    looks: tuple[Seen, ...]
    naive: bool

    @property
    def promoted(self) -> bool:
        """The candidate serves."""
        return self.kind == "Promoted"


class Trial:
    """A trial under way."""

    def __init__(self, scene: Scene, ledger: Ledger, seed: Sequence[int]) -> None:
        self._scene, self._ledger, self._name = scene, ledger, str(seed[-1])
        self._rng = np.random.default_rng(seed)
        self._pods = tuple(RouterPod(f"r-{n}", f"uid-r-{n}", True, None, None) for n in range(scene.routers))
        self._losses = 0  # lines that each router says it lost
        ledger.clear()
        spec = {**scene.spec, "trial": self._name, "router": {"replicas": scene.routers}}
        self._deployment = Deployment(spec=spec, ledger=ledger.ledger_id, pods=self._pods, recorder=ledger)
        self._kept: dict[str, list[Row]] = {pod.uid: [] for pod in self._pods}

    def run(self) -> End:
        """Until its end, or until the scene is over."""
        self._deployment.begin()
        self._before()
        scene, looks = self._scene, []
        visits = scene.draw(self._rng, scene.size)
        given = visits.chance * SHARED < scene.weights
        flow = _Flow(scene, visits, given)
        origin = self._deployment.now
        for elapsed in scene.looks:
            self._deployment.now = max(self._deployment.now, origin + elapsed)
            self._happens(flow, origin, elapsed)
            self._ledger.sweep(self._deployment.microseconds)
            self._deployment.look()
            looks.append(self._seen(flow.shipped))
            if self._deployment.end is not None:
                break
        naive = scene.naive is not None and scene.naive(scene, visits, given)
        end, last = self._deployment.end, self._deployment.verdict
        kind, reason = (end.kind.value, end.reason) if end else (last.kind.value, last.reason)
        return End(kind, reason, self._mature(), self._deployment.lift, tuple(looks), naive)

    def _before(self) -> None:
        """Current is watched, or first pairs are compared, until units count."""
        scene, deployment = self._scene, self._deployment
        draw, size = scene.before
        for number in range(MOST_ROUNDS):
            visits = (draw or scene.draw)(self._rng, size)
            ids = [f"{self._name}-before-{number}-{n}" for n in range(size)]
            early = range(min(size, EARLY))
            self._keep_before(visits, ids, early)
            deployment.now += scene.maturity
            known = ((_key(visits, n, ids[n]), visits.current.outcomes[n]) for n in early)
            self._ledger.post([(key, value) for key, value in known if value is not None], deployment.microseconds)
            self._keep_before(visits, ids, range(early.stop, size))
            deployment.now += self._ledger.rules.grace_us / 1e6 + 1
            self._send(range(scene.routers))
            self._ledger.sweep(deployment.microseconds)
            deployment.look()
            if deployment.counts:
                return
        raise RuntimeError(f"nothing counts after {MOST_ROUNDS} rounds: {deployment.verdict}")

    def _keep_before(self, visits: Visits, ids: Sequence[str], which: range) -> None:
        """All of them now, and current's."""
        now, nobody = self._deployment.microseconds, np.zeros(visits.size, dtype=bool)
        self._keep(visits, nobody, [ids[n] for n in which], [now + n for n in which], which)
        self._send(range(self._scene.routers))

    def _happens(self, flow: "_Flow", origin: float, elapsed: float) -> None:
        """All that was asked and became known since the last look."""
        now, blocked, routers = self._deployment.microseconds, self._scene.blocked, self._scene.routers
        new = flow.until(elapsed)
        self._check(flow, new)
        starts = [round((origin + at) * 1e6) for at in flow.at[new.start : new.stop].tolist()]
        self._keep(flow.visits, flow.given, [self._id(n) for n in new], starts, new)
        is_blocked = blocked is not None and blocked[0] <= elapsed < blocked[1]
        self._send(range(routers - is_blocked))
        known = flow.known(elapsed)
        self._ledger.post([(_key(flow.visits, n, self._id(n)), value) for n, value in known], now)

    def _check(self, flow: "_Flow", new: range) -> None:
        """The operator shares requests as the scene has planned."""
        split, these = self._deployment.intent.split, slice(new.start, new.stop)
        weight = split.weight if split else 0
        if not np.array_equal(flow.visits.chance[these] * SHARED < weight, flow.given[these]):
            raise RuntimeError(
                f"the operator shares {weight} of {SHARED} at request {new.start}, planned is another weight"
            )

    def _id(self, number: int) -> str:
        return f"{self._name}-{number}"

    def _keep(self, visits: Visits, given: Flags, ids: Sequence[str], starts: Sequence[int], which: range) -> None:
        """The routers' lines of some requests."""
        intent, routers = self._deployment.intent, [pod.uid for pod in self._pods]
        lines = _Lines(intent, visits)
        for number, id_, start in zip(which, ids, starts, strict=True):
            if visits.lost is not None and given[number] and visits.lost[number]:
                continue
            self._kept[routers[number % len(routers)]] += lines.of(number, bool(given[number]), id_, start)

    def _send(self, which: range) -> None:
        """The shippers empty what they keep; one that has nothing says so."""
        now = self._deployment.microseconds
        self._losses += self._scene.losing
        for number in which:
            router = self._pods[number].uid
            self._ledger.ship(router, self._kept[router], now, self._losses)
            self._kept[router] = []

    def _seen(self, requests: int) -> Seen:
        verdict, status = self._deployment.verdict, self._deployment.status
        known = status.trial.guardrails if status and status.trial else []
        return Seen(requests, verdict.kind.value, verdict.reason, tuple(guard.safety for guard in known))

    def _mature(self) -> int:
        """Units whose time has come, of those that count."""
        epochs = next(iter(self._deployment.counters.values())).epochs
        counted = total([counters for number, counters in epochs.items() if number.isdigit() and int(number) > 1])
        return arms.mature(counted) + counted.wins + counted.losses + counted.ties + counted.unlabelled


class _Flow:
    """How far the requests have come."""

    def __init__(self, scene: Scene, visits: Visits, given: Flags) -> None:
        self.visits, self.given, self.at, self.shipped = visits, given, scene.at, 0
        outcomes = [(visits.candidate if mine else visits.current).outcomes[n] for n, mine in enumerate(given.tolist())]
        self._outcomes = outcomes
        delays = visits.delays(given)
        if (delays > scene.maturity).any():
            raise ValueError(
                "an outcome after its maturity: looks are too far apart to tell whether its unit has closed"
            )
        due = np.where([outcome is None for outcome in outcomes], np.inf, self.at + delays)
        self._order, self._due, self._posted = np.argsort(due, kind="stable"), np.sort(due), 0

    def until(self, elapsed: float) -> range:
        """Requests that have come since the last time this was asked."""
        start, self.shipped = self.shipped, int(np.searchsorted(self.at, elapsed, side="right"))
        return range(start, self.shipped)

    def known(self, elapsed: float) -> list[tuple[int, Any]]:
        """Requests whose outcome has become known since the last time this was asked, in that order."""
        start, self._posted = self._posted, int(np.searchsorted(self._due, elapsed, side="right"))
        return [(n, self._outcomes[n]) for n in self._order[start : self._posted].tolist()]


@dataclass(frozen=True)
class _Lines:
    """What a router and its shipper make of requests, under one configuration."""

    intent: RouterIntent
    visits: Visits

    def of(self, number: int, candidate: bool, id_: str, start: int) -> list[Row]:
        """One line where a process answers, two where the other one is shown a copy."""
        told, visits = self.intent.trial, self.visits
        if told is None:
            raise RuntimeError("the routers tell of no trial")
        user = None if visits.users is None else f"{visits.users[number]:016x}"
        first = visits.candidate if candidate else visits.current
        arm = None if self.intent.split is None else Arm.CANDIDATE if candidate else Arm.CURRENT
        common = {
            "trial": told.uid, "epoch": told.epoch, "id": id_, "t": start,
            "unit": user, "key": _key(visits, number, id_) if visits.keyed else None,
        }  # fmt: skip
        live = Row(**common, **_answer(first, number), track=Track.LIVE, mirrored=arm is None, arm=arm)
        if self.intent.shadow is None:
            return [live]
        further = [rival.name for rival in self.intent.rivals]
        copies = [
            Row(**common, **_answer(visits.rivals[name], number), track=Track.SHADOW, candidate=name)
            for name in further
        ]
        return [live, Row(**common, **_answer(visits.candidate, number), track=Track.SHADOW), *copies]


def _key(visits: Visits, number: int, id_: str) -> str:
    """By what an outcome names a request: its user, or itself."""
    return f"user-{visits.users[number]}" if visits.keyed and visits.users is not None else id_


def _answer(answers: Answers, number: int) -> dict[str, Any]:
    status = answers.status(number)
    reason = {RowStatus.FAILED: "Broken", RowStatus.OURS: "TooLong"}.get(status)
    us = None if answers.us is None else int(answers.us[number])
    return {"status": status, "reason": reason, "value": answers.value(number), "us": us}


def anew(scene: Scene, **changes: Any) -> Scene:
    """The same scene, but for `changes`."""
    return replace(scene, **changes)
