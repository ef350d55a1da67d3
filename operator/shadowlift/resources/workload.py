"""A bento as a Deployment and a headless Service, both named by content and never changed except in the number of pods."""

from typing import Any

from shadowlift.api.names import LABEL_WORKLOAD
from shadowlift.api.spec import Bento, Resources
from shadowlift.resources.owner import RESTRICTED_CONTAINER, Owner, restricted_pod

BENTO_USER = (
    1034  # uid of the `bentoml` user in every image that `bentoml containerize` makes; the image names it by name only
)
# BentoML closes its listener at once on SIGTERM; the routers need one DNS refresh to stop sending. See `router.DNS_REFRESH`.
DRAIN_SECONDS = 8
STOP_SECONDS = 34  # as the routers
PROGRESS_SECONDS = 120  # without a pod becoming ready; then status says that a person should look
COMPONENT = "workload"
BENTO_CONTAINER = "bento"


def resources_of(resources: Resources | None) -> dict[str, Any]:
    """Requests and limits as Kubernetes wants them."""
    return resources.model_dump(exclude_none=True) if resources else {}


def workload_manifests(owner: Owner, name: str, bento: Bento, replicas: int) -> list[dict[str, Any]]:
    """The Service first, so that the pods' names resolve as soon as they are ready."""
    return [_service(owner, name, bento.port), _deployment(owner, name, bento, replicas)]


def _service(owner: Owner, name: str, port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": owner.metadata(name, COMPONENT, **{LABEL_WORKLOAD: name}),
        "spec": {
            "clusterIP": "None",
            "selector": {LABEL_WORKLOAD: name},
            "ports": [{"name": "http", "port": port, "targetPort": port, "protocol": "TCP"}],
        },
    }


def _deployment(owner: Owner, name: str, bento: Bento, replicas: int) -> dict[str, Any]:
    labels = {LABEL_WORKLOAD: name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": owner.metadata(name, COMPONENT, **labels),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "progressDeadlineSeconds": PROGRESS_SECONDS,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": owner.labels(COMPONENT, **labels)},
                "spec": _pod(bento),
            },
        },
    }


def _pod(bento: Bento) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/readyz", "port": bento.port}}
    container = {
        "name": BENTO_CONTAINER,
        "image": bento.image,
        "ports": [{"name": "http", "containerPort": bento.port, "protocol": "TCP"}],
        "env": [
            {"name": "BENTOML_HOME", "value": "/tmp/bentoml"},  # noqa: S108 - an emptyDir: the image itself is read-only
            {"name": "BENTOML_DO_NOT_TRACK", "value": "True"},
            {"name": "PORT", "value": str(bento.port)},
            *({"name": item.name, "value": item.value} for item in bento.env),
        ],
        "resources": resources_of(bento.resources),
        "startupProbe": {**probe, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 180},
        "readinessProbe": {**probe, "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3},
        "livenessProbe": {
            "httpGet": {"path": "/livez", "port": bento.port},
            "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "securityContext": RESTRICTED_CONTAINER,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - an emptyDir
    }  # fmt: skip
    return {
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # a Service named `bentoml` would inject BENTOML_PORT and break the start
        "terminationGracePeriodSeconds": STOP_SECONDS,
        "securityContext": restricted_pod(BENTO_USER),
        "imagePullSecrets": [{"name": secret.name} for secret in bento.image_pull_secrets],
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}}],
    }
