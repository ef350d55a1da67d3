"""Images: the pause archive is well-formed, and an archive's images are known without unpacking it."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from dev.cluster import images
from dev.cluster.addresses import PAUSE_IMAGE
from dev.cluster.errors import ClusterError
from dev.cluster.state import State


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The archive of a program that is no program."""
    binary, target = tmp_path / "pause", tmp_path / "pause.tar"
    binary.write_bytes(b"\x7fELF")
    images.write_pause_archive(binary, target)
    return target


def test_every_blob_has_the_digest_of_its_name(archive: Path) -> None:
    """Containerd refuses an archive whose content and digests differ."""
    with tarfile.open(archive) as tar:
        blobs = [entry for entry in tar if entry.name.startswith("blobs/sha256/")]
        for entry in blobs:
            content = tar.extractfile(entry)
            assert content is not None
            assert hashlib.sha256(content.read()).hexdigest() == Path(entry.name).name
    assert len(blobs) == 3


def test_the_layer_holds_the_program_where_it_is_started(archive: Path) -> None:
    """The entry point of the configuration exists in the layer and may be executed."""
    with tarfile.open(archive) as tar:

        def blob(descriptor: dict[str, str]) -> tarfile.ExFileObject:
            return tar.extractfile(f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}")

        index = json.load(tar.extractfile("index.json"))
        manifest = json.load(blob(index["manifests"][0]))
        start = json.load(blob(manifest["config"]))["config"]["Entrypoint"][0]
        with tarfile.open(fileobj=blob(manifest["layers"][0])) as layer:
            assert layer.getmember(start.lstrip("/")).mode & 0o111


def test_the_index_names_the_image_and_its_digest(archive: Path) -> None:
    """What `load` compares with the node's images."""
    (entry,) = images.named(archive)
    assert entry[0] == PAUSE_IMAGE
    with tarfile.open(archive) as tar:
        assert f"blobs/sha256/{entry[1].removeprefix('sha256:')}" in tar.getnames()


def test_an_archive_without_a_plain_index_is_always_imported(tmp_path: Path) -> None:
    """Compressed or foreign archives have no index to look into: nothing is known, so nothing is skipped."""
    foreign = tmp_path / "image.tar.gz"
    with tarfile.open(foreign, "w:gz"):
        pass
    assert images.named(foreign) == set()


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    """The message says which file is missing."""
    with pytest.raises(ClusterError, match=r"nowhere\.tar"):
        images.load(State(tmp_path), tmp_path / "nowhere.tar")
