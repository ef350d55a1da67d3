"""The cluster as the watches tell it: the newest version of every object that matters, by kind, namespace and name.

Fed by `handlers` (watch events) and by `apply` (what a write returned, so that the next cycle sees it at once); read by `observe`.
Nothing is requested from the API server to observe.
"""

from collections.abc import Iterator
from typing import Any

from shadowlift.api.names import KIND, LABEL_OWNER

Object = dict[str, Any]
Key = tuple[str, str]  # namespace, name of a ModelDeployment


def version_of(obj: Object) -> int:
    """ResourceVersion as a number: comparable within one API server (guaranteed since Kubernetes 1.35, true before)."""
    return int(obj["metadata"].get("resourceVersion") or 0)


class Store:
    """Objects by (kind, namespace, name)."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str, str], Object] = {}
        self._owned: dict[tuple[str, str, str], set[str]] = {}  # (kind, namespace, owner) -> names

    def put(self, obj: Object) -> bool:
        """Take a newer version; False if it is what is known already, or older."""
        kind, meta = obj["kind"], obj["metadata"]
        key = (kind, meta["namespace"], meta["name"])
        known = self._objects.get(key)
        if known is not None and known["metadata"]["uid"] == meta["uid"] and version_of(known) >= version_of(obj):
            return False
        self._forget(key)
        meta.pop("managedFields", None)  # half of an object's size, and nobody here asks
        self._objects[key] = obj
        owner = meta.get("labels", {}).get(LABEL_OWNER)
        if owner is not None:
            self._owned.setdefault((kind, meta["namespace"], owner), set()).add(meta["name"])
        return True

    def drop(self, obj: Object) -> None:
        """Forget a deleted object, unless another one has taken its name since."""
        meta = obj["metadata"]
        key = (obj["kind"], meta["namespace"], meta["name"])
        known = self._objects.get(key)
        if known is not None and known["metadata"]["uid"] == meta["uid"]:
            self._forget(key)

    def _forget(self, key: tuple[str, str, str]) -> None:
        known = self._objects.pop(key, None)
        owner = known["metadata"].get("labels", {}).get(LABEL_OWNER) if known else None
        if owner is not None:
            names = self._owned.get((key[0], key[1], owner), set())
            names.discard(key[2])
            if not names:
                self._owned.pop((key[0], key[1], owner), None)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, or None if there is none."""
        return self._objects.get((kind, namespace, name))

    def owned(self, kind: str, key: Key) -> list[Object]:
        """Objects of this kind that carry the ModelDeployment's label, by name."""
        names = self._owned.get((kind, *key), set())
        return [self._objects[kind, key[0], name] for name in sorted(names)]

    def unlisted(self, kind: str, namespace: str | None, uids: set[str], version: int) -> list[Object]:
        """What a list of that version (of one namespace, None: of all) should have shown and did not: it is gone."""
        return [
            obj
            for (of_kind, of_namespace, _), obj in self._objects.items()
            if of_kind == kind
            and namespace in (None, of_namespace)
            and obj["metadata"]["uid"] not in uids
            and version_of(obj) <= version
        ]

    def resources(self) -> Iterator[Object]:
        """All ModelDeployments."""
        return (obj for (kind, _, _), obj in list(self._objects.items()) if kind == KIND)

    def concerned(self, obj: Object) -> list[Key]:
        """The ModelDeployments to which a change of this object matters."""
        meta = obj["metadata"]
        namespace = meta["namespace"]
        if obj["kind"] == KIND:
            return [(namespace, meta["name"])]
        keys = {(namespace, meta["labels"][LABEL_OWNER])} if LABEL_OWNER in meta.get("labels", {}) else set()
        if obj["kind"] == "Service":
            keys |= {(namespace, r["metadata"]["name"]) for r in self.resources() if _names(r, namespace, meta["name"])}
        return sorted(keys)


def _names(resource: Object, namespace: str, service: str) -> bool:
    if resource["metadata"]["namespace"] != namespace:
        return False
    current = resource.get("spec", {}).get("current", {}).get("service") or {}
    return service in (current.get("name"), resource["metadata"]["name"])
