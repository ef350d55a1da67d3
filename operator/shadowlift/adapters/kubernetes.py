"""The Kubernetes API through `kubernetes.aio`'s dynamic client: implements the ports Cluster and Announcer.

Paths are written down here instead of being discovered: the operator needs no discovery rights and makes no request to find out
what it knows already. Typed models are not used: they refuse fields of newer API servers and cost twice the time.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
from kubernetes.aio import client as api
from kubernetes.aio import config
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.exceptions import DynamicApiError

from shadowlift.adapters.clock import SystemClock
from shadowlift.api.names import API_VERSION, FIELD_MANAGER, GROUP, KIND, PLURAL, VERSION
from shadowlift.errors import Conflict, InvalidInput, NameTaken, NotFound, Refused, ShadowliftError, Unavailable
from shadowlift.telemetry.metrics import Metrics

Object = dict[str, Any]

_PATHS = {
    KIND: (f"/apis/{GROUP}/{VERSION}", PLURAL),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "ControllerRevision": ("/apis/apps/v1", "controllerrevisions"),
    "Service": ("/api/v1", "services"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Pod": ("/api/v1", "pods"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "Event": ("/apis/events.k8s.io/v1", "events"),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases"),
}
_ACCEPT = {"Accept": "application/json"}
_TIMEOUT = 10.0  # seconds for one request
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
APPLIED = frozenset({"Deployment", "Service", "ConfigMap", "PodDisruptionBudget"})  # what `apply` may change later


async def connect() -> api.ApiClient:
    """A client from the pod's ServiceAccount, else from the kubeconfig.

    Raises:
        Unavailable: neither is there.
    """
    try:
        config.load_incluster_config()
    except config.ConfigException:
        try:
            await config.load_kube_config()
        except (config.ConfigException, OSError) as error:
            raise Unavailable(f"no Kubernetes credentials: {error}") from error
    return api.ApiClient()


class KubernetesCluster:
    """Writes of the operator, and the few reads that no watch covers."""

    def __init__(self, client: api.ApiClient, metrics: Metrics) -> None:
        self._client, self._metrics, self._clock = DynamicClient(client), metrics, SystemClock()

    async def create(self, manifest: Object) -> Object:
        """POST; what stands there already is returned if it has the same owner, else NameTaken."""
        kind, meta = manifest["kind"], manifest["metadata"]
        try:
            made = await self._request("post", _path(kind, meta["namespace"]), manifest, field_manager=FIELD_MANAGER)
            return await self._own(made) if kind in APPLIED else made
        except Conflict:
            there = await self.get(kind, meta["namespace"], meta["name"])
            if _owner(there) != _owner(manifest):
                raise NameTaken(f"{kind}/{meta['name']}", "exists and was not made for this ModelDeployment") from None
            return await self._own(there) if kind in APPLIED else there

    async def _own(self, made: Object) -> Object:
        """Turn our ownership by POST into one by apply: else a field that is no longer applied would stay for ever.

        The entry is known by its place in a list that others write, too: only the version that was read is changed.
        """
        kind, meta = made["kind"], made["metadata"]
        entries = [(entry["manager"], entry["operation"]) for entry in meta.get("managedFields", [])]
        if (FIELD_MANAGER, "Update") not in entries:
            return made
        at = f"/metadata/managedFields/{entries.index((FIELD_MANAGER, 'Update'))}/operation"
        seen = {"op": "replace", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]}
        change = [seen, {"op": "replace", "path": at, "value": "Apply"}]
        try:
            path = _path(kind, meta["namespace"], meta["name"])
            return await self._request("patch", path, change, content_type=_JSON_PATCH)
        except Conflict:  # a controller was faster
            return await self._own(await self.get(kind, meta["namespace"], meta["name"]))

    async def apply(self, manifest: Object) -> Object:
        """Server-side apply with our field manager; fields that we own are taken back from whoever changed them."""
        meta = manifest["metadata"]
        path = _path(manifest["kind"], meta["namespace"], meta["name"])
        return await self._request(
            "patch", path, manifest, content_type=_APPLY, field_manager=FIELD_MANAGER, force_conflicts=True
        )

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        """Delete with the uid as precondition, so that never another object of that name goes."""
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        }
        try:
            await self._request("delete", _path(kind, namespace, name), body)
        except (NotFound, Conflict):
            return

    async def annotate_pod(self, namespace: str, name: str, annotations: dict[str, str]) -> None:
        """Merge-patch of metadata.annotations alone."""
        try:
            await self._request(
                "patch", _path("Pod", namespace, name), {"metadata": {"annotations": annotations}}, content_type=_MERGE
            )
        except NotFound:
            return

    async def write_status(self, namespace: str, name: str, status: Object) -> Object:
        """Server-side apply of the status subresource."""
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, "namespace": namespace},
            "status": status,
        }
        path = _path(KIND, namespace, name) + "/status"
        return await self._request(
            "patch", path, body, content_type=_APPLY, field_manager=FIELD_MANAGER, force_conflicts=True
        )

    async def get(self, kind: str, namespace: str, name: str) -> Object:
        """One object."""
        return await self._request("get", _path(kind, namespace, name))

    async def replace(self, manifest: Object) -> Object:
        """PUT with the object's resourceVersion; Conflict if somebody was faster."""
        meta = manifest["metadata"]
        return await self._request("put", _path(manifest["kind"], meta["namespace"], meta["name"]), manifest)

    async def list(self, kind: str, namespace: str | None, selector: str | None = None) -> tuple[list[Object], int]:
        """All objects of a kind, and the resourceVersion of which that is true; `namespace` None means everywhere."""
        answer = await self._request("get", _path(kind, namespace), label_selector=selector)
        objects = [{"apiVersion": answer["apiVersion"], "kind": kind, **item} for item in answer["items"]]
        return objects, int(answer["metadata"]["resourceVersion"])

    async def announce(self, resource: Object, kind: str, reason: str, note: str) -> None:
        """One Event; its name is made of what it says, so that saying it twice is one Event."""
        meta = resource["metadata"]
        name = hashlib.sha256(f"{meta['uid']}/{meta['generation']}/{reason}/{note}".encode()).hexdigest()[:16]
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name']}.{name}", "namespace": meta["namespace"]},
            "type": kind, "reason": reason, "note": note[:1000], "action": "Reconcile",
            "reportingController": f"{GROUP}/operator", "reportingInstance": FIELD_MANAGER,
            "eventTime": self._now(),
            "regarding": {
                "apiVersion": API_VERSION, "kind": KIND, "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"],
            },
        }  # fmt: skip
        try:
            await self._request("post", _path("Event", meta["namespace"]), event)
        except ShadowliftError:
            return  # an announcement is never in the way

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    async def _request(self, method: str, path: str, body: Any = None, **options: Any) -> Object:
        async def send() -> Object:
            response = await self._client.request(
                method,
                path,
                body=body,
                serialize=False,
                _request_timeout=_TIMEOUT,
                header_params=dict(_ACCEPT),
                **options,
            )
            answer: Object = await response.json()
            return answer

        return await _translated(send, f"{method.upper()} {path}", self._metrics)


