"""The pods of the traffic as plain data: `stand` applies them. Pure; everything passes restricted Pod Security."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]

RULES = "triage-rules"
DRIVER_PORT = 8081
SENDER_PORT = 8082
SENDER_ACCOUNT = "outcome-sender"
SCRIPTS = "traffic-scripts"
AUDIENCE = "shadowlift"
TOKEN_FOLDER = "/var/run/secrets/shadowlift"
USER = 65532
MADE_HERE = {"app.kubernetes.io/managed-by": "shadowlift-dev"}  # labels of what these tools make, and may remove


@dataclass(frozen=True)
class Program:
    """One pod that runs a module of `dev.traffic`."""

    name: str
    namespace: str
    image: str
    module: str
    arguments: Sequence[str]
    port: int
    account: str = "default"  # of the ServiceAccount; the sender's token names it
    scripts: str = SCRIPTS  # the ConfigMap of modules and rows


def made_here(labels: Mapping[str, str] | None) -> bool:
    """Whether an object with these labels is one of ours."""
    return MADE_HERE.items() <= (labels or {}).items()


def namespace(name: str) -> Manifest:
    """A namespace of ours, in which only pods without any privilege may run."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", **MADE_HERE}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def account(name: str, in_namespace: str) -> Manifest:
    """A ServiceAccount."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": in_namespace}}


def scripts(in_namespace: str, files: Mapping[str, str], name: str = SCRIPTS) -> Manifest:
    """The modules of `dev.traffic` and the rows, by file name."""
    meta = {"name": name, "namespace": in_namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": dict(files)}


def service(name: str, in_namespace: str, port: int, target: int) -> Manifest:
    """A ClusterIP Service for the pods with the label `app: <name>`."""
    ports = [{"port": port, "targetPort": target, "protocol": "TCP", "name": "http"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": in_namespace},
        "spec": {"selector": {"app": name}, "ports": ports},
    }


def rules(
    in_namespace: str, image: str, *, name: str = RULES, replicas: int = 2, env: Mapping[str, str] | None = None
) -> list[Manifest]:
    """The process in place: the rules service and its pods; `env` may make it fail or slow."""
    container = {
        "name": "rules",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        # A busy machine may be late with an answer; taken out of service, the rules would refuse what they could have answered.
        "readinessProbe": {
            "httpGet": {"path": "/health", "port": 8080},
            "periodSeconds": 1,
            "timeoutSeconds": 10,
            "failureThreshold": 6,
        },
        # The endpoint must be gone from every node before the process stops: without it a rolling update cuts requests.
        "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": _locked_container(),
    }
    labels = {"app": name}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": in_namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": labels}, "spec": {**_locked_pod(), "containers": [container]}},
        },
    }
    return [deployment, service(name, in_namespace, 8080, 8080)]


def program(wanted: Program) -> list[Manifest]:
    """A bare pod and its Service. Never restarted: a driver that died and came back would hide what it had seen."""
    container = {
        "name": "main",
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-m", wanted.module, *wanted.arguments],
        "workingDir": "/scripts",  # `-m` looks there; what PYTHONPATH the image has is its own business
        "env": [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}],
        "ports": [{"containerPort": wanted.port, "name": "control", "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": wanted.port}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": _locked_container(),
        "volumeMounts": [
            {"name": "scripts", "mountPath": "/scripts/dev/traffic", "readOnly": True},
            {"name": "data", "mountPath": "/data"},
            {"name": "token", "mountPath": TOKEN_FOLDER, "readOnly": True},
        ],
    }
    spec = {
        **_locked_pod(),
        "serviceAccountName": wanted.account,
        "restartPolicy": "Never",
        "containers": [container],
        "volumes": [
            {"name": "scripts", "configMap": {"name": wanted.scripts}},
            {"name": "data", "emptyDir": {"sizeLimit": "512Mi"}},
            {"name": "token", "projected": {"sources": [{"serviceAccountToken": _token()}]}},
        ],
    }
    meta = {"name": wanted.name, "namespace": wanted.namespace, "labels": {"app": wanted.name}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
    return [pod, service(wanted.name, wanted.namespace, wanted.port, wanted.port)]


def _token() -> Manifest:
    return {"path": "token", "audience": AUDIENCE, "expirationSeconds": 3600}


def _locked_pod() -> Manifest:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _locked_container() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
