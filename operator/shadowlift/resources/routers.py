"""The router of a ModelDeployment: Deployment (Envoy and its shipper), the Service that clients call, disruption budget, ConfigMap.

What differs between the life's stages is only the ConfigMap's content, made in `resources.router`; the pods never change with it.
"""

from dataclasses import dataclass
from typing import Any

from shadowlift.api.names import (
    ANNOTATION_CONFIG_VERSION,
    AUDIENCE,
    PORT_LIVE,
    PORT_SHIPPER,
)
from shadowlift.api.spec import Router
from shadowlift.resources.owner import RESTRICTED_CONTAINER, Owner, restricted_pod
from shadowlift.resources.router.layout import POD
from shadowlift.resources.workload import resources_of

COMPONENT = "router"
USER = 65532
PORT_HEALTH = POD.health_port  # Envoy's own listener for probes: independent of the shipper, 503 while draining
CONFIG_DIR = POD.config_dir
SPOOL_DIR = POD.spool_dir
TOKEN_DIR = "/var/run/secrets/shadowlift"  # noqa: S105 - a path
# Kubernetes looks at a namespace that is going again after half of the longest grace period in it: this one keeps that below 30 s.
STOP_SECONDS = 34


@dataclass(frozen=True)
class RouterSettings:
    """What the installation says about routers."""

    image: str
    pull_policy: str = "IfNotPresent"
    spool_size: str = (
        "64Mi"  # memory: about 60,000 lines with bodies; full means lines lost and counted, never an eviction
    )


def router_name(owner: Owner) -> str:
    """Name of the router's Deployment, ConfigMap and disruption budget."""
    return f"{owner.name}-router"


def config_map(owner: Owner, files: dict[str, str], version: str) -> dict[str, Any]:
    """The ConfigMap that routers mount whole."""
    metadata = owner.metadata(router_name(owner), COMPONENT)
    metadata["annotations"] = {ANNOTATION_CONFIG_VERSION: version}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files}


def router_manifests(owner: Owner, router: Router, port: int, settings: RouterSettings) -> list[dict[str, Any]]:
    """Everything but the ConfigMap, which must exist before the pods can start."""
    name = router_name(owner)
    selector = {"app.kubernetes.io/name": owner.name, "shadowlift.dev/component": COMPONENT}
    return [
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": owner.metadata(name, COMPONENT),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector}},
        },
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": owner.metadata(name, COMPONENT),
            "spec": {
                "replicas": router.replicas,
                "revisionHistoryLimit": 1,
                "selector": {"matchLabels": selector},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "template": {
                    "metadata": {"labels": owner.labels(COMPONENT)},
                    "spec": _pod(owner, router, settings),
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": owner.metadata(owner.name, COMPONENT),
            "spec": {
                "selector": selector,
                "ports": [{"name": "http", "port": port, "targetPort": PORT_LIVE, "protocol": "TCP"}],
            },
        },
    ]


def _pod(owner: Owner, router: Router, settings: RouterSettings) -> dict[str, Any]:
    mounts: list[dict[str, Any]] = [
        {"name": "config", "mountPath": CONFIG_DIR, "readOnly": True},  # whole: a subPath would never be refreshed
        {"name": "spool", "mountPath": SPOOL_DIR},
    ]
    env: list[dict[str, Any]] = [
        {"name": "SHADOWLIFT_CONFIG_DIR", "value": CONFIG_DIR},
        {"name": "SHADOWLIFT_SPOOL_DIR", "value": SPOOL_DIR},
        {"name": "SHADOWLIFT_POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        {"name": "SHADOWLIFT_LISTEN", "value": f"0.0.0.0:{PORT_SHIPPER}"},
        {"name": "SHADOWLIFT_TOKEN_FILE", "value": f"{TOKEN_DIR}/token"},
    ]
    return {
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": STOP_SECONDS,
        "securityContext": restricted_pod(USER),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": owner.name, "shadowlift.dev/component": COMPONENT}},
            }
        ],
        # A native sidecar: starts before Envoy, so that no line is unwatched, and stops after it, so that none is left behind.
        "initContainers": [_shipper(env, mounts, settings)],
        "containers": [_envoy(router, env, mounts, settings)],
        "volumes": [
            {"name": "config", "configMap": {"name": router_name(owner)}},
            {"name": "spool", "emptyDir": {"medium": "Memory", "sizeLimit": settings.spool_size}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}},
            {
                "name": "token",
                "projected": {
                    "sources": [{"serviceAccountToken": {"audience": AUDIENCE, "path": "token", "expirationSeconds": 3600}}]
                },
            },
        ],
    }  # fmt: skip


def _shipper(env: list[dict[str, Any]], mounts: list[dict[str, Any]], settings: RouterSettings) -> dict[str, Any]:
    return {
        "name": "shipper",
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "args": ["shipper"],
        "restartPolicy": "Always",
        "env": env,
        "ports": [{"name": "shipper", "containerPort": PORT_SHIPPER, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": RESTRICTED_CONTAINER,
        "volumeMounts": [
            *mounts,
            {"name": "token", "mountPath": TOKEN_DIR, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir
        ],
    }


def _envoy(
    router: Router, env: list[dict[str, Any]], mounts: list[dict[str, Any]], settings: RouterSettings
) -> dict[str, Any]:
    default = {"requests": {"cpu": "100m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}
    return {
        "name": "router",
        "image": settings.image,
        "imagePullPolicy": settings.pull_policy,
        "args": ["router"],
        "env": env,
        "ports": [
            {"name": "http", "containerPort": PORT_LIVE, "protocol": "TCP"},
            {"name": "health", "containerPort": PORT_HEALTH, "protocol": "TCP"},
        ],
        "resources": resources_of(router.resources) or default,
        # Started: what is loaded is what is mounted (the shipper knows). Ready from then on is Envoy's own word, so that a shipper
        # that hangs never takes a router out of service (one that has ended does until it runs again, so it does not end on errors).
        "startupProbe": {
            "httpGet": {"path": "/ready", "port": PORT_SHIPPER},
            "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 120,
        },
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": PORT_HEALTH},
            "periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 3,
        },
        "lifecycle": {"preStop": {"exec": {"command": ["python3", "-m", "shadowlift", "drain"]}}},
        "securityContext": RESTRICTED_CONTAINER,
        "volumeMounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - an emptyDir
    }  # fmt: skip
