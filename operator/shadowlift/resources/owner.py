"""What every object we make carries: our labels and the ModelDeployment as controlling owner, so that it goes when that goes."""

from dataclasses import dataclass
from typing import Any

from shadowlift.api.names import API_VERSION, KIND, LABEL_COMPONENT, LABEL_MANAGED_BY, LABEL_OWNER, MANAGED_BY


@dataclass(frozen=True)
class Owner:
    """The ModelDeployment for which objects are made."""

    name: str
    namespace: str
    uid: str

    def labels(self, component: str, **more: str) -> dict[str, str]:
        """Labels of an object of this owner."""
        return {
            "app.kubernetes.io/name": self.name,
            LABEL_MANAGED_BY: MANAGED_BY,
            LABEL_OWNER: self.name,
            LABEL_COMPONENT: component,
            **more,
        }

    def metadata(self, name: str, component: str, **labels: str) -> dict[str, Any]:
        """Metadata of an object of this owner."""
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": self.labels(component, **labels),
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION, "kind": KIND, "name": self.name, "uid": self.uid,
                    "controller": True, "blockOwnerDeletion": False,
                }
            ],
        }  # fmt: skip


RESTRICTED_CONTAINER: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def restricted_pod(user: int) -> dict[str, Any]:
    """Pod security context of the `restricted` level for one numeric user."""
    return {
        "runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
