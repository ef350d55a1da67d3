"""The operator's way to the API server, led through the proxy; and the way back. Called by the fixture of `test_faults`.

The operator's own Deployment is changed: one replica, for which `kubernetes.default.svc` is the proxy. Its image, its ServiceAccount and
its rights stay as they are, and it logs in as in any pod. What the Deployment was is kept in an annotation of it: a run that was killed
could not put it back, the next one does.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from dev.traffic import manifests
from dev.traffic.cluster_api import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    POD,
    SERVICE,
    Cluster,
    Manifest,
    is_ready,
    is_rolled_out,
    wait_for,
)
from tests.e2e.faults.control import NAME, ROOM, ProxyControl
from tests.e2e.faults.control import PORT as CONTROL_PORT
from tests.e2e.leading import leader
from tests.e2e.place import PATIENCE, SYSTEM, images

HERE = Path(__file__).parent
OPERATOR = "shadowlift-operator"
API_SERVER = "kubernetes.default.svc"  # as the operator's two clients call it
PORT = 8443
ACCOUNT_FILES = "/var/run/secrets/kubernetes.io/serviceaccount"
KEPT = "tests.shadowlift.dev/spec-before-detour"
KEPT_AT = "/metadata/annotations/" + KEPT.replace("/", "~1")


@contextmanager
def detour(cluster: Cluster, folder: Path) -> Iterator[ProxyControl]:
    """The operator behind the proxy; afterwards, also when interrupted, as before. `folder` is for a certificate and its key."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        restore(cluster)
        address = _run_proxy(cluster, folder)
        _lead_through(cluster, address)
        yield ProxyControl(cluster)
    finally:
        restore(cluster)
        cluster.delete(CONFIG_MAP, NAME, SYSTEM)
        cluster.delete(NAMESPACE, ROOM)
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def restore(cluster: Cluster) -> None:
    """The operator's Deployment as before any detour; safe to repeat."""
    annotations = _operator(cluster)["metadata"].get("annotations", {})
    if KEPT in annotations:
        was = json.loads(annotations[KEPT])
        _change(cluster, {"op": "replace", "path": "/spec", "value": was}, {"op": "remove", "path": KEPT_AT})
    wait_for("the operator to be as before", lambda: is_rolled_out(_operator(cluster)), PATIENCE)


def _lead_through(cluster: Cluster, address: str) -> None:
    """Change the Deployment and wait until an operator leads that knows no other way."""
    was = _operator(cluster)["spec"]
    spec = json.loads(json.dumps(was))
    spec["replicas"] = 1
    pod = spec["template"]["spec"]
    pod["hostAliases"] = [{"ip": address, "hostnames": [API_SERVER]}]
    account = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": NAME, "items": [{"key": "tls.crt", "path": "ca.crt"}]}},
    ]
    pod["volumes"].append({"name": "api-proxy", "projected": {"sources": account}})
    container = pod["containers"][0]
    container["volumeMounts"].append({"name": "api-proxy", "mountPath": ACCOUNT_FILES, "readOnly": True})
    container["env"] += [
        {"name": "KUBERNETES_SERVICE_HOST", "value": API_SERVER},
        {"name": "KUBERNETES_SERVICE_PORT", "value": "443"},
    ]
    if "annotations" not in _operator(cluster)["metadata"]:
        _change(cluster, {"op": "add", "path": "/metadata/annotations", "value": {}})
    _change(
        cluster,
        {"op": "add", "path": KEPT_AT, "value": json.dumps(was)},
        {"op": "replace", "path": "/spec", "value": spec},
    )

    def led() -> bool:
        first = leader(cluster)
        return first is not None and "hostAliases" in first["spec"] and is_rolled_out(_operator(cluster))

    wait_for("an operator behind the proxy that leads", led, PATIENCE)


def _operator(cluster: Cluster) -> Manifest:
    found = cluster.get(DEPLOYMENT, OPERATOR, SYSTEM)
    if found is None:
        raise AssertionError(f"the chart is not installed: there is no Deployment {OPERATOR} in {SYSTEM}")
    return found


def _change(cluster: Cluster, *operations: Manifest) -> None:
    path = f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/{OPERATOR}"
    cluster.request("PATCH", path, json.dumps(operations), content_type="application/json-patch+json")


def _run_proxy(cluster: Cluster, folder: Path) -> str:
    """Start the proxy in a namespace of its own; its Service's address."""
    cluster.delete(NAMESPACE, ROOM)  # of a run that was killed
    wait_for(f"namespace {ROOM} to be gone", lambda: cluster.get(NAMESPACE, ROOM) is None, PATIENCE)
    shown = _certificate(folder)
    programs = {f"{name}.py": (HERE / f"{name}.py").read_text() for name in ("proxy", "writes")}
    cluster.apply(
        manifests.namespace(ROOM),
        manifests.account("default", ROOM),
        manifests.scripts(ROOM, programs, NAME),
        {**manifests.scripts(ROOM, shown, NAME), "kind": "Secret", "data": None, "stringData": shown},
        manifests.scripts(SYSTEM, {"tls.crt": shown["tls.crt"]}, NAME),
        _pod(),
        manifests.service(NAME, ROOM, 443, PORT),
    )
    wait_for("the proxy to be ready", lambda: is_ready(cluster.get(POD, NAME, ROOM) or {}), PATIENCE)
    return str((cluster.get(SERVICE, NAME, ROOM) or {})["spec"]["clusterIP"])


def _pod() -> Manifest:
    """A pod as the clients' and the hospital's, with the proxy in it."""
    program = manifests.Program(
        name=NAME,
        namespace=ROOM,
        image=images()["shadowlift"],
        module="tests.e2e.faults.proxy",
        arguments=[
            *("--port", str(PORT), "--control-port", str(CONTROL_PORT)),
            *("--certificate", "/shown/tls.crt", "--key", "/shown/tls.key", "--authority", "/trusted/ca.crt"),
        ],
        port=CONTROL_PORT,
    )
    pod: Manifest = manifests.program(program)[0]
    mounted: dict[str, tuple[str, Manifest]] = {
        "scripts": ("/scripts/tests/e2e/faults", {"configMap": {"name": NAME}}),
        "shown": ("/shown", {"secret": {"secretName": NAME}}),
        "trusted": ("/trusted", {"configMap": {"name": "kube-root-ca.crt"}}),
    }
    pod["spec"]["volumes"] = [{"name": name, **source} for name, (_, source) in mounted.items()]
    pod["spec"]["containers"][0]["volumeMounts"] = [
        {"name": name, "mountPath": path, "readOnly": True} for name, (path, _) in mounted.items()
    ]
    return pod


def _certificate(folder: Path) -> dict[str, str]:
    """A certificate of the API server's name, signed by itself, and its key."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=faults", "-addext", f"subjectAltName=DNS:{API_SERVER}"]
    command += ["-keyout", "tls.key", "-out", "tls.crt"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {name: (folder / name).read_text() for name in ("tls.crt", "tls.key")}
