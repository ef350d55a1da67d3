"""The builder writes layers and image archives with this: OCI image layout 1.0 by the standard library's tarfile.

Layers stay uncompressed: a node on the same machine imports them fastest, and the layer's digest is its diff id too.
An archive may leave out layers that the node has from another image; containerd then takes its own.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EPOCH = "1970-01-01T00:00:00Z"
PLATFORM = {"architecture": "amd64", "os": "linux"}
TAG_DIGITS = 12


@dataclass(frozen=True)
class Layer:
    """A layer's tar file and what a manifest says of it."""

    path: str
    digest: str
    size: int


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


@dataclass
class LayerWriter:
    """Collects files for one layer; the tar it writes depends on names, contents and permissions only.

    Every file belongs to root and has mtime 0; set-user-id and set-group-id bits are dropped: nothing may use them.
    """

    _entries: dict[str, tuple[Path | bytes | None, int | None]] = field(default_factory=dict)

    def tree(
        self, source: Path, destination: str, *, without: Iterable[str] = (), anywhere: Iterable[str] = ()
    ) -> None:
        """All below `source` at `destination`; without these absolute paths, and without these names anywhere."""
        if not source.is_dir():
            raise NotADirectoryError(source)  # os.walk would take it for an empty folder
        left_out, names = set(without), set(anywhere)
        for folder, below, inside in os.walk(source):
            place = destination.rstrip("/") + folder.removeprefix(str(source))
            kept = [name for name in below + inside if name not in names and f"{place}/{name}" not in left_out]
            below[:] = [name for name in below if name in kept]  # os.walk does not enter what is taken out
            self._entries |= {f"{place}/{name}": (Path(folder, name), None) for name in kept}

    def file(self, destination: str, content: bytes | Path, mode: int = 0o644) -> None:
        """One file with this content."""
        self._entries[destination] = (content, mode)

    def folder(self, destination: str, mode: int = 0o755) -> None:
        """One empty folder."""
        self._entries[destination] = (None, mode)

    def write(self, out: Path) -> Layer:
        """Write the tar, parents before children."""
        with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
            for place in sorted(self._with_parents()):
                _add(tar, place, *self._entries.get(place, (None, 0o755)))
        with out.open("rb") as written:
            return Layer(str(out), "sha256:" + hashlib.file_digest(written, "sha256").hexdigest(), out.stat().st_size)

    def _with_parents(self) -> set[str]:
        parents = {str(parent) for place in self._entries for parent in Path(place).parents}
        return (parents | set(self._entries)) - {"/"}


def _add(tar: tarfile.TarFile, place: str, source: Path | bytes | None, mode: int | None) -> None:
    name = place.lstrip("/")
    if isinstance(source, Path):
        info = tar.gettarinfo(str(source), name)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        if info.islnk():  # a second name of a file already in this layer: stored as a copy, so that order cannot matter
            info.type, info.linkname, info.size = tarfile.REGTYPE, "", source.stat().st_size
    else:
        info = tarfile.TarInfo(name)
        info.type = tarfile.DIRTYPE if source is None else tarfile.REGTYPE
        info.size = len(source or b"")
    info.mtime = 0
    info.mode = (info.mode if mode is None else mode) & 0o1777
    if not info.isreg():
        tar.addfile(info)
    elif isinstance(source, Path):
        with source.open("rb") as content:
            tar.addfile(info, content)
    else:
        tar.addfile(info, io.BytesIO(source or b""))


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


def save_layer(folder: Path, layer: Layer) -> None:
    """Keep what is known of a layer beside its tar, under the folder's final name: hashing it again takes a second."""
    (folder / "layer.json").write_text(json.dumps(asdict(layer) | {"path": Path(layer.path).name}))


def load_layer(folder: Path) -> Layer:
    """The layer that `save_layer` kept in this folder."""
    known = json.loads((folder / "layer.json").read_text())
    return Layer(str(folder / known["path"]), known["digest"], known["size"])
