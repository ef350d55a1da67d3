"""PersistentVolumes of the local cluster: `python3 -m dev.cluster.volumes STATE`, started by `init`.

A fixed stock of folders of the node, behind the default StorageClass `local`. Kubernetes never gives such a volume
to a second claim; this process watches for volumes that were released, empties their folders and puts them back, so
that a namespace can be made, removed and made again without end.
"""

import http
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from dev.cluster.addresses import NODE_NAME
from dev.cluster.api import Api, ApiError
from dev.cluster.state import State

_COUNT = 16
_CAPACITY = "16Gi"
_CLASS = "local"
_COLLECTION = "/api/v1/persistentvolumes"
_RETRY_SECONDS = 1.0


def storage_class() -> dict[str, Any]:
    """The default class. A claim binds when its first pod is scheduled, as with most real classes."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": _CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def volume(state: State, name: str) -> dict[str, Any]:
    """A volume over one folder. The kind `local`, unlike `hostPath`, honours a pod's fsGroup."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": _CAPACITY},
            "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": _CLASS,
            "local": {"path": str(state.volumes / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def create(state: State, api: Api) -> None:
    """Make the class, the folders and the volumes of a new cluster."""
    api.create("/apis/storage.k8s.io/v1/storageclasses", storage_class())
    for number in range(_COUNT):
        name = f"local-{number:02}"
        _empty(state.volumes / name)
        api.create(_COLLECTION, volume(state, name))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Also for a pod without fsGroup, whatever its user.
    folder.chmod(0o777)


def give_back(state: State, api: Api, seen: dict[str, Any]) -> None:
    """Empty a released volume and offer it again; leaves any other alone."""
    if seen.get("status", {}).get("phase") != "Released":
        return
    name = seen["metadata"]["name"]
    _empty(state.volumes / name)
    # The version refuses the change if the volume is no longer the one that was looked at.
    version = seen["metadata"]["resourceVersion"]
    change = {"metadata": {"resourceVersion": version}, "spec": {"claimRef": None}}
    try:
        api.patch(f"{_COLLECTION}/{name}", change)
    except ApiError as error:
        if error.status != http.HTTPStatus.CONFLICT:  # then a newer event of this volume is on its way
            raise


def main() -> None:
    """Give volumes back until killed."""
    state = State(Path(sys.argv[1]))
    api = Api(state)
    while True:
        try:
            for seen in api.watch(_COLLECTION):
                give_back(state, api, seen)
        except (OSError, ApiError, ValueError) as error:
            print(f"watching volumes: {error}", flush=True)
        time.sleep(_RETRY_SECONDS)  # noqa: TID251 - a watch that ended is renewed, not in a tight loop


if __name__ == "__main__":
    main()
