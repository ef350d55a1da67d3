"""The store: the newest version of every object, by name and by owner, whatever order the news come in."""

from typing import Any

import pytest

from shadowlift.api.names import KIND, LABEL_OWNER
from shadowlift.reconcile.store import Store, version_of

KEY = ("clinic", "triage")


def thing(
    version: int, *, kind: str = "Pod", name: str = "a", uid: str = "u1", owner: str | None = "triage", **more: Any
) -> dict[str, Any]:
    labels = {} if owner is None else {LABEL_OWNER: owner}
    meta = {"name": name, "namespace": "clinic", "uid": uid, "resourceVersion": str(version), "labels": labels}
    return {"kind": kind, "metadata": meta, **more}


def resource(name: str, service: str | None, namespace: str = "clinic") -> dict[str, Any]:
    obj = thing(1, kind=KIND, name=name, owner=None)
    obj["metadata"]["namespace"] = namespace
    current = {"service": {"name": service, "port": 80}} if service else {"bento": {"image": "a"}}
    return {**obj, "spec": {"current": current}}


def test_a_newer_version_replaces_an_older_one_and_never_the_other_way():
    """A late watch event does not undo what our own write returned."""
    store = Store()
    assert store.put(thing(5, data=5))
    assert not store.put(thing(4, data=4))
    assert not store.put(thing(5, data=5))
    assert store.put(thing(6, data=6))
    assert store.get("Pod", "clinic", "a") == thing(6, data=6)


def test_versions_are_numbers():
    """10 is newer than 9, though it sorts before it; none is the oldest."""
    store = Store()
    store.put(thing(9))
    assert store.put(thing(10))
    assert version_of({"metadata": {}}) == 0


def test_another_object_of_the_same_name_is_another_object():
    """Deleted and created again: the new one counts, and the delete of the old one does not take it away."""
    store = Store()
    store.put(thing(5))
    store.put(thing(7, uid="u2"))
    store.drop(thing(6))
    assert store.get("Pod", "clinic", "a") == thing(7, uid="u2")
    store.drop(thing(8, uid="u2"))
    assert store.get("Pod", "clinic", "a") is None
    store.drop(thing(8, uid="u2"))


def test_objects_are_found_by_owner_and_sorted_by_name():
    """Kind, namespace and owner label; nothing of others."""
    store = Store()
    for name in ("b", "a"):
        store.put(thing(1, name=name))
    store.put(thing(1, name="c", owner="other"))
    store.put(thing(1, name="d", owner=None))
    store.put(thing(1, kind="Deployment", name="e"))
    assert [obj["metadata"]["name"] for obj in store.owned("Pod", KEY)] == ["a", "b"]
    assert store.owned("Pod", ("elsewhere", "triage")) == []


@pytest.mark.parametrize("how", ["dropped", "relabelled", "unlabelled", "replaced"])
def test_the_index_forgets_with_the_object(how: str):
    """An object that is gone, or no longer ours, is not found by its former owner."""
    store = Store()
    store.put(thing(1))
    match how:
        case "dropped":
            store.drop(thing(1))
        case "relabelled":
            store.put(thing(2, owner="other"))
        case "unlabelled":
            store.put(thing(2, owner=None))
        case "replaced":
            store.put(thing(2, uid="u2", owner="other"))
    assert store.owned("Pod", KEY) == []
    assert store._owned.get(("Pod", *KEY)) is None


def test_managed_fields_are_not_kept():
    """Half of an object's size, and nobody here asks."""
    store = Store()
    obj = thing(1)
    obj["metadata"]["managedFields"] = [{"manager": "x"}]
    store.put(obj)
    assert store.get("Pod", "clinic", "a") == thing(1)


@pytest.mark.parametrize(
    ("obj", "keys"),
    [
        (thing(1), ["triage"]),
        (thing(1, owner=None), []),
        (thing(1, kind=KIND, name="triage", owner=None), ["triage"]),
        (thing(1, kind="Service", name="rules", owner=None), ["one", "two"]),
        (thing(1, kind="Service", name="three", owner=None), ["three"]),
        (thing(1, kind="Service", name="rules", owner="three"), ["one", "three", "two"]),
        (thing(1, kind="Service", name="stranger", owner=None), []),
        (thing(1, kind="ConfigMap", name="rules", owner=None), []),
    ],
)
def test_whom_a_change_concerns(obj: dict[str, Any], keys: list[str]):
    """Its owner; for a Service also those whose current it is, and whose name it takes. Only in its own namespace."""
    store = Store()
    for item in (
        resource("one", "rules"),
        resource("two", "rules"),
        resource("three", None),
        resource("far", "rules", "elsewhere"),
    ):
        store.put(item)
    assert store.concerned(obj) == [("clinic", name) for name in keys]


def test_all_resources_are_listed_while_they_change():
    """Listing survives a change in its middle."""
    store = Store()
    store.put(resource("one", None))
    store.put(resource("two", None))
    seen = []
    for obj in store.resources():
        seen.append(obj["metadata"]["name"])
        store.put(resource(f"new-{len(seen)}", None))
    assert seen == ["one", "two"]
