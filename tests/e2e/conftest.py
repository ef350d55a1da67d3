"""The cluster of $KUBECONFIG with the chart installed; `make e2e` brings both and runs these tests."""

import pytest

from dev.traffic.cluster_api import Cluster
from tests.e2e.place import Place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real cluster on a shared machine: minutes, not seconds."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster; an error, never a skip, where there is none."""
    return Cluster.connect()


@pytest.fixture
def place(cluster: Cluster, request: pytest.FixtureRequest):
    """A namespace of its own, gone afterwards."""
    name = "e2e-" + request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")[:40].strip("-")
    here = Place(cluster, name)
    here.open()
    yield here
    here.close()
