"""What is played while the operator is killed, and what must come of it. `test_faults` names a scenario, `runs` plays it.

A scenario is given a Place, goes all the way to where nothing is on its way any more, and says between which moments who alone may have
answered clients. How it ended is read from the cluster, for every scenario alike.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dev.traffic.cluster_api import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    SERVICE,
    Kind,
    Manifest,
)
from dev.traffic.stand import Stand
from tests.e2e.place import NAME, TRIAGE, Place, Story, asked, images, reconciling, shop_spec, short, spec

DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget")
KINDS = (DEPLOYMENT, SERVICE, CONFIG_MAP, DISRUPTION_BUDGET)
PATIENCE = 600.0  # seconds for a phase, in which the operator may be killed several times
ANSWER_WITHIN = 5  # seconds: verdicts must not differ because somebody else kept this machine busy for two
# A candidate that does not even take the connection is waited for so long before current is asked.
FALLBACK_US = 0.8e6 * ANSWER_WITHIN


class TooBusy(Exception):
    """The candidate did not answer in time, so that its trial says nothing of the operator; where that is no accident, it is a failure."""


@dataclass(frozen=True)
class Window:
    """Who alone answers requests that begin and end between two moments (unix microseconds)."""

    track: str
    since: float
    until: float = float("inf")


@dataclass(frozen=True)
class Played:
    """What a scenario leaves behind."""

    stand: Stand
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class Scenario:
    """What is played, beside which process, for a ModelDeployment of which name."""

    play: Callable[[Place], Played]
    name: str = NAME
    story: Story = TRIAGE

    def __str__(self) -> str:
        """What it is called."""
        return self.play.__name__


def shadow_trial(place: Place) -> Played:
    """A better model is tried in shadow, promoted by live traffic, and taken back by hand."""
    stand = place.traffic(50)
    place.apply(spec("logreg", images()["triage-logreg"], answerWithin=f"{ANSWER_WITHIN}s"))
    place.until_loaded(PATIENCE)
    stand.move(place.router_url)
    moved = _now()
    status = place.until("an end", lambda status: status["phase"] not in ("Pending", "Shadowing"), PATIENCE)
    if status["phase"] != "Promoted":
        failed = status["trial"]["coverage"]["candidateFailed"]
        raise (TooBusy if failed else AssertionError)(short(status))
    place.until_loaded(PATIENCE)
    promoted = _now()
    asked(stand, 100)
    told = _now()
    place.patch(serve="Current")
    place.until("current serves", lambda status: status["serving"]["name"] == "current", PATIENCE)
    place.until_loaded(PATIENCE)
    back = _now()
    settle(place)
    decided = next(record for record in _records(place) if record["kind"] == "Promoted")
    at = datetime.fromisoformat(decided["at"]).timestamp() * 1e6
    return Played(stand, (Window("current", moved, at), Window("candidate", promoted, told), Window("current", back)))


def canary(place: Place) -> Played:
    """A better offer is given 5, 25 and 50 % of a shop's visitors, promoted, and given all of them when its probation is over."""
    stand = place.traffic(60)
    wanted = shop_spec("personal", images()["offers-personal"], answerWithin=f"{ANSWER_WITHIN}s")
    place.apply({**wanted, "promotion": {"probation": {"duration": "5s"}}})
    place.until_loaded(PATIENCE)
    stand.move(place.router_url)
    status = place.until("an end", lambda status: status["phase"] not in ("Pending", "Canary"), PATIENCE)
    if status["phase"] != "Promoted":
        busy = status["trial"]["verdict"]["reason"] == "CircuitBreaker"
        raise (TooBusy if busy else AssertionError)(short(status))
    place.until("the probation to be over", lambda status: status["history"][0]["kind"] == "Settled", PATIENCE)
    place.until_loaded(PATIENCE)
    settled = _now()
    asked(stand, 100)
    visitors = stand.report()["visitors"]
    if visitors["left"]:
        raise AssertionError(f"visitors who left the canary: {visitors}")
    return Played(stand, (Window("candidate", settled),))


def settle(place: Place) -> None:
    """Wait until the operator has seen the spec and nothing is on its way."""

    def settled(status: Manifest) -> bool:
        seen = status.get("observedGeneration") == place.resource["metadata"]["generation"]
        return seen and not reconciling(status)

    place.until("nothing on its way", settled, PATIENCE)


def end_of(place: Place) -> dict[str, Any]:
    """How it ended: what status and records say, and which objects there are. No times, uids, hashes of uids or figures."""
    status = place.status
    objects = {f"{kind.kind}/{item['metadata']['name']}": item for kind in KINDS for item in _owned(place, kind)}
    routes = json.loads(objects[f"ConfigMap/{place.name}-router"]["data"]["intent.json"])
    for name in ("uid", "salt"):  # of a trial that goes on
        (routes.get("trial") or {}).pop(name, None)
    return {
        "phase": status["phase"],
        "serving": {name: status["serving"].get(name) for name in ("name", "workload", "reason")},
        "weight": status["weight"],
        "verdict": {name: status["trial"]["verdict"][name] for name in ("kind", "reason")},
        "conditions": {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]},
        "records": [(one["number"], one["kind"], one["reason"], one["candidate"]) for one in _records(place)],
        "replicas": {
            name: item["spec"]["replicas"] for name, item in objects.items() if name.startswith("Deployment/")
        },
        "objects": sorted(objects),
        "routes": routes,
    }


def _records(place: Place) -> list[Manifest]:
    return sorted((item["data"] for item in _owned(place, CONTROLLER_REVISION)), key=lambda data: int(data["number"]))


def _owned(place: Place, kind: Kind) -> list[Manifest]:
    return place.cluster.find(kind, place.namespace, {"shadowlift.dev/modeldeployment": place.name})


def lost(log: Iterable[Manifest], url: str) -> list[str]:
    """Requests of this URL that nobody answered well; those of another one are not the router's to lose."""
    return [f"request {one['n']} at {one['at']}: {one['error']}" for one in log if one["error"] and one["url"] == url]


def strays(log: Iterable[Manifest], windows: Sequence[Window]) -> list[str]:
    """Requests that were answered by somebody else than who alone may have been asked."""
    return [
        f"request {one['n']} at {one['at']}: {one['track']} answered in {one['us']} us, {window.track} was to"
        for one in log
        for window in windows
        if window.since <= one["at"] and one["at"] + one["us"] <= window.until
        and one["track"] not in (window.track, None)
        and not (one["track"] == "current" and one["us"] >= FALLBACK_US)
    ]  # fmt: skip


def _now() -> float:
    return time.time() * 1e6  # noqa: TID251 - the clients' clock is this machine's
