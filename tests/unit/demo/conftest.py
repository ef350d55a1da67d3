"""A cluster in memory on which the story comes true, or does not: each fault is one field."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from dev.traffic.cluster_api import MODEL_DEPLOYMENT, Kind, Manifest

READY = [{"type": "Ready", "status": "True"}]
EVIDENCE = {
    "n": 640,
    "wins": 60,
    "losses": 7,
    "ties": 573,
    "estimate": "0.0828",
    "lower": "0.031",
    "upper": "0.124",
    "eValue": "312.4",
    "bar": "100",
    "harmEValue": "0.002",
    "harmBar": "100",
}


def status(phase: str = "Shadowing", serving: str = "current", **trial: Any) -> Manifest:
    """A status as the operator writes it."""
    return {
        "phase": phase,
        "serving": {"name": serving, "since": "2026-11-24T10:00:00Z", "reason": "LiftProven"},
        "weight": "100%" if serving != "current" else "0%",
        "router": {"wanted": "3-ab", "loaded": {"r-1": "3-ab", "r-2": "3-ab"}, "ready": 2, "replicas": 2},
        "trial": {
            "uid": "trial-uid-1",
            "attempt": 1,
            "candidate": "logreg",
            "workload": "w",
            "frozen": "f",
            "evidence": EVIDENCE,
            "coverage": {"live": 700},
            "verdict": {"kind": "Hold", "reason": "NotEnoughEvidence", "message": "40 more cases"},
            **trial,
        },
        "history": [{"record": "d-1", "kind": "Promote", "reason": "LiftProven", "message": "m", "at": "10:00"}],
    }


@dataclass
class FakeCluster:
    """As much of a cluster as the story touches. A ModelDeployment moves one phase on each time its status is read."""

    ends: dict[str, str] = field(
        default_factory=lambda: {"tumour-triage": "Promoted", "tumour-triage-stale": "Rejected"}
    )
    failed: int = 0  # requests that the drivers report as failed
    idle: bool = False  # the candidate's pods count nothing: somebody else answers in its form
    mirrored: bool = False  # copies still reach the promoted candidate
    leaks: bool = False  # clients get answers of the rejected model
    objects: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    reads: dict[str, int] = field(default_factory=dict)
    answers: dict[str, dict[str, int]] = field(default_factory=dict)  # driver -> who -> how many
    urls: dict[str, str] = field(default_factory=dict)

    def apply(self, *manifests: Manifest) -> None:
        """Store them."""
        self.objects.update({(m["kind"], m["metadata"]["name"]): m for m in manifests})

    def get(self, kind: Kind, name: str, _namespace: str | None = None) -> Manifest | None:
        """The object with a status as if all went well."""
        found = self.objects.get((kind.kind, name))
        if found is None:
            return None
        if kind == MODEL_DEPLOYMENT:
            self.reads[name] = self.reads.get(name, 0) + 1
            return {**found, "status": self.status(name)}
        replicas = {"observedGeneration": 1, "updatedReplicas": 2, "readyReplicas": 2}
        meta = {**found["metadata"], "generation": 1}
        return {**found, "metadata": meta, "status": {"conditions": READY, **replicas}}

    def find(self, kind: Kind, _namespace: str | None = None, _labels: Any = None) -> list[Manifest]:
        """Objects of a kind; every Service has an endpoint."""
        if kind.kind == "EndpointSlice":
            return [{"endpoints": [{"conditions": {"ready": True}}]}]
        return [thing for (name, _), thing in self.objects.items() if name == kind.kind]

    def delete(self, kind: Kind, name: str, _namespace: str | None = None) -> None:
        """Remove it; a namespace with everything in it."""
        if kind.kind == "Namespace":
            self.objects.clear()
        self.objects.pop((kind.kind, name), None)

    def pods(self, _namespace: str, labels: dict[str, str]) -> list[Manifest]:
        """The candidate's two pods, until it is rejected."""
        name = labels["shadowlift.dev/modeldeployment"]
        if self.phase(name) == "Rejected":
            return []
        return [{"metadata": {"name": f"{name}-pod-{i}"}, "status": {"conditions": READY}} for i in (0, 1)]

    def ask_pod(self, _namespace: str, pod: str, _port: int, path: str, body: Any = None) -> bytes:
        """Drivers, outcome senders and candidates."""
        if path == "/metrics":
            return self.metrics(pod).encode()
        if path == "/target":
            self.urls[pod] = body["url"]
        if pod.startswith("outcome-sender"):
            return b'{"accepted": 900}'
        return json.dumps(self.report(pod)).encode()

    def phase(self, name: str) -> str:
        """Pending, Shadowing, then the end."""
        reads = self.reads.get(name, 0)
        return "Pending" if reads < 2 else "Shadowing" if reads < 5 else self.ends[name]

    def status(self, name: str) -> Manifest:
        """As the operator would write it."""
        phase = self.phase(name)
        return status(phase, "logreg" if phase == "Promoted" else "current")

    def report(self, driver: str) -> Manifest:
        """Forty more answers each time."""
        name = "tumour-triage" + driver.removeprefix("driver")
        promoted = self.phase(name) == "Promoted" or (self.leaks and driver != "driver")
        track = "candidate" if promoted else "current"
        seen = self.answers.setdefault(driver, {"current": 0, "candidate": 0})
        seen[track] += 40
        url = self.urls.get(driver, "http://triage-rules:8080/triage")
        return {
            "url": url,
            "urls": {url: sum(seen.values())},
            "failed": self.failed,
            "errors": {"reset": self.failed},
            "failures": [{"n": 1}],
            "tracks": seen,
            "changes": [],
            "perSecond": [{"second": 1, track: 40}, {"second": 2, track: 40}, {"second": 3, track: 1}],
            "latencyMs": {"p50": 2.0, "p99": 9.0, "max": 12.0},
        }

    def metrics(self, pod: str) -> str:
        """Prometheus text of one of two pods."""
        served = self.answers.get("driver", {}).get("candidate", 0) if pod.startswith("tumour-triage-pod") else 0
        counted = 0 if self.idle else served * (3 if self.mirrored else 1)
        labels = 'endpoint="/triage",http_response_code="200",service_name="TriageLogreg"'
        return f"# HELP x\nbentoml_service_request_total{{{labels}}} {counted / 2}\n"


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()