async def _translated(send: Callable[[], Awaitable[Object]], what: str, metrics: Metrics) -> Object:
    try:
        answer = await send()
    except DynamicApiError as error:
        metrics.requested(what.split(" ", 1)[0], error.status or 0)
        raise _error(error, what) from error
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:  # ValueError: what came is not JSON
        metrics.requested(what.split(" ", 1)[0], 0)
        raise Unavailable(f"{what}: {error or type(error).__name__}") from error
    metrics.requested(what.split(" ", 1)[0], 200)
    return answer


def _error(error: DynamicApiError, what: str) -> Exception:
    message = f"{what}: {error.reason}: {str(error.body)[:300]}"
    match error.status:
        case 404:
            return NotFound(message)
        case 409:
            return Conflict(message)
        case 401 | 403:
            return Refused(message)
        case 400 | 422:
            return InvalidInput(what, str(error.body)[:300])
        case _:
            return Unavailable(message)


def _path(kind: str, namespace: str | None, name: str | None = None) -> str:
    prefix, plural = _PATHS[kind]
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{prefix}{scope}/{plural}" + (f"/{name}" if name else "")


def _owner(obj: Object) -> str | None:
    references = obj["metadata"].get("ownerReferences") or []
    return next((ref["uid"] for ref in references if ref.get("controller")), None)
