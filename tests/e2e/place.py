"""One namespace of the end-to-end tests: the rules service, its traffic, one ModelDeployment, and what became of them.

Everything is real; what is awaited has a deadline, and what is seen instead is in the error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dev.traffic import manifests
from dev.traffic.cluster_api import (
    DEPLOYMENT,
    MODEL_DEPLOYMENT,
    NAMESPACE,
    POD,
    Cluster,
    is_ready,
    is_rolled_out,
    wait_for,
)
from dev.traffic.stand import CODES, ROWS, Stand, Wanted
from dev.traffic.visitors import strayed

Manifest = dict[str, Any]

NAME = "triage"
SYSTEM = "shadowlift-system"
OPERATOR = "shadowlift-operator"  # the Deployment
BENTO_PORT = 3000
# A dozen trials stand side by side on a node of two cores: what their pods ask for must leave room, what they use is free.
ROUTER = {"resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}}
# Tests run side by side, and a node is busy while pods start: a candidate that asks for no more than those do is late, and judged for it.
CPU, LITTLE_CPU = "100m", "10m"  # of a candidate; of one among many, which start at once and may be late
SOON_REJECTED = {"shadow": {"rejectAfter": "5s"}}  # strategy where nobody needs minutes to be sure
PATIENCE = 180.0  # seconds for pods and verdicts on a busy machine; never a measure of speed


def images() -> dict[str, str]:
    """Image references by name, from the file that `SHADOWLIFT_IMAGES` names."""
    index = json.loads(Path(os.environ["SHADOWLIFT_IMAGES"]).read_text())
    return {name: entry["image"] for name, entry in index.items()}


def bento(image: str, cpu: str) -> Manifest:
    """A candidate's pods."""
    return {"image": image, "replicas": 2, "resources": {"requests": {"cpu": cpu}}}


def spec(candidate: str, image: str, cpu: str = CPU, **changes: Any) -> Manifest:
    """The spec of a ModelDeployment beside the rules; `changes` replaces top-level fields."""
    return {
        "current": {"service": {"name": manifests.RULES, "port": 8080}, "prediction": {"body": "result", "map": {}}},
        "candidates": [{"name": candidate, "bento": bento(image, cpu)}],
        "prediction": {"body": "diagnosis", "map": {"malignant": "M", "benign": "B"}},
        "objective": {
            "outcome": {"maturity": "5s", "from": [{"serviceAccount": manifests.SENDER_ACCOUNT}]},
        },
        "answerWithin": "2s",  # this machine is shared: a second of somebody else's work must not look like a slow model
        "deadline": "20m",
        "router": ROUTER,
        **changes,
    }


@dataclass(frozen=True)
class Story:
    """Which process is in place, and what its clients ask."""

    rules: str  # the Service, and the image's name
    path: str
    rows: Path
    codes: Sequence[str]
    driver: Sequence[str] = ()
    sender: Sequence[str] = ()


TRIAGE = Story(manifests.RULES, "/triage", ROWS, CODES)
FLIGHTS = Story(
    rules="flights-rule",
    path="/arrival",
    rows=ROWS.parents[1] / "flights" / "traffic.jsonl",
    codes=(),
    driver=("--current-field", "delay", "--candidate-field", "arrival_delay"),
)

SHOP = Story(
    rules="offers-rules",
    path="/offer",
    rows=ROWS.parents[1] / "offers" / "traffic.jsonl",
    codes=(),
    driver=("--current-field", "show", "--candidate-field", "offer", "--returning", "0.2"),
    sender=("--unsent", "0"),
)


def shop_spec(candidate: str, image: str, **changes: Any) -> Manifest:
    """The spec of a ModelDeployment beside the shop's rules: a canary that is decided by what visitors spend."""
    step = {"minimumDuration": "5s"}
    return {
        "current": {"service": {"name": SHOP.rules, "port": 8080}},
        "candidates": [{"name": candidate, "bento": bento(image, CPU)}],
        "unit": {"header": "x-user-id"},
        "strategy": {
            "canary": {"steps": [{"weight": "5%", **step}, {"weight": "25%", **step}, {"weight": "50%", **step}]}
        },
        "objective": {
            "type": "Reward",
            "range": {"min": "0", "max": "100"},
            "targetLift": "2",
            "outcome": {
                "maturity": "5s",
                "missing": "Value",
                "missingValue": "0",
                "from": [{"serviceAccount": manifests.SENDER_ACCOUNT}],
            },
        },
        "answerWithin": "2s",
        "deadline": "20m",
        "router": ROUTER,
        **changes,
    }


