"""What the operator's account may do, asked of the API server in its name: rights and admission policies together.

Every allowed case is built by the operator's own builders, so that a policy that grew too strict fails here.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from dev.generate import ROOT
from dev.traffic.cluster_api import MODEL_DEPLOYMENT, POD, Cluster, Kind, wait_for
from shadowlift.api.spec import Bento, Router
from shadowlift.resources.owner import Owner
from shadowlift.resources.routers import RouterSettings, config_map, router_manifests
from shadowlift.resources.workload import workload_manifests
from tests.e2e.chart.asking import APPLY, MERGE, TAKEN, Caller
from tests.e2e.chart.conftest import SECONDS

Manifest = dict[str, Any]
pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("definition")]
POLICY = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
NOT_OWNED = "the operator may write only objects whose controlling owner is a ModelDeployment"
DELETED = (
    "Deployment",
    "Service",
)  # the kinds that the operator deletes; the others are the garbage collector's business
ROOTS = {
    "Deployment": "apis/apps/v1/namespaces/{}/deployments",
    "ControllerRevision": "apis/apps/v1/namespaces/{}/controllerrevisions",
    "Service": "api/v1/namespaces/{}/services",
    "ConfigMap": "api/v1/namespaces/{}/configmaps",
    "PodDisruptionBudget": "apis/policy/v1/namespaces/{}/poddisruptionbudgets",
}


def _path(manifest: Manifest, *, named: bool = True) -> str:
    meta = manifest["metadata"]
    return "/" + ROOTS[manifest["kind"]].format(meta["namespace"]) + (f"/{meta['name']}" if named else "")


def _create(caller: Caller, manifest: Manifest, *, keep: bool = False) -> Any:
    return caller.ask("POST", _path(manifest, named=False) + ("" if keep else "?dryRun=All"), manifest)


def _without_owner(manifest: Manifest) -> Manifest:
    changed = copy.deepcopy(manifest)
    del changed["metadata"]["ownerReferences"]
    return changed


@pytest.fixture(scope="module")
def owner(cluster: Cluster, namespace: str) -> Owner:
    """A ModelDeployment that exists, so that the garbage collector leaves its objects alone.

    Its spec is one at which an operator that runs here stops at once, so that it makes nothing of the same names.
    """
    resource = yaml.safe_load((ROOT / "manifests/examples/invalid/deadline-before-maturity.yaml").read_text())
    resource["metadata"] = {"name": "confined", "namespace": namespace}
    cluster.apply(resource)
    live = cluster.get(MODEL_DEPLOYMENT, "confined", namespace) or {}
    return Owner("confined", namespace, live["metadata"]["uid"])


def _everything(owner: Owner) -> list[Manifest]:
    """One of each kind that the operator makes, as it makes them."""
    return [
        config_map(owner, {"a": "b"}, "1-00000000"),
        *router_manifests(owner, Router(replicas=2), 8080, RouterSettings("shadowlift.invalid/none:1")),
        *workload_manifests(owner, "confined-candidate", Bento(image="shadowlift.invalid/none:1"), 2),
        {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": owner.metadata("confined-record", "record"),
            "data": {},
            "revision": 1,
        },
    ]


@pytest.fixture(scope="module")
def confined(operator: Caller, owner: Owner) -> Caller:
    """The operator, once its policies are in force: the API server learns of them a moment after they were made."""
    stray = _without_owner(config_map(owner, {}, "1-00000000"))
    wait_for("the policies", lambda: NOT_OWNED in _create(operator, stray).message, SECONDS)
    return operator


def test_what_the_operator_makes_is_allowed(confined: Caller, owner: Owner) -> None:
    """Objects of a ModelDeployment, exactly as the builders build them, are created and applied."""
    for manifest in _everything(owner):
        assert _create(confined, manifest) == TAKEN, manifest["kind"]


@pytest.mark.parametrize("kind", ROOTS)
def test_objects_without_a_model_deployment_are_refused(confined: Caller, owner: Owner, kind: str) -> None:
    """What no ModelDeployment owns cannot be created."""
    manifest = next(item for item in _everything(owner) if item["kind"] == kind)
    answer = _create(confined, _without_owner(manifest))
    assert answer.status == 422
    assert NOT_OWNED in answer.message


@pytest.mark.parametrize("kind", ["Deployment", "Service", "ConfigMap", "PodDisruptionBudget"])
def test_objects_of_others_are_left_alone(cluster: Cluster, confined: Caller, owner: Owner, kind: str) -> None:
    """What exists without such an owner can be neither changed, nor adopted, nor deleted; ours cannot be given away."""
    ours = next(item for item in _everything(owner) if item["kind"] == kind)
    ours["metadata"]["name"] += "-ours"
    theirs = _without_owner(ours)
    theirs["metadata"]["name"] += "-theirs"
    cluster.apply(theirs, ours)
    label = {"metadata": {"labels": {"touched": "yes"}}}
    adoption = {"metadata": {"ownerReferences": ours["metadata"]["ownerReferences"]}}
    for change in (label, adoption):
        assert NOT_OWNED in confined.ask("PATCH", _path(theirs), change, MERGE).message
    refused = NOT_OWNED if kind in DELETED else "forbidden"
    assert refused in confined.ask("DELETE", _path(theirs)).message
    assert NOT_OWNED in confined.ask("PATCH", _path(ours), {"metadata": {"ownerReferences": []}}, MERGE).message
    assert confined.ask("PATCH", _path(ours), label, MERGE) == TAKEN
    assert confined.ask("PATCH", _path(ours) + "?fieldManager=shadowlift&force=true", ours, APPLY) == TAKEN
    if kind in DELETED:
        assert confined.ask("DELETE", _path(ours)) == TAKEN


def _with_container(**fields: Any) -> Callable[[Manifest], None]:
    def change(pod: Manifest) -> None:
        pod["containers"][0] |= fields

    return change


def _with_security(**fields: Any) -> Callable[[Manifest], None]:
    def change(pod: Manifest) -> None:
        pod["containers"][0]["securityContext"] = pod["containers"][0]["securityContext"] | fields

    return change


def _with_pod(**fields: Any) -> Callable[[Manifest], None]:
    def change(pod: Manifest) -> None:
        pod |= fields

    return change


def _with_volume(**source: Any) -> Callable[[Manifest], None]:
    def change(pod: Manifest) -> None:
        pod["volumes"].append({"name": "extra", **source})

    return change


_SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}
WORKLOADS = {
    "another account": (_with_pod(serviceAccountName="admin"), "only as ServiceAccount default"),
    "a mounted token": (_with_pod(automountServiceAccountToken=True), "automountServiceAccountToken: false"),
    "the host's network": (_with_pod(hostNetwork=True), "namespaces of the host"),
    "the host's processes": (_with_pod(hostPID=True), "namespaces of the host"),
    "the host's memory": (_with_pod(hostIPC=True), "namespaces of the host"),
    "a port of the node": (
        _with_container(ports=[{"name": "http", "containerPort": 8080, "hostPort": 80}]),
        "may not take ports of a node",
    ),
    "a node": (_with_pod(nodeName="node-1"), "may not take ports of a node, choose one"),
    "priority": (_with_pod(priorityClassName="system-node-critical"), "come before other pods"),
    "root": (_with_pod(securityContext={"runAsUser": 0}), "only as another user than root"),
    "root in one container": (_with_security(runAsNonRoot=False, runAsUser=0), "only as another user than root"),
    "privileges": (_with_security(privileged=True, allowPrivilegeEscalation=True), "privileged containers"),
    "escalation": (_with_security(allowPrivilegeEscalation=True), "privileged containers"),
    "a capability": (_with_security(capabilities={"add": ["NET_ADMIN"]}), "privileged containers"),
    "the host's files": (_with_volume(hostPath={"path": "/"}), "may mount only"),
    "a secret as a volume": (_with_volume(secret={"secretName": "s"}), "may mount only"),
    "a secret among projections": (_with_volume(projected={"sources": [{"secret": {"name": "s"}}]}), "may mount only"),
    "a token for the API server": (
        _with_volume(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
        "may mount only",
    ),
    "a secret in a variable": (_with_container(env=[{"name": "S", "valueFrom": _SECRET}]), "may not pass Secrets"),
    "a secret as variables": (_with_container(envFrom=[{"secretRef": {"name": "s"}}]), "may not pass Secrets"),
}


@pytest.mark.parametrize("case", WORKLOADS)
def test_workloads_beyond_the_needed_are_refused(confined: Caller, owner: Owner, case: str) -> None:
    """No template may reach another identity, the node, or a Secret; also not in an init container."""
    change, message = WORKLOADS[case]
    (_, manifest) = workload_manifests(owner, "confined-greedy", Bento(image="shadowlift.invalid/none:1"), 2)
    pod = manifest["spec"]["template"]["spec"]
    change(pod)
    assert message in _create(confined, manifest).message
    pod["initContainers"] = [pod["containers"][0] | {"name": "first"}]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle"):
        pod["initContainers"][0].pop(probe, None)
    assert message in _create(confined, manifest).message


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "LoadBalancer"},
        {"type": "NodePort"},
        {"type": "ExternalName", "externalName": "example.invalid"},
        {"externalIPs": ["192.0.2.1"]},
    ],
)
def test_services_that_reach_out_are_refused(confined: Caller, owner: Owner, changes: dict[str, Any]) -> None:
    """Traffic of the cluster is not drawn away, nor is anything shown to the world."""
    service = next(item for item in _everything(owner) if item["kind"] == "Service")
    service["spec"] |= changes
    service["spec"].pop("clusterIP", None)
    assert "only Services of type ClusterIP" in _create(confined, service).message


@pytest.fixture(scope="module")
def pods(cluster: Cluster, namespace: str) -> dict[bool, str]:
    """A pod of ours and a pod of somebody else's, by whether it is ours; neither image exists."""
    for ours in (True, False):
        managed = "shadowlift" if ours else "somebody"
        cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": f"pod-{managed}",
                    "namespace": namespace,
                    "labels": {"app.kubernetes.io/managed-by": managed},
                    "annotations": {"theirs": "1", "shadowlift.dev/refresh": "1"},
                },
                "spec": {"containers": [{"name": "c", "image": "shadowlift.invalid/none:1"}]},
            }
        )
    wait_for("the pods", lambda: cluster.get(POD, "pod-somebody", namespace), SECONDS)
    return {True: "pod-shadowlift", False: "pod-somebody"}


