"""Waits until the workloads of a release are Ready, and says what is in the way. Called by `__main__`."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from dev.traffic.cluster_api import ApiError, Cluster, Kind, Manifest

_LOOK_EVERY = 0.5  # seconds
_LOG_LINES = 8
_LOG_WIDTH = 300  # a trace in one line of JSON is longer than anybody reads
_WORKLOADS = ("Deployment", "StatefulSet")


class NotReadyError(Exception):
    """Something did not become Ready in time; the text says what and shows its last words."""


def wait_ready(cluster: Cluster, objects: list[Manifest], seconds: float) -> None:
    """Wait until every Deployment and StatefulSet among the objects runs as it should, with a line of progress.

    Raises:
        NotReadyError: not within `seconds`.
    """
    waited = [item for item in objects if item["kind"] in _WORKLOADS]
    end, shown = time.monotonic() + seconds, ""
    while True:
        states = [_state(cluster, item) for item in waited]
        shown = _show(", ".join(text for text, _ in states), shown)
        if all(ready for _, ready in states):
            _finish()
            return
        if time.monotonic() > end:
            _finish()
            raise NotReadyError("\n".join([f"not ready within {seconds:g} s: {shown}", *_trouble(cluster, waited)]))
        time.sleep(_LOOK_EVERY)  # noqa: TID251 - a tool that waits for a cluster, not the operator's loop


def _state(cluster: Cluster, wanted: Manifest) -> tuple[str, bool]:
    meta = wanted["metadata"]
    live = cluster.get(Kind(wanted["apiVersion"], wanted["kind"]), meta["name"], meta["namespace"]) or {}
    status, replicas = live.get("status", {}), wanted["spec"]["replicas"]
    # Numbers of the generation before say nothing about this one.
    seen = status.get("observedGeneration", 0) >= live.get("metadata", {}).get("generation", 1)
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0)) if seen else 0
    return f"{meta['name']} {ready}/{replicas}", ready == replicas == status.get("replicas", 0)


def _show(text: str, before: str) -> str:
    if text != before:
        print(f"\r\033[K{text}" if sys.stdout.isatty() else text, end="" if sys.stdout.isatty() else "\n", flush=True)
    return text


def _finish() -> None:
    if sys.stdout.isatty():
        print()


def _trouble(cluster: Cluster, waited: list[Manifest]) -> Iterator[str]:
    for item in waited:
        meta = item["metadata"]
        for pod in cluster.pods(meta["namespace"], item["spec"]["selector"]["matchLabels"]):
            yield from _trouble_of(cluster, pod)


def _trouble_of(cluster: Cluster, pod: Manifest) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"{name}: {condition.get('message', 'not scheduled')}"
    for container in status.get("containerStatuses") or []:
        waiting: dict[str, Any] = container["state"].get("waiting") or {}
        if not container["ready"]:
            yield f"{name}: {waiting.get('reason', 'not ready')} {waiting.get('message', '')}".rstrip()
        if not container["ready"] and (container["restartCount"] or "running" in container["state"]):
            yield from _last_words(cluster, pod, container)


def _last_words(cluster: Cluster, pod: Manifest, container: dict[str, Any]) -> Iterator[str]:
    meta, previous = pod["metadata"], bool(container["restartCount"])  # the one that ended knows why
    try:
        log = cluster.logs(meta["namespace"], meta["name"], container["name"], previous=previous)
    except ApiError:
        return  # the container is too young, or its log is gone: the reason above has to do
    yield from (f"  | {line[:_LOG_WIDTH]}" for line in log.splitlines()[-_LOG_LINES:])
