"""The door of the watches: every observation reaches the store, and those whom it concerns are looked at."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import kopf
import pytest

from shadowlift.api.names import KIND, LABEL_OWNER
from shadowlift.handlers import watch
from shadowlift.reconcile.queue import KeyedQueue
from shadowlift.reconcile.store import Key, Store
from shadowlift.wiring import App

KEY = ("clinic", "triage")


@dataclass
class Desk:
    """What `take` uses of the operator."""

    store: Store = field(default_factory=Store)
    queue: KeyedQueue[Key] = field(default_factory=KeyedQueue)
    cluster: Any = None
    settings: Any = field(default_factory=lambda: SimpleNamespace(namespaces=()))

    def take(self, kind: str, change: str | None, obj: dict[str, Any]) -> list[Key]:
        """Take one observation; the keys that are then waiting."""
        watch.take(cast(App, self), kind, change, obj)
        waiting = sorted(self.queue._due)
        self.queue._due.clear()
        return waiting


def pod(version: int, uid: str = "u1") -> dict[str, Any]:
    labels = {LABEL_OWNER: "triage"}
    return {
        "metadata": {"name": "p", "namespace": "clinic", "uid": uid, "resourceVersion": str(version), "labels": labels}
    }


async def test_a_new_observation_is_kept_and_looked_at():
    """Kinds come from the watch: items of a list have none."""
    desk = Desk()
    assert desk.take("Pod", None, pod(1)) == [KEY]
    assert desk.store.get("Pod", "clinic", "p") is not None
    assert desk.take("Pod", "MODIFIED", pod(2)) == [KEY]


@pytest.mark.parametrize("change", [None, "ADDED", "MODIFIED"])
async def test_what_is_known_wakes_nobody(change: str | None):
    """A watch that begins again tells everything again; our own writes come back."""
    desk = Desk()
    desk.take("Pod", "ADDED", pod(5))
    assert desk.take("Pod", change, pod(5)) == []
    assert desk.take("Pod", change, pod(4)) == []


async def test_a_deleted_object_is_forgotten_and_looked_after():
    """Whoever owned it makes it anew; also where it was not known."""
    desk = Desk()
    desk.take("Pod", "ADDED", pod(1))
    assert desk.take("Pod", "DELETED", pod(2)) == [KEY]
    assert desk.store.get("Pod", "clinic", "p") is None
    assert desk.take("Pod", "DELETED", pod(2)) == [KEY]


async def test_the_resource_itself_concerns_itself():
    """Added, changed, deleted."""
    desk = Desk()
    meta = {"name": "triage", "namespace": "clinic", "uid": "u", "resourceVersion": "1"}
    assert desk.take(KIND, "ADDED", {"metadata": meta, "spec": {}}) == [KEY]
    assert desk.take(KIND, "DELETED", {"metadata": meta, "spec": {}}) == [KEY]


def test_every_kind_of_ours_is_watched_and_only_what_is_ours():
    """All but Services and ModelDeployments are filtered by label at the API server; nothing of Kopf's own is used."""
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    watch.register(registry, settings)
    selectors = settings.watching.label_selectors
    for plural, (version, _) in watch.WATCHED.items():
        filtered = (version, plural) in selectors
        assert filtered is (plural not in watch.UNFILTERED), plural
    assert set(selectors.values()) == {watch.SELECTOR}
    assert settings.posting.enabled is False
    assert settings.scanning.disabled is True
    assert {kind for _, kind in watch.WATCHED.values()} == {
        "Deployment", "ControllerRevision", "ConfigMap", "Pod", "PodDisruptionBudget", "Service", KIND,
    }  # fmt: skip


def test_a_watch_is_renewed_before_it_can_be_silent_for_long():
    """The client waits a little longer than the server promises to speak."""
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    watch.register(registry, settings)
    server, client = settings.watching.server_timeout, settings.watching.client_timeout
    assert server is not None
    assert client is not None
    assert server < client <= 600


class Lists:
    """The part of the cluster that a resync asks: a list of each kind at version 10."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = list(pods)

    async def list(self, kind: str, namespace: str | None, selector: str | None) -> tuple[list[dict[str, Any]], int]:
        assert (namespace, selector) == (None, None if kind in ("Service", KIND) else watch.SELECTOR)
        return (self.pods if kind == "Pod" else []), 10


async def test_a_resync_finds_what_a_watch_has_missed():
    """New and changed is taken in, gone is forgotten and looked after; what is newer than the list stays."""
    desk = Desk()
    desk.take("Pod", "ADDED", pod(5))
    newer = {**pod(11, uid="u2"), "kind": "Pod"}
    newer["metadata"]["name"] = "q"
    desk.take("Pod", "ADDED", newer)
    added = pod(9, uid="u3")
    added["metadata"]["name"] = "r"
    desk.cluster = Lists(added)
    await watch.resync(cast(App, desk))
    assert [item["metadata"]["name"] for item in desk.store.owned("Pod", KEY)] == ["q", "r"]
    assert list(desk.queue._due) == [KEY]


async def test_taking_needs_a_running_loop_only():
    """No request is made: the door is quick."""
    desk = Desk()
    before = asyncio.get_running_loop().time()
    for version in range(1, 1000):
        desk.take("Pod", "MODIFIED", pod(version))
    assert asyncio.get_running_loop().time() - before < 5
