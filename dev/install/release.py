"""A Helm release of the chart: installed, upgraded, removed, as `helm` would. Called by `__main__`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import helm_python
import yaml

from dev.traffic.cluster_api import NAMESPACE, Cluster, Kind, Manifest, default_kubeconfig, wait_for
from dev.traffic.manifests import MADE_HERE, made_here

CHART = Path(__file__).resolve().parents[2] / "charts" / "shadowlift"
RELEASE = "shadowlift"
_HELM_SECONDS = 60  # for the API server to take the objects; their becoming ready is waited for elsewhere
_CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_CLAIM = Kind("v1", "PersistentVolumeClaim")


class InstallError(Exception):
    """The chart cannot be installed; the text says why and what to do."""


@dataclass(frozen=True)
class Wish:
    """What is to run: an image, where, and values of the chart besides."""

    image: str
    namespace: str
    values: dict[str, Any] = field(default_factory=dict)


def image_values(reference: str) -> dict[str, str]:
    """An image reference as the chart's `image` values.

    Raises:
        InstallError: there is neither tag nor digest, so that it would not be known what runs.
    """
    rest, _, digest = reference.partition("@")
    path, _, last = rest.rpartition("/")
    name, _, tag = last.partition(":")  # a colon before the last slash belongs to the host's port
    if not name or not (tag or digest):
        raise InstallError(
            f"{reference!r}: give the image with its tag or digest, e.g. registry.example/shadowlift:0.1.0"
        )
    return {"repository": f"{path}/{name}" if path else name, "tag": tag, "digest": digest}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both, key by key into all depths; `over` wins."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        out[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def parse_set(expressions: list[str]) -> dict[str, Any]:
    """`--set` expressions as values, in Helm's own syntax; raises InstallError naming the expression."""
    values: dict[str, Any] = {}
    for expression in expressions:
        try:
            values = merged(values, helm_python.parse_set_string(expression))
        except helm_python.HelmError as error:
            raise InstallError(f"--set {expression}: {error}") from error
    return values


@contextmanager
def _helm(namespace: str) -> Iterator[helm_python.Config]:
    try:
        with helm_python.Config(kubeconfig_path=default_kubeconfig(), namespace=namespace) as config:
            yield config
    except helm_python.HelmError as error:
        raise InstallError(str(error)) from error


def apply(cluster: Cluster, wish: Wish) -> list[Manifest]:
    """Install the release, or upgrade it to these values; returns the objects it holds.

    Safe to repeat, also after an interrupted run.

    Raises:
        InstallError: values or chart were refused, the release is somebody else's, or the cluster refused an object.
        ApiError: the API server did not answer.
        Overdue: a former namespace of that name does not go away.
    """
    _ensure_namespace(cluster, wish.namespace)
    values = merged({"image": image_values(wish.image)}, wish.values)
    with _helm(wish.namespace) as helm, helm_python.Chart.load(CHART) as chart:
        if _settle(helm, wish.namespace):
            done = helm.upgrade(chart, RELEASE, values, reset_values=True, max_history=5, timeout=_HELM_SECONDS)
        else:
            done = helm.install(chart, RELEASE, values, labels=MADE_HERE, timeout=_HELM_SECONDS)
    return [item for item in yaml.safe_load_all(done["manifest"]) if item]


def _settle(helm: helm_python.Config, namespace: str) -> bool:
    """Whether there is a release of ours to upgrade. One that an interrupted run left half-made is first taken back."""
    found = [release for release in helm.list(all_states=True) if release["name"] == RELEASE]
    if not found:
        return False
    if not made_here(found[0].get("labels")):
        raise InstallError(
            f"release {RELEASE} in namespace {namespace} was not made by dev.install, which would reset its values: "
            f"use another cluster, or remove it first (helm uninstall {RELEASE} -n {namespace})"
        )
    if not str(found[0]["status"]).startswith("pending"):
        return True
    deployed = [item for item in helm.history(RELEASE) if item["status"] == "deployed"]
    if deployed:
        helm.rollback(RELEASE, version=deployed[-1]["version"])
    else:
        helm.uninstall(RELEASE, ignore_not_found=True)
    return bool(deployed)


def _ensure_namespace(cluster: Cluster, name: str) -> None:
    found = cluster.get(NAMESPACE, name)
    if found and found["metadata"].get("deletionTimestamp"):
        _wait_until_gone(cluster, name)
        found = None
    if found is None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})


def _wait_until_gone(cluster: Cluster, namespace: str) -> None:
    wait_for(f"the end of namespace {namespace}", lambda: cluster.get(NAMESPACE, namespace) is None, _HELM_SECONDS)


def remove(cluster: Cluster, namespace: str, *, purge: bool) -> None:
    """Uninstall, if installed. CRD, ModelDeployments and the ledger's claim stay unless `purge`."""
    with _helm(namespace) as helm:
        helm.uninstall(RELEASE, ignore_not_found=True, wait="watcher", timeout=_HELM_SECONDS)
    if purge:
        for claim in cluster.find(_CLAIM, namespace, {"app.kubernetes.io/instance": RELEASE}):
            cluster.delete(_CLAIM, claim["metadata"]["name"], namespace)
        cluster.delete(_CRD, "modeldeployments.shadowlift.dev")
        cluster.delete(NAMESPACE, namespace)
        _wait_until_gone(cluster, namespace)
