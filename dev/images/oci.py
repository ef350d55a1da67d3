"""The builder writes image archives with this: OCI image layout 1.0 by the standard library's tarfile.

An archive may leave out layers that the node has from another image; containerd then takes its own.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.images.packing import Layer

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EPOCH = "1970-01-01T00:00:00Z"
PLATFORM = {"architecture": "amd64", "os": "linux"}
TAG_DIGITS = 12


@dataclass(frozen=True)
class Image:
    """An image before it has a tag: its layers, bottom first, and how its program runs."""

    name: str
    layers: Sequence[Layer]
    config: Mapping[str, Any]

    def document(self) -> bytes:
        """The image configuration blob."""
        return _json(
            PLATFORM
            | {
                "created": EPOCH,
                "config": self.config,
                "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]},
            }
        )

    def manifest(self) -> bytes:
        """The manifest blob; its digest is the image's digest."""
        document = self.document()
        return _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest(document), "size": len(document)},
                "layers": [{"mediaType": LAYER, "digest": layer.digest, "size": layer.size} for layer in self.layers],
            }
        )

    def reference(self) -> str:
        """Full name with the content tag. The host part does not exist, so nothing can be pulled by accident."""
        return f"shadowlift.local/{self.name}:{digest(self.manifest()).removeprefix('sha256:')[:TAG_DIGITS]}"


def digest(content: bytes) -> str:
    """The content's name in an image."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def write_archive(out: Path, image: Image, omit: Iterable[str]) -> None:
    """Write the image's archive; layers whose digest is in `omit` are left out, the node must have them already."""
    document, manifest = image.document(), image.manifest()
    left_out = set(omit)
    with tarfile.open(out, "w") as tar:
        _put(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        _put(tar, "index.json", _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [_entry(image, manifest)]}))
        for blob in (document, manifest):
            _put(tar, _blob(digest(blob)), blob)
        for layer in image.layers:
            if layer.digest not in left_out:
                info = tarfile.TarInfo(_blob(layer.digest))
                info.size = layer.size
                with Path(layer.path).open("rb") as content:
                    tar.addfile(info, content)


def _entry(image: Image, manifest: bytes) -> dict[str, Any]:
    reference = image.reference()
    return {
        "mediaType": MANIFEST,
        "digest": digest(manifest),
        "size": len(manifest),
        "platform": PLATFORM,
        "annotations": {
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": reference.rsplit(":", 1)[1],
        },
    }


def _put(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _blob(name: str) -> str:
    return "blobs/sha256/" + name.removeprefix("sha256:")


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
