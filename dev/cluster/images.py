"""Images of the node: the pause image, made here, and OCI archives that the project's image builder made.

`init` imports the pause image at the start; `load` and `up --image` import archives. An archive whose images are
there already, by digest, costs a look into its index.
"""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from dev.cluster.addresses import PAUSE_IMAGE
from dev.cluster.errors import ClusterError
from dev.cluster.state import State

_NAME = "io.containerd.image.name"
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def ctr(state: State, *arguments: str) -> str:
    """Run containerd's client, from either side of the namespaces; raises `ClusterError` with its message."""
    command = ["ctr", "--address", str(state.containerd_socket), "--namespace", "k8s.io", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"{' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


def present(state: State) -> set[tuple[str, str]]:
    """The (name, digest) of every image of the node."""
    rows = (line.split() for line in ctr(state, "images", "list").splitlines()[1:])
    return {(row[0], row[2]) for row in rows if len(row) > 2}


def named(archive: Path) -> set[tuple[str, str]]:
    """The (name, digest) of every image in an OCI archive; empty if it has no plain index to look into."""
    try:
        with tarfile.open(archive, "r:") as tar:
            # By name: reading stops at the first match, unlike a listing of a large archive.
            index = tar.extractfile("index.json")
            manifests = json.load(index)["manifests"] if index else []
    except (tarfile.TarError, KeyError, ValueError):
        return set()
    return {(entry.get("annotations", {}).get(_NAME, ""), entry["digest"]) for entry in manifests}


def load(state: State, archive: Path) -> bool:
    """Import an archive unless the node has its images; returns whether it imported.

    Raises:
        ClusterError: no such file, or containerd refused it.
    """
    if not archive.is_file():
        raise ClusterError(f"no such image archive: {archive}")
    wanted = named(archive)
    if wanted and wanted <= present(state):
        return False
    ctr(state, "images", "import", str(archive))
    return True


def write_pause_archive(binary: Path, target: Path) -> None:
    """An OCI archive of one layer that holds the pause program and nothing else."""
    content = binary.read_bytes()
    layer = _tar({"pause": content}, mode=0o755)
    machine = {"architecture": _MACHINES.get(platform.machine(), platform.machine()), "os": "linux"}
    config = _json(
        {**machine, "config": {"Entrypoint": ["/pause"]}, "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}}
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        }
    )
    entry = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    index = {"schemaVersion": 2, "manifests": [{**entry, "platform": machine, "annotations": {_NAME: PAUSE_IMAGE}}]}
    blobs = {f"blobs/sha256/{_digest(blob).removeprefix('sha256:')}": blob for blob in (layer, config, manifest)}
    files = {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index), **blobs}
    target.write_bytes(_tar(files, mode=0o644))


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}
