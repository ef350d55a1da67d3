"""`differs`: an apply is sent where it would change something, and only there."""

from typing import Any

import pytest

from shadowlift.reconcile.drift import differs
from shadowlift.resources.routers import RouterSettings, router_manifests
from shadowlift.resources.workload import workload_manifests
from tests.unit.rollout.given import Life

SAME: list[tuple[Any, Any]] = [
    ({}, {}),
    ({"a": 1}, {"a": 1, "b": 2}),  # a default, or somebody else's field
    ({"a": {"b": 1}}, {"a": {"b": 1, "c": 1}}),
    ({"a": [{"n": 1}]}, {"a": [{"n": 1, "protocol": "TCP"}]}),
    ({"a": {}}, {}),  # nothing wanted: nothing missing
    ({"a": []}, {}),
    ({"a": None}, {}),
    ({"a": {}}, {"a": {"b": 1}}),
    ({"value": ""}, {}),  # an empty string is left out by the API server
    ({"replicas": 0}, {"replicas": 0}),
    ({"flag": False}, {"flag": False}),
    ({"cpu": "1000m"}, {"cpu": "1"}),
    ({"cpu": "0.5"}, {"cpu": "500m"}),
    ({"cpu": "0.7"}, {"cpu": "700m"}),
    ({"memory": "1.1Gi"}, {"memory": "1181116006400m"}),
    ({"memory": "1024Mi"}, {"memory": "1Gi"}),
    ({"memory": "1.5Gi"}, {"memory": "1536Mi"}),
    ({"memory": "1000k"}, {"memory": "1M"}),
    ({"port": 8080}, {"port": 8080}),
]
OTHER: list[tuple[Any, Any]] = [
    ({"a": 1}, {}),
    ({"a": 1}, {"a": 2}),
    ({"a": {"b": 1}}, {"a": {"b": 2}}),
    ({"a": {"b": 1}}, {"a": None}),
    ({"a": {"b": 1}}, {"a": "text"}),
    ({"a": [1]}, {"a": [1, 2]}),
    ({"a": [1, 2]}, {"a": [1]}),
    ({"a": [1]}, {"a": None}),
    ({"a": [{"n": 1}, {"n": 2}]}, {"a": [{"n": 2}, {"n": 1}]}),
    ({"replicas": 0}, {"replicas": 2}),
    ({"replicas": 0}, {}),
    ({"flag": False}, {"flag": True}),
    ({"flag": False}, {}),
    ({"cpu": "1"}, {"cpu": "100m"}),
    ({"memory": "1Gi"}, {"memory": "1G"}),
    ({"image": "a:1"}, {"image": "a:2"}),
    ({"value": ""}, {"value": "x"}),
    ({"name": "M"}, {"name": "G"}),  # letters of quantities are letters first
    ({"value": "inf"}, {"value": "Infinity"}),  # and what floats know is no quantity
    ({"value": "nan"}, {"value": "NaN"}),
]


@pytest.mark.parametrize(("wanted", "actual"), SAME)
def test_nothing_to_apply(wanted: Any, actual: Any):
    """Defaults, foreign fields and rewritten quantities are no drift."""
    assert differs(wanted, actual) is False


@pytest.mark.parametrize(("wanted", "actual"), OTHER)
def test_something_to_apply(wanted: Any, actual: Any):
    """A field of ours that is missing or says something else."""
    assert differs(wanted, actual) is True


def manifests() -> list[dict[str, Any]]:
    life = Life()
    owner, read = life.world().owner, life.world().spec
    return [
        *router_manifests(owner, read.router, 8080, RouterSettings("image:1")),
        *workload_manifests(owner, "triage-a", read.candidates[0].bento, 2),
    ]


@pytest.mark.parametrize("manifest", manifests(), ids=lambda item: f"{item['kind']}-{item['metadata']['name']}")
def test_every_leaf_of_our_objects_is_guarded(manifest: dict[str, Any]):
    """Whichever single value somebody changes or removes in one of our objects, it is noticed."""
    assert not differs(manifest, manifest)
    for path in leaves(manifest):
        for changed in (with_leaf(manifest, path, "somebody else's"), with_leaf(manifest, path, None)):
            assert differs(manifest, changed), path


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if items is None:
        return [path]
    return [leaf for key, child in items for leaf in leaves(child, (*path, key))]


def with_leaf(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(node, dict):
        return {key: with_leaf(child, path[1:], value) if key == path[0] else child for key, child in node.items()}
    return [with_leaf(child, path[1:], value) if n == path[0] else child for n, child in enumerate(node)]
