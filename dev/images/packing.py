"""Every maker of a layer packs with this: files from anywhere into one reproducible tar.

Layers stay uncompressed: a node on the same machine imports them fastest, and the layer's digest is its diff id too.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Layer:
    """A layer's tar file and what a manifest says of it."""

    path: str
    digest: str
    size: int


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


def save_layer(folder: Path, layer: Layer) -> None:
    """Keep what is known of a layer beside its tar, under the folder's final name: hashing it again takes a second."""
    (folder / "layer.json").write_text(json.dumps(asdict(layer) | {"path": Path(layer.path).name}))


def load_layer(folder: Path) -> Layer:
    """The layer that `save_layer` kept in this folder."""
    known = json.loads((folder / "layer.json").read_text())
    return Layer(str(folder / known["path"]), known["digest"], known["size"])
