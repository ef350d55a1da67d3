"""The API server for development tools and end-to-end tests: objects as plain data, pods' ports, commands in pods.

Works on any cluster that a kubeconfig names. Reads and writes are single HTTP requests on a kept connection (a kubectl
process per look would cost more CPU than the traffic that is looked at). Absent is None; everything else that is not
a success is an `ApiError` with the server's own words.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import client, config, stream

Manifest = dict[str, Any]
T = TypeVar("T")

FIELD_MANAGER = "shadowlift-dev"
LOOK_EVERY = 0.2  # seconds between two looks of `wait_for`
PATIENCE = 30.0  # seconds until a request to the API server has failed


class ApiError(Exception):
    """The API server (or what it forwarded to) did not answer with success; status 0: it did not answer at all."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}" if status else message)
        self.status = status


class Overdue(Exception):
    """A condition did not come true within its deadline; the text says what was last seen."""


def wait_for(what: str, look: Callable[[], T | None], seconds: float, seen: Callable[[], object] | None = None) -> T:
    """Look until the answer is neither None nor False; an API server that is away for a moment is asked again.

    Raises:
        Overdue: not within `seconds`; says what was awaited and, with `seen`, what there was instead.
    """
    end = time.monotonic() + seconds
    trouble = ""
    while time.monotonic() < end:
        try:
            answer = look()
            if answer is not None and answer is not False:
                return answer
            trouble = ""
        except ApiError as error:
            trouble = f" ({error})"
        time.sleep(LOOK_EVERY)  # noqa: TID251 - a tool that waits for a cluster, not the operator's loop
    instead = f"; there is {seen()}" if seen else ""
    raise Overdue(f"{what}: not within {seconds:g} s{trouble}{instead}")


@dataclass(frozen=True)
class Kind:
    """A kind of object; `Kind("apps/v1", "Deployment")`."""

    api_version: str
    kind: str

    @property
    def root(self) -> str:
        """The API's path."""
        return ("/apis/" if "/" in self.api_version else "/api/") + self.api_version


POD = Kind("v1", "Pod")
SERVICE = Kind("v1", "Service")
CONFIG_MAP = Kind("v1", "ConfigMap")
NAMESPACE = Kind("v1", "Namespace")
DEPLOYMENT = Kind("apps/v1", "Deployment")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice")
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision")
MODEL_DEPLOYMENT = Kind("shadowlift.dev/v1alpha1", "ModelDeployment")


