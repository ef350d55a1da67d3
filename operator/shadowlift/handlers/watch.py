"""Kopf's watch events -> store and queue. No state of Kopf's own is used: no finalizers, annotations, timers or indexes."""

from typing import Any

import kopf

from shadowlift.api.names import GROUP, KIND, LABEL_MANAGED_BY, MANAGED_BY, PLURAL, VERSION
from shadowlift.wiring import App

WATCHED = {  # plural -> (API version, kind); all but these two are filtered by label at the API server
    "deployments": ("apps/v1", "Deployment"),
    "controllerrevisions": ("apps/v1", "ControllerRevision"),
    "configmaps": ("v1", "ConfigMap"),
    "pods": ("v1", "Pod"),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget"),
    "services": ("v1", "Service"),  # unfiltered: the current process is somebody else's Service
    PLURAL: (f"{GROUP}/{VERSION}", KIND),
}
SELECTOR = f"{LABEL_MANAGED_BY}={MANAGED_BY}"
UNFILTERED = frozenset({"services", PLURAL})
RESYNC_SECONDS = 300.0  # a watch that had to begin anew does not tell what went in the meantime


def take(app: App, kind: str, change: str | None, obj: dict[str, Any]) -> None:
    """Put one observation into the store and ask for those whom it concerns to be looked at."""
    obj = {**obj, "kind": kind}
    if change == "DELETED":
        keys = app.store.concerned(obj)
        app.store.drop(obj)
    elif app.store.put(obj):
        keys = app.store.concerned(obj)
    else:
        return
    for key in keys:
        app.queue.add(key)


async def resync(app: App) -> None:
    """List all that is watched, and forget what is gone.

    Raises:
        ShadowliftError: the API server did not answer; what was known is still known.
    """
    for plural, (_, kind) in WATCHED.items():
        selector = None if plural in UNFILTERED else SELECTOR
        for namespace in app.settings.namespaces or (None,):
            objects, version = await app.cluster.list(kind, namespace, selector)
            for obj in objects:
                take(app, kind, None, obj)
            for gone in app.store.unlisted(kind, namespace, {obj["metadata"]["uid"] for obj in objects}, version):
                take(app, kind, "DELETED", gone)


def register(registry: kopf.OperatorRegistry, settings: kopf.OperatorSettings) -> None:
    """Declare all watches."""
    for plural, (version, kind) in WATCHED.items():
        _watch(registry, version, plural, kind)
        if plural not in UNFILTERED:
            settings.watching.label_selectors[version, plural] = SELECTOR
    kopf.on.login(registry=registry)(_login)
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.networking.request_timeout = 30
    settings.posting.enabled = False
    settings.scanning.disabled = True


async def _login(**arguments: Any) -> Any:
    """The pod's ServiceAccount, else the kubeconfig, as for the operator's own client."""
    return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)


def _watch(registry: kopf.OperatorRegistry, version: str, plural: str, kind: str) -> None:
    @kopf.on.event(version, plural, registry=registry, id=f"watch-{plural}")
    async def changed(event: kopf.RawEvent, memo: Any, **_: Any) -> None:
        take(memo.app, kind, event["type"], dict(event["object"]))