@dataclass
class Place:
    """A namespace and what a test does in it."""

    cluster: Cluster
    namespace: str
    name: str = NAME
    story: Story = TRIAGE

    def open(self, **rules_env: str) -> None:
        """An empty namespace with the rules service in it."""
        self.close()
        wait_for(
            f"namespace {self.namespace} to be gone",
            lambda: self.cluster.get(NAMESPACE, self.namespace) is None,
            PATIENCE,
        )
        self.cluster.apply(manifests.namespace(self.namespace))
        name = self.story.rules
        self.cluster.apply(*manifests.rules(self.namespace, images()[name], name=name, env=rules_env))
        wait_for("the rules to be up", self._rules_are_up, PATIENCE)

    def close(self) -> None:
        """Remove the namespace, which goes by itself from here; nobody is served any more, so no pod needs its grace period."""
        if self.cluster.get(NAMESPACE, self.namespace) is None:
            return
        for resource in self.cluster.find(MODEL_DEPLOYMENT, self.namespace):
            self.cluster.delete(MODEL_DEPLOYMENT, resource["metadata"]["name"], self.namespace)
        self.cluster.delete(NAMESPACE, self.namespace)
        for pod in self.cluster.find(POD, self.namespace):
            self.cluster.delete(POD, pod["metadata"]["name"], self.namespace, grace=0)

    def _rules_are_up(self) -> bool:
        return is_rolled_out(self.cluster.get(DEPLOYMENT, self.story.rules, self.namespace))

    def traffic(
        self,
        rate: float = 50.0,
        *,
        driver: Sequence[str] = (),
        sender: Sequence[str] = (),
        rules: str | None = None,
        suffix: str = "",
    ) -> Stand:
        """Clients of the rules and the hospital that later knows; `Stand.move` sends the clients to the router."""
        wanted = Wanted(
            namespace=self.namespace,
            model_deployment=self.name,
            url=self.rules_url.replace(self.story.rules, rules or self.story.rules, 1),
            suffix=suffix,
            image=images()["shadowlift"],
            rate=rate,
            driver_options=[*self.story.driver, *driver],
            sender_options=[*self.story.sender, *sender],
            rows=self.story.rows,
            codes=self.story.codes,
        )
        stand = Stand(self.cluster, wanted)
        stand.start()
        stand.wait(PATIENCE)
        return stand

    @property
    def rules_url(self) -> str:
        """The current process, called directly."""
        return f"http://{self.story.rules}.{self.namespace}.svc.cluster.local.:8080{self.story.path}"

    @property
    def router_url(self) -> str:
        """The Service that the router serves."""
        return f"http://{self.name}.{self.namespace}.svc.cluster.local.:8080{self.story.path}"

    def apply(self, wanted: Manifest) -> None:
        """`kubectl apply` of the ModelDeployment."""
        meta = {"name": self.name, "namespace": self.namespace}
        self.cluster.apply(
            {"apiVersion": "shadowlift.dev/v1alpha1", "kind": "ModelDeployment", "metadata": meta, "spec": wanted}
        )

    def patch(self, **changes: Any) -> None:
        """Change fields of the spec."""
        self.cluster.patch(MODEL_DEPLOYMENT, self.name, self.namespace, {"spec": changes})

    @property
    def resource(self) -> Manifest:
        """The ModelDeployment."""
        return self.cluster.get(MODEL_DEPLOYMENT, self.name, self.namespace) or {}

    @property
    def status(self) -> Manifest:
        """Its status."""
        return self.resource.get("status", {})

    def until(self, what: str, look: Any, seconds: float = PATIENCE) -> Manifest:
        """Wait for something to be true of the status; the status then."""

        def seen() -> Manifest | None:
            status = self.status
            return status if status and look(status) else None

        return wait_for(f"{self.namespace}/{self.name}: {what}", seen, seconds, lambda: short(self.status))

    def until_phase(self, phase: str, seconds: float = PATIENCE) -> Manifest:
        """Wait for a phase; the status then."""
        return self.until(f"phase {phase}", lambda status: status.get("phase") == phase, seconds)

    def until_loaded(self, seconds: float = PATIENCE) -> Manifest:
        """Wait until nothing is on its way to the routers."""

        def settled(status: Manifest) -> bool:
            router = status.get("router", {})
            loaded = set(router.get("loaded", {}).values())
            return (
                loaded == {router.get("wanted")}
                and len(router["loaded"]) == router.get("ready")
                and not reconciling(status)
            )

        return self.until("routers loaded", settled, seconds)

    def pods(self, component: str, ready: bool = True) -> list[Manifest]:
        """Pods of the ModelDeployment: component router or workload."""
        labels = {"shadowlift.dev/modeldeployment": self.name, "shadowlift.dev/component": component}
        return [pod for pod in self.cluster.pods(self.namespace, labels) if is_ready(pod) or not ready]

    def fault(self, mode: str, workload: str) -> None:
        """Tell each pod of a faulty workload how to fail."""
        for pod in self.pods("workload", ready=False):
            if pod["metadata"]["labels"]["shadowlift.dev/workload"] == workload:
                name = pod["metadata"]["name"]
                self.cluster.ask_pod(self.namespace, name, BENTO_PORT, "/fault", {"mode": mode})


