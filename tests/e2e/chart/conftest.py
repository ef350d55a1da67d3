"""A cluster for the tests of CRD and chart: that of `$KUBECONFIG`, else the local one. Nothing of ours needs to run on it.

What a run makes it removes again: a namespace, a second release of the chart, the CRD where there was none.
"""

import os
from collections.abc import Iterator

import pytest

from dev.install import release
from dev.traffic.cluster_api import NAMESPACE, Cluster, Kind, wait_for
from shadowlift.api.crd import crd
from tests.e2e.chart.asking import Caller


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A second release, and policies for all namespaces: nothing else may run beside it. What only stands and waits may."""
    for item in items:
        if "e2e/chart" in item.nodeid and "test_conditions" not in item.nodeid:
            item.add_marker(pytest.mark.disrupts)


CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
GONE_AFTER = 120.0  # pods use their grace period
SECONDS = 30.0  # for the cluster to do what it was asked; only waited for in full when it does not


@pytest.fixture(scope="session")
def definition(cluster: Cluster) -> Iterator[None]:
    """The CRD of this working tree, established."""
    name = crd()["metadata"]["name"]
    made = cluster.get(CRD, name) is None
    if made:
        cluster.apply(crd())
    live = cluster.get(CRD, name) or {}
    wanted = crd()["spec"]["versions"][0]["schema"]
    assert live["spec"]["versions"][0]["schema"] == wanted, (
        "the cluster has another version of the CRD: run dev.install"
    )
    wait_for("the CRD", lambda: _established(cluster, name), SECONDS)
    yield
    if made:
        cluster.delete(CRD, name)


def _established(cluster: Cluster, name: str) -> bool:
    conditions = (cluster.get(CRD, name) or {}).get("status", {}).get("conditions", [])
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of this run alone, gone before other tests need the room that its pods ask for."""
    name = f"chart-tests-{os.getpid()}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.delete(NAMESPACE, name)
    wait_for("that namespace to be gone", lambda: cluster.get(NAMESPACE, name) is None, GONE_AFTER)


@pytest.fixture(scope="module")
def operator(cluster: Cluster, namespace: str) -> Iterator[Caller]:
    """The operator's account of a release whose pods never start: the rights are tested, not the program."""
    values = {"crds": {"install": False}, "operator": {"replicas": 1}, "recorder": {"persistence": {"enabled": False}}}
    release.apply(cluster, release.Wish("shadowlift.invalid/none:1", namespace, values))
    yield Caller(cluster, f"system:serviceaccount:{namespace}:shadowlift-operator")
    release.remove(cluster, namespace, purge=False)
