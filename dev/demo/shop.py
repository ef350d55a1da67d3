"""The second story, told by `make demo-canary`: a shop, three candidates in canaries side by side, and a timeline of their shares.

What a visitor spends depends on the offer that was shown, so no shadow can tell which model is better. `python -m dev.demo.shop` exits 0
only if the better one was promoted and really serves, the harmful one was rejected, the equal one was not promoted, and no request
was lost.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dev.demo import ending, figures, leftovers, proof, stages
from dev.demo.ending import columns
from dev.traffic import manifests
from dev.traffic.cluster_api import (
    DEPLOYMENT,
    MODEL_DEPLOYMENT,
    ApiError,
    Cluster,
    Overdue,
    is_local,
    is_rolled_out,
    wait_for,
)
from dev.traffic.stand import ROWS, Ended, Stand, Wanted
from dev.traffic.visitors import strayed

PLACE = "shop"
RULES = "offers-rules"
PATH = "/offer"
RATE = 40.0  # visits per second of each ModelDeployment; a fifth are of visitors who came before
ANSWER_WITHIN = 2  # seconds
LOOK_EVERY = 1.0  # seconds
PATIENCE = 420.0


class Failed(Exception):
    """The story did not come true; the text says what was awaited and what there was instead."""


@dataclass(frozen=True)
class Part:
    """One candidate: how it must end, and what that means."""

    name: str
    image: str
    ends: tuple[str, ...]
    deadline: str
    target: str
    moral: str


PARTS = (
    Part(
        "personal",
        "offers-personal",
        ("Promoted",),
        "10m",
        "2",
        "shows each visitor what that visitor is likeliest to buy",
    ),
    Part("pushy", "offers-pushy", ("Rejected",), "10m", "2", "shows what earns most, and people leave"),
    Part("same", "offers-same", ("Expired",), "150s", "0.5", "shows what the rules show"),
)


def model_deployment(part: Part, image: str) -> dict[str, Any]:
    """What a person would write."""
    step = {"minimumDuration": "6s"}
    return {
        "apiVersion": "shadowlift.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": part.name, "namespace": PLACE},
        "spec": {
            "current": {"service": {"name": RULES, "port": 8080}},
            "candidates": [{"name": part.name, "bento": {"image": image}}],
            "unit": {"header": "x-user-id"},
            "strategy": {
                "canary": {"steps": [{"weight": "5%", **step}, {"weight": "25%", **step}, {"weight": "50%", **step}]}
            },
            "objective": {
                "type": "Reward",
                "range": {"min": "0", "max": "100"},
                "targetLift": part.target,
                "outcome": {
                    "maturity": "5s",
                    "missing": "Value",
                    "missingValue": "0",
                    "from": [{"serviceAccount": manifests.SENDER_ACCOUNT}],
                },
            },
            "guardrails": [{"name": "errors", "type": "ErrorRate", "maxIncrease": "0.05"}],
            "answerWithin": f"{ANSWER_WITHIN}s",
            "deadline": part.deadline,
            "promotion": {"probation": {"duration": "15s"}},
        },
    }


def line(seconds: float, part: Part, status: dict[str, Any]) -> str:
    """One moment of one candidate, for the timeline."""
    trial = status.get("trial", {})
    seen, verdict = trial.get("evidence", {}), trial.get("verdict", {})
    lift = ""
    if "estimate" in seen:
        low, middle, high = (f"{float(seen[name]):+.2f}" for name in ("lower", "estimate", "upper"))
        sure = f"evidence {figures.evidence(seen.get('eValue'))} of {figures.evidence(seen.get('bar'))}"
        lift = f"lift {middle} ({low} to {high}), {sure}, {figures.count(seen['n'])} visitors"
    said = f"{verdict['kind']}/{verdict['reason']}" if verdict else ""
    where = f"{status.get('phase', 'Pending'):<9} {status.get('weight', '0%'):>5}"
    return f"[{seconds:4.0f} s] {part.name:<9} {where}  {said:<26} {lift}".rstrip()


@dataclass
class Shop:
    """One telling."""

    cluster: Cluster
    images: dict[str, str]
    seed: int
    say: Callable[[str], None] = print
    stands: dict[str, Stand] = field(default_factory=dict)
    times: list[tuple[str, float]] = field(default_factory=list)
    timeline: list[tuple[float, str, str, str]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def tell(self) -> None:
        """All chapters, each with its time noted."""
        self._timed("shop and its visitors", self.open)
        self._timed("three candidates beside the rules", self.apply)
        self._timed("canaries to their ends", self.watch)
        self._timed("proof by the pods' counters", self.prove)
        self._timed("nobody lost a request", self.check)

    def open(self) -> None:
        """The shop as it is today, and visitors who ask its rules."""
        self.say(
            "A shop shows every visitor one offer, by two hand-written rules. What a visitor spends depends on what was shown."
        )
        leftovers.remove(self.cluster, PLACE, PATIENCE)
        self.cluster.apply(manifests.namespace(PLACE))
        self.cluster.apply(*manifests.rules(PLACE, self.images[RULES], name=RULES))
        wait_for("the rules to be up", lambda: is_rolled_out(self.cluster.get(DEPLOYMENT, RULES, PLACE)), PATIENCE)
        for number, part in enumerate(PARTS):
            self.stands[part.name] = stand = Stand(self.cluster, self._wanted(part, number))
            stand.start()
        for stand in self.stands.values():
            stand.wait(PATIENCE)

    def apply(self) -> None:
        """Three ModelDeployments; then the visitors are pointed to their routers, once."""
        for part in PARTS:
            self.say(f"{part.name}: {part.moral}; if that is true it ends {' or '.join(part.ends)}")
            self.cluster.apply(model_deployment(part, self.images[part.image]))
        for part in PARTS:
            wait_for(f"routers of {part.name}", lambda part=part: self._routed(part), PATIENCE)  # type: ignore[misc]
            self.stands[part.name].move(f"http://{part.name}:8080{PATH}")
            self.stands[part.name].rate(RATE)

    def watch(self) -> None:
        """The timeline: whatever changes, until all have ended and the promoted one serves everybody."""
        self.say("")
        before: dict[str, tuple[Any, ...]] = {}
        end = time.monotonic() + PATIENCE
        while True:
            statuses = {part.name: self._status(part) for part in PARTS}
            for part in PARTS:
                status = statuses[part.name]
                now = (status.get("phase"), status.get("weight"))
                if now != before.get(part.name):
                    before[part.name] = now
                    self.timeline.append((self.seconds(), part.name, str(now[0]), str(now[1])))
                    self.say(line(self.seconds(), part, status))
            if all(self._is_over(statuses[part.name]) for part in PARTS):
                return
            if time.monotonic() > end:
                raise Failed("\n".join(line(self.seconds(), part, statuses[part.name]) for part in PARTS))
            time.sleep(LOOK_EVERY)  # noqa: TID251 - the pace of the story, not the operator's loop

    def prove(self) -> None:
        """The promoted candidate's pods count the visitors' requests themselves."""
        stand = self.stands["personal"]
        first = proof.first_reading(stand, "personal", PATH)
        time.sleep(5)  # noqa: TID251 - a stretch of traffic
        last = proof.last_reading(stand, "personal", PATH)
        found = proof.doubts(first, last, RATE)
        if found:
            raise Failed("the promotion cannot be believed: " + "; ".join(found))
        self.say(
            f"\nWhile visitors got {last.answers - first.answers} answers of personal, its {last.pods} pods counted "
            f"{last.counted - first.counted} requests (those under way are in one of the counts only)."
        )

    def check(self) -> None:
        """Each end is the one that the true effects ask for; nobody lost a request, nobody left a canary."""
        rows = [["candidate", "end", "why", "visitors by it", "spent each", "visitors by the rules", "spent each"]]
        for part in PARTS:
            status, report = self._status(part), self.stands[part.name].report()
            if status["phase"] not in part.ends:
                raise Failed(
                    f"{part.name} should become {' or '.join(part.ends)}: {line(self.seconds(), part, status)}"
                )
            if report["failed"]:
                raise Failed(f"{part.name}: {report['failed']} requests failed: {report['errors']}")
            decided = [datetime.fromisoformat(decision["at"]) for decision in status["history"]]
            gone = strayed(report["visitors"], decided, ANSWER_WITHIN)
            if gone and part.ends == ("Promoted",):
                raise Failed(f"{len(gone)} visitors left the canary of {part.name}: {gone[:3]}")
            first = report["visitors"]["first"]
            seen = [first.get(track, {"visitors": 0, "spent": 0.0}) for track in ("candidate", "current")]
            each = [f"{one['spent'] / one['visitors']:.2f}" if one["visitors"] else "-" for one in seen]
            verdict = status["history"][0]
            rows.append(
                [
                    part.name,
                    status["phase"],
                    verdict["reason"],
                    str(seen[0]["visitors"]),
                    each[0],
                    str(seen[1]["visitors"]),
                    each[1],
                ]
            )
        self.say("\n" + columns(rows))

    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def _is_over(self, status: dict[str, Any]) -> bool:
        phase = status.get("phase")
        return phase in ("Rejected", "Expired") or (phase == "Promoted" and status.get("weight") == "100%")

    def _routed(self, part: Part) -> bool:
        router = self._status(part).get("router", {})
        return bool(router.get("wanted")) and set(router.get("loaded", {}).values()) == {router["wanted"]}

    def _status(self, part: Part) -> dict[str, Any]:
        try:
            found = self.cluster.get(MODEL_DEPLOYMENT, part.name, PLACE)
        except ApiError:
            return {}
        return dict((found or {}).get("status", {}))

    def _wanted(self, part: Part, number: int) -> Wanted:
        # Its router does not exist yet, and a request to nothing would be a failed one.
        visitors = (
            "--current-field",
            "show",
            "--candidate-field",
            "offer",
            "--returning",
            "0.2",
            "--seed",
            str(self.seed + number),
        )
        return Wanted(
            namespace=PLACE,
            model_deployment=part.name,
            url=f"http://{part.name}:8080{PATH}",
            image=self.images["shadowlift"],
            rate=0.0,
            delay=(1.0, 3.0),
            rows=ROWS.parents[1] / "offers" / "traffic.jsonl",
            codes=(),
            driver_options=visitors,
            sender_options=("--unsent", "0"),
            suffix=f"-{part.name}",
        )

    def _timed(self, name: str, chapter: Callable[[], None]) -> None:
        start = time.monotonic()
        try:
            chapter()
        except (Overdue, Ended, ApiError) as error:
            raise Failed(f"{name}: {error}") from error
        finally:
            self.times.append((name, time.monotonic() - start))


def main(given: Sequence[str]) -> int:
    """Tell it; whatever happens, say how to clean up."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.demo.shop", description="one offer is promoted, one rejected, one expires"
    )
    index = os.environ.get("SHADOWLIFT_IMAGES")
    parser.add_argument(
        "--images", type=Path, default=index, required=index is None, help="images.json of `dev.images build`"
    )
    parser.add_argument("--stages", type=Path, help="file of dev.demo.stages: times of what came before")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of the visitors; default: any"
    )
    options = parser.parse_args(given)
    images = {name: entry["image"] for name, entry in json.loads(options.images.read_text()).items()}
    try:
        story = Shop(Cluster.connect(), images, options.seed)
        story.tell()
    except KeyboardInterrupt:
        left = f"stopped; the cluster and its namespace {PLACE} are left as they are"
        print(f"\n{left}\n{ending.clean_up(PLACE, is_local())}")
        return 130
    except leftovers.NotOurs as error:
        print(error, file=sys.stderr)
        return 1
    except (Failed, ApiError) as error:
        print(f"\nthe demo failed: {error}\n\n{ending.clean_up(PLACE, is_local())}", file=sys.stderr)
        return 1
    times = [*stages.read(options.stages), *story.times]
    print(
        "\nHow long it took\n"
        + columns([*([name, f"{seconds:.1f} s"] for name, seconds in times), ending.total(times)])
    )
    print(
        f"\nNobody lost a request, and nobody who was in the canary of personal left it.\n\n{ending.look_next(PLACE, 'personal')}\n"
    )
    print(ending.clean_up(PLACE, is_local()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