def reconciling(status: Mapping[str, Any]) -> bool:
    """Effects are on their way."""
    return any(c["type"] == "Reconciling" for c in status.get("conditions", []))


def condition(status: Mapping[str, Any], kind: str) -> Manifest:
    """One condition; empty if absent."""
    return next((c for c in status.get("conditions", []) if c["type"] == kind), {})


def short(status: Mapping[str, Any]) -> Manifest:
    """What an error should say of a status."""
    trial = status.get("trial", {})
    return {
        "phase": status.get("phase"),
        "serving": status.get("serving", {}).get("name"),
        "conditions": [(c["type"], c["status"], c["reason"], c["message"]) for c in status.get("conditions", [])],
        "verdict": trial.get("verdict"),
        "evidence": trial.get("evidence"),
        "coverage": trial.get("coverage"),
        "router": status.get("router"),
    }


def asked(stand: Stand, requests: int, seconds: float = 60.0) -> Manifest:
    """Wait until so many further requests have been answered or have failed; the report then."""
    before = stand.report()
    start = before["answered"] + before["failed"]

    def enough() -> Manifest | None:
        report = stand.report()
        return report if report["answered"] + report["failed"] >= start + requests else None

    return wait_for(f"{requests} further requests", enough, seconds)


def answered_by(stand: Stand, track: str, requests: int = 100, seconds: float = 60.0) -> Manifest:
    """Wait until the last so many answers were all given by this process; the report then."""

    def settled() -> Manifest | None:
        report = stand.report()
        last = report["changes"][-1]
        return (
            report if last["track"] == track and report["sent"] - report["inFlight"] - last["n"] >= requests else None
        )

    return wait_for(f"{requests} answers of {track} in a row", settled, seconds, lambda: stand.report()["changes"][-3:])


def nobody_left(stand: Stand, status: Mapping[str, Any], answer_within: float = 2.0) -> None:
    """Nobody whom the candidate had answered was given back to current, but for the moments in which routers load a decision."""
    visitors = stand.report()["visitors"]
    decided = [datetime.fromisoformat(decision["at"]) for decision in status["history"]]
    gone = strayed(visitors, decided, answer_within)
    print(f"met two routers while they loaded a decision: {visitors['left'] - len(gone)} of {visitors['came']}")
    assert not gone, (
        f"left the canary: {gone[:5]}; decisions: {[(one['kind'], one['at']) for one in status['history']]}"
    )


def no_failures(report: Mapping[str, Any]) -> None:
    """Every live request was answered, once, by a process that may answer."""
    assert report["failed"] == 0, (
        f"{report['failed']} live requests failed: {report['errors']} {report['failures'][:3]}"
    )
