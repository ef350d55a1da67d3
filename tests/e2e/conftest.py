"""The cluster of $KUBECONFIG with the chart installed; `make e2e` brings both and runs these tests."""

from collections.abc import Iterator
from itertools import zip_longest

import pytest

from dev.traffic.cluster_api import Cluster
from tests.e2e.examples import STALLED_EXAMPLES, documents
from tests.e2e.place import Place


@pytest.hookimpl(trylast=True)  # when it is known which are to run
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real cluster on a shared machine: minutes, not seconds.

    What has traffic of its own begins first, the longest of all at once. Between two of them comes a short one: a worker holds the
    test that follows its present one, and nobody should wait so for a long one.
    """
    long = [item for item in items if {"place", "shop"}.intersection(item.fixturenames)]  # type: ignore[attr-defined]
    long.sort(key=lambda item: item.name != "test_nulls")
    short = [item for item in items if item not in long]
    items[:] = [item for pair in zip_longest(long, short) for item in pair if item is not None]
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster; an error, never a skip, where there is none."""
    return Cluster.connect()


@pytest.fixture(scope="session")
def stalled(cluster: Cluster) -> Iterator[Place]:
    """A namespace in which everything is right but what each example does wrong."""
    place = Place(cluster, "examples-stalled")
    place.open()
    for path in STALLED_EXAMPLES:
        for item in documents(path):
            item["metadata"]["namespace"] = place.namespace
            cluster.apply(item)
    yield place
    place.close()


@pytest.fixture
def place(cluster: Cluster, request: pytest.FixtureRequest):
    """A namespace of its own, which goes afterwards."""
    name = "e2e-" + request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")[:40].strip("-")
    here = Place(cluster, name)
    here.open()
    yield here
    here.close()
