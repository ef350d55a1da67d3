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