@dataclass(frozen=True)
class Ended:
    """A command that ended in a container."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Cluster:
    """One cluster, under the rights of its kubeconfig. Methods raise ApiError."""

    api: Any  # kubernetes.client.ApiClient, which has no types
    _plurals: dict[Kind, tuple[str, bool]] = field(default_factory=dict)

    @classmethod
    def connect(cls, kubeconfig: Path | None = None) -> "Cluster":
        """By this kubeconfig, else `$KUBECONFIG`, else the local cluster's; raises ApiError where there is none."""
        where = str(kubeconfig or default_kubeconfig())
        try:
            return cls(config.new_client_from_config(where))  # type: ignore[no-untyped-call]
        except (config.ConfigException, OSError) as error:
            known = any(Path(part).exists() for part in where.split(os.pathsep))
            missing = "" if known else "; there is no such file: unset KUBECONFIG, or bring that cluster up"
            raise ApiError(0, f"no usable kubeconfig at {where}: {error}{missing}") from error

    def request(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> bytes:
        """One request; header names are written with underscores. The answer's body."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        known = self.api.param_serialize(method, path, header_params=given, auth_settings=["BearerToken"])
        try:
            answer = self.api.rest_client.pool_manager.request(
                method, known[1], body=body, headers=known[2], timeout=PATIENCE, retries=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(0, f"{method} {path}: {error}") from error
        if answer.status >= 300:
            raise ApiError(answer.status, f"{method} {path}: {_message(answer.data)}")
        return bytes(answer.data)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Manifest | None:
        """One object; None where it does not exist."""
        path = self._path(kind, namespace, name)  # an unknown kind is an error, not an absent object
        return _absent_is_none(lambda: self._json("GET", path))

    def find(self, kind: Kind, namespace: str | None = None, labels: Mapping[str, str] | None = None) -> list[Manifest]:
        """All objects with these labels, of one namespace or of all."""
        query = urlencode({"labelSelector": ",".join(f"{k}={v}" for k, v in (labels or {}).items())})
        items = self._json("GET", f"{self._path(kind, namespace)}?{query}")["items"]
        return list(items)

    def apply(self, *manifests: Manifest) -> None:
        """Server-side apply, in the given order; safe to repeat."""
        query = urlencode({"fieldManager": FIELD_MANAGER, "force": "true"})
        for manifest in manifests:
            meta = manifest["metadata"]
            path = self._path(_kind(manifest), meta.get("namespace"), meta["name"])
            self.request("PATCH", f"{path}?{query}", json.dumps(manifest), content_type="application/apply-patch+yaml")

    def patch(self, kind: Kind, name: str, namespace: str | None, change: Manifest) -> Manifest:
        """JSON merge patch; the object afterwards."""
        path = self._path(kind, namespace, name)
        return self._json("PATCH", path, json.dumps(change), content_type="application/merge-patch+json")

    def delete(self, kind: Kind, name: str, namespace: str | None = None, *, grace: int | None = None) -> None:
        """Ask for the deletion; no error where there is nothing. `grace` in seconds, 0 kills at once."""
        options: Manifest = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        path = self._path(kind, namespace, name)
        _absent_is_none(lambda: self._json("DELETE", path, json.dumps(options), content_type="application/json"))

    def pods(self, namespace: str, labels: Mapping[str, str]) -> list[Manifest]:
        """Pods with these labels that are not on their way out."""
        return [pod for pod in self.find(POD, namespace, labels) if not pod["metadata"].get("deletionTimestamp")]

    def ask_pod(self, namespace: str, pod: str, port: int, path: str, body: Any = None) -> bytes:
        """GET, or POST of a JSON body, to a port of a pod, through the API server."""
        url = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}"
        if body is None:
            return self.request("GET", url)
        return self.request("POST", url, json.dumps(body), content_type="application/json")

    def logs(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> str:
        """What a container has printed."""
        query = urlencode({"container": container, "previous": str(previous).lower()})
        return self.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log?{query}").decode(errors="replace")

    def execute(self, namespace: str, pod: str, container: str, command: list[str]) -> Ended:
        """Run a command in a container to its end."""
        try:
            running = stream.stream(
                client.CoreV1Api(self.api).connect_get_namespaced_pod_exec,
                pod,
                namespace,
                container=container,
                command=command,
                stdout=True,
                stderr=True,
                _preload_content=False,
            )
            running.run_forever(timeout=PATIENCE)
        except client.ApiException as error:
            raise ApiError(int(error.status or 0), f"exec in {namespace}/{pod}: {error.reason}") from error
        return Ended(int(running.returncode or 0), running.read_stdout(), running.read_stderr())

    def token(self, namespace: str, account: str, audience: str, seconds: int = 3600) -> str:
        """A bearer token of a ServiceAccount for one audience."""
        body = {"spec": {"audiences": [audience], "expirationSeconds": seconds}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self._json("POST", path, json.dumps(body), content_type="application/json")["status"]["token"])

    def table(self, kind: Kind, namespace: str) -> list[list[str]]:
        """What `kubectl get` shows: the header, then one row per object."""
        accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        answer = json.loads(self.request("GET", self._path(kind, namespace), accept=accept))
        shown = [i for i, column in enumerate(answer["columnDefinitions"]) if not column.get("priority")]
        header = [answer["columnDefinitions"][i]["name"].upper() for i in shown]
        rows = (row["cells"] for row in answer.get("rows") or [])
        return [header, *(["" if cells[i] is None else str(cells[i]) for i in shown] for cells in rows)]

    def _json(self, method: str, path: str, body: str | None = None, **headers: str) -> Manifest:
        answer: Manifest = json.loads(self.request(method, path, body, **headers))
        return answer

    def _path(self, kind: Kind, namespace: str | None, name: str | None = None) -> str:
        plural, namespaced = self._plural(kind)
        inside = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{kind.root}{inside}/{plural}" + (f"/{quote(name)}" if name else "")

    def _plural(self, kind: Kind) -> tuple[str, bool]:
        if kind not in self._plurals:
            for resource in self._json("GET", kind.root)["resources"]:
                if "/" not in resource["name"]:
                    found = Kind(kind.api_version, resource["kind"])
                    self._plurals[found] = (resource["name"], resource["namespaced"])
        try:
            return self._plurals[kind]
        except KeyError:
            raise ApiError(404, f"the cluster knows no {kind.kind} in {kind.api_version}") from None


def default_kubeconfig() -> str:
    """`$KUBECONFIG`, else what the local cluster says; raises ApiError if that is not up."""
    if os.environ.get("KUBECONFIG"):
        return os.environ["KUBECONFIG"]
    asked = _ask_local_cluster()
    if asked.returncode:
        raise ApiError(0, f"KUBECONFIG is not set and there is no local cluster: {asked.stderr.strip()}")
    return asked.stdout.strip()


def is_local() -> bool:
    """Whether the cluster that `Cluster.connect()` takes is the local one of `dev.cluster`."""
    given = os.environ.get("KUBECONFIG")
    return not given or _ask_local_cluster().stdout.strip() == given


def _ask_local_cluster() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dev.cluster", "kubeconfig"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def is_ready(pod: Manifest) -> bool:
    """Whether the pod's condition Ready is True."""
    return has_condition(pod, "Ready")


def has_condition(thing: Manifest, kind: str, status: str = "True") -> bool:
    """Whether the object's status has this condition."""
    conditions: Iterable[Manifest] = thing.get("status", {}).get("conditions") or []
    return any(c["type"] == kind and c["status"] == status for c in conditions)


def restarts(pod: Manifest) -> int:
    """How often the pod's containers have been started again."""
    status = pod["status"]
    every = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    return sum(container["restartCount"] for container in every)


def is_rolled_out(deployment: Manifest | None) -> bool:
    """Whether all replicas of a Deployment are updated and ready."""
    if deployment is None:
        return False
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(seen and status.get("updatedReplicas", 0) == status.get("readyReplicas", 0) == wanted)


def _kind(manifest: Manifest) -> Kind:
    return Kind(manifest["apiVersion"], manifest["kind"])


def _absent_is_none(call: Callable[[], Manifest]) -> Manifest | None:
    try:
        return call()
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body[:300].decode(errors="replace")