ANNOTATIONS = "only annotations that begin with shadowlift.dev/"
PATCHES: dict[str, tuple[Manifest, str]] = {
    "another's annotation added": ({"metadata": {"annotations": {"other": "1"}}}, ANNOTATIONS),
    "another's annotation changed": ({"metadata": {"annotations": {"theirs": "2"}}}, ANNOTATIONS),
    "another's annotation removed": ({"metadata": {"annotations": {"theirs": None}}}, ANNOTATIONS),
    "a label": ({"metadata": {"labels": {"x": "y"}}}, "may not change labels"),
    "a finalizer": ({"metadata": {"finalizers": ["shadowlift.dev/x"]}}, "may not change labels"),
    "the image": ({"spec": {"activeDeadlineSeconds": 5}}, "may not change the spec"),
}


def test_our_annotations_on_our_pods_are_allowed(confined: Caller, namespace: str, pods: dict[bool, str]) -> None:
    """The one patch that the operator needs: it makes the kubelet refresh a router's volume at once."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pods[True]}"
    for value in ("2", None):
        assert (
            confined.ask("PATCH", path, {"metadata": {"annotations": {"shadowlift.dev/refresh": value}}}, MERGE)
            == TAKEN
        )


@pytest.mark.parametrize("case", PATCHES)
def test_every_other_change_of_our_pods_is_refused(
    confined: Caller, namespace: str, pods: dict[bool, str], case: str
) -> None:
    """Our pods' spec, labels, finalizers and other people's annotations stay as they are."""
    change, message = PATCHES[case]
    answer = confined.ask("PATCH", f"/api/v1/namespaces/{namespace}/pods/{pods[True]}", change, MERGE)
    assert message in answer.message


def test_pods_of_others_are_refused(confined: Caller, namespace: str, pods: dict[bool, str]) -> None:
    """Not even our annotation may be put on a pod that is not ours."""
    path = f"/api/v1/namespaces/{namespace}/pods/{pods[False]}"
    answer = confined.ask("PATCH", path, {"metadata": {"annotations": {"shadowlift.dev/refresh": "2"}}}, MERGE)
    assert "only pods labelled app.kubernetes.io/managed-by=shadowlift" in answer.message


FORBIDDEN = {
    "read Secrets": ("GET", "/api/v1/namespaces/{}/secrets"),
    "make pods": ("POST", "/api/v1/namespaces/{}/pods"),
    "delete pods": ("DELETE", "/api/v1/namespaces/{}/pods/pod-shadowlift"),
    "run commands in pods": ("POST", "/api/v1/namespaces/{}/pods/pod-shadowlift/exec?command=id"),
    "make tokens": ("POST", "/api/v1/namespaces/{}/serviceaccounts/default/token"),
    "make accounts": ("POST", "/api/v1/namespaces/{}/serviceaccounts"),
    "make roles": ("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles"),
    "write a spec": ("PATCH", "/apis/shadowlift.dev/v1alpha1/namespaces/{}/modeldeployments/confined"),
    "change a record": ("PATCH", "/apis/apps/v1/namespaces/{}/controllerrevisions/confined-record"),
    "delete a record": ("DELETE", "/apis/apps/v1/namespaces/{}/controllerrevisions/confined-record"),
    "take part in elections of others": ("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases"),
    "read nodes": ("GET", "/api/v1/nodes"),
    "list namespaces": ("GET", "/api/v1/namespaces"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_rights_that_it_does_not_have(confined: Caller, namespace: str, what: str) -> None:
    """No Secrets, no roles, no pods of its own making, no command in a pod, no word in the spec."""
    method, path = FORBIDDEN[what]
    kind = MERGE if method == "PATCH" else "application/json"
    answer = confined.ask(method, path.format(namespace), {} if method in ("POST", "PATCH") else None, kind)
    assert answer.status == 403
    assert "forbidden" in answer.message


@pytest.mark.usefixtures("confined")
def test_nobody_else_is_confined(cluster: Cluster, owner: Owner) -> None:
    """The policies speak of the operator's account alone."""
    assert _create(Caller(cluster), _without_owner(config_map(owner, {}, "1-00000000"))) == TAKEN


@pytest.mark.usefixtures("confined")
def test_the_policies_have_no_type_errors(cluster: Cluster, namespace: str) -> None:
    """Kubernetes checks every expression against the types it will see, and finds nothing to say."""
    for part in ("pods", "owned", "workloads", "services"):
        name = f"shadowlift-{namespace}-operator-{part}"
        checked = wait_for(f"the check of {name}", lambda name=name: _type_check(cluster, name), SECONDS)
        assert checked == {"checked": True}


def _type_check(cluster: Cluster, name: str) -> Manifest | None:
    status = (cluster.get(POLICY, name) or {}).get("status") or {}
    return {"checked": True} | status["typeChecking"] if "typeChecking" in status else None
