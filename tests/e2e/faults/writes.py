"""A name for each write of the operator, the same in every run: `proxy` holds a write by its name. Pure; the standard library only.

What differs from run to run (uids, names of pods, figures of the evidence, times) is in no name, so that a write of one run is found
again in another. Writes of one name, such as the status of look after look, are one position.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ELSEWHERE = frozenset({"leases", "events"})  # who leads, and what is told: neither a decision nor an effect
PATH = re.compile(
    r"/apis?/(?:[^/]+/)?v[^/]+/namespaces/(?P<namespace>[^/]+)/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<part>[^/]+))?"
)
REFRESH = "shadowlift.dev/refresh"


@dataclass
class Namer:
    """The names of one run's writes in one namespace."""

    namespace: str
    pods: list[str] = field(default_factory=list)  # in the order in which they were first written to

    def name(self, method: str, path: str, body: bytes) -> str | None:
        """The name; None for what is no write, or not one of this namespace's that counts."""
        found = PATH.fullmatch(path)
        if method not in CHANGES or found is None or found["plural"] in ELSEWHERE:
            return None
        if found["namespace"] != self.namespace:
            return None
        content = json.loads(body) if body else {}
        name = found["name"] or content["metadata"]["name"]
        return " ".join(part for part in (method, self._object(found, name), _says(found["plural"], content)) if part)

    def _object(self, found: re.Match[str], name: str) -> str:
        match found["plural"]:
            case "controllerrevisions":  # their names hold the uid of the trial
                return "record"
            case "modeldeployments":
                return found["part"] or "modeldeployment"
            case "pods":
                if name not in self.pods:
                    self.pods.append(name)
                return f"router pod {self.pods.index(name) + 1}"
        return f"{found['plural']}/{name}"


def _says(plural: str, content: Any) -> str:
    """What tells this write of an object from other writes of it."""
    if isinstance(content, list):
        return "ownership"  # JSON patches are for nothing else
    says = SAYS.get(plural)
    return says(content) if says is not None else ""


def routes(intent: dict[str, Any]) -> str:
    """Who serves of a router's configuration, and after a semicolon what is beside it."""
    share, trial = (intent.get("split") or {}).get("weight", 0), intent.get("trial")
    who = f"{intent['serve']} serves" + (f", a candidate {share / 10:g} %" if share else "")
    beside = [f"epoch {trial['epoch']}"] if trial else []
    beside += ["spare clusters"] if intent.get("spare") else []
    return "; ".join([who, *beside])


def _status(status: dict[str, Any]) -> str:
    conditions = {condition["type"]: condition["reason"] for condition in status.get("conditions", [])}
    history, version = status.get("history", []), status.get("router", {}).get("wanted")
    says = [status.get("phase", ""), f"{status.get('serving', {}).get('name')} serves", conditions.get("Ready", "")]
    says += [f"last record {history[0]['kind']}"] if history else []
    says += [f"version {_number(version)}"] if version else []
    says += ["on the way"] if "Reconciling" in conditions else []
    return ", ".join(says)


def _number(version: str) -> str:
    return version.split("-", 1)[0]


SAYS: dict[str, Callable[[dict[str, Any]], str]] = {
    "modeldeployments": lambda content: _status(content.get("status", {})),
    "controllerrevisions": lambda content: f"{content['data']['number']} {content['data']['kind']}",
    "configmaps": lambda content: routes(json.loads(content["data"]["intent.json"])),
    "pods": lambda content: f"version {_number(content['metadata']['annotations'][REFRESH])}",
    "deployments": lambda content: f"replicas {content['spec']['replicas']}" if "spec" in content else "",
}
