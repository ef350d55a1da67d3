"""Layers depend on names, contents and permissions only; archives hold what their index promises, or leave it to the node."""

import hashlib
import json
import os
import tarfile

import pytest

from dev.images.oci import Image, write_archive
from dev.images.packing import LayerWriter, load_layer, save_layer


def a_tree(folder, names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def a_layer(out, content=b"content"):
    layer = LayerWriter()
    layer.file("/app/file", content)
    return layer.write(out)


def members(path):
    with tarfile.open(path) as tar:
        return {member.name: member for member in tar}


def blobs(archive):
    with tarfile.open(archive) as tar:
        return {
            member.name.removeprefix("blobs/sha256/"): tar.extractfile(member).read()
            for member in tar
            if member.name.startswith("blobs/")
        }


def test_the_same_files_give_the_same_layer(tmp_path):
    """Neither the order of creation nor time stamps nor owners change a layer's digest."""
    names = ["b/two", "a/one", "c"]
    trees = [a_tree(tmp_path / "first", names), a_tree(tmp_path / "second", reversed(names))]
    os.utime(trees[1] / "c", (1, 1))
    layers = []
    for number, tree in enumerate(trees):
        layer = LayerWriter()
        layer.tree(tree, "/opt")
        layers.append(layer.write(tmp_path / f"{number}.tar"))
    assert layers[0].digest == layers[1].digest
    assert {(m.uid, m.gid, m.mtime) for m in members(tmp_path / "0.tar").values()} == {(0, 0, 0)}


def test_a_tree_is_packed_without_what_is_left_out(tmp_path):
    """Paths are left out with all below them, names wherever they are; everything else is there, parents first."""
    tree = a_tree(tmp_path / "tree", ["bin/tool", "lib/code.py", "lib/tests/test.py", "tests/test.py"])
    layer = LayerWriter()
    layer.tree(tree, "/opt/x", without=["/opt/x/bin"], anywhere=["tests"])
    layer.write(tmp_path / "layer.tar")
    assert list(members(tmp_path / "layer.tar")) == ["opt", "opt/x", "opt/x/lib", "opt/x/lib/code.py"]


def test_a_missing_tree_is_no_empty_layer(tmp_path):
    """A folder that is not there is an error, never an image without its program."""
    with pytest.raises(NotADirectoryError):
        LayerWriter().tree(tmp_path / "absent", "/opt")


def test_permissions_are_kept_without_privileges(tmp_path):
    """Executables stay executable, links stay links, set-user-id is dropped; hard links become files of their own."""
    tree = a_tree(tmp_path / "tree", ["su"])
    (tree / "su").chmod(0o4755)
    (tree / "link").symlink_to("su")
    os.link(tree / "su", tree / "twin")
    layer = LayerWriter()
    layer.tree(tree, "/")
    layer.write(tmp_path / "layer.tar")
    packed = members(tmp_path / "layer.tar")
    assert packed["su"].mode == packed["twin"].mode == 0o755
    assert packed["twin"].isreg()
    assert packed["twin"].size == 2
    assert packed["link"].linkname == "su"


def test_an_archive_holds_every_blob_that_its_index_leads_to(tmp_path):
    """index.json -> manifest -> configuration and layers: each is there under its own digest."""
    image = Image("web", [a_layer(tmp_path / "layer.tar")], {"User": "1:1"})
    write_archive(tmp_path / "image.tar", image, omit=[])
    with tarfile.open(tmp_path / "image.tar") as tar:
        (entry,) = json.load(tar.extractfile("index.json"))["manifests"]
    held = blobs(tmp_path / "image.tar")
    manifest = json.loads(held[entry["digest"].removeprefix("sha256:")])
    for blob in (manifest["config"], *manifest["layers"]):
        content = held[blob["digest"].removeprefix("sha256:")]
        assert hashlib.sha256(content).hexdigest() == blob["digest"].removeprefix("sha256:")
        assert len(content) == blob["size"]
    configuration = json.loads(held[manifest["config"]["digest"].removeprefix("sha256:")])
    assert configuration["config"] == {"User": "1:1"}
    assert configuration["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    assert entry["annotations"]["io.containerd.image.name"] == image.reference()


def test_a_thin_archive_leaves_its_bases_layers_to_the_node(tmp_path):
    """An omitted layer is named in the manifest, but not in the archive."""
    base, own = a_layer(tmp_path / "base.tar", b"base"), a_layer(tmp_path / "own.tar", b"own")
    write_archive(tmp_path / "image.tar", Image("web", [base, own], {}), omit=[base.digest])
    held = blobs(tmp_path / "image.tar")
    assert own.digest.removeprefix("sha256:") in held
    assert base.digest.removeprefix("sha256:") not in held


def test_the_tag_is_the_content(tmp_path):
    """The same content has the same name; another layer or another configuration has another."""
    layer, other = a_layer(tmp_path / "1.tar"), a_layer(tmp_path / "2.tar", b"changed")
    image = Image("web", [layer], {"User": "1:1"})
    assert image.reference() == Image("web", [layer], {"User": "1:1"}).reference()
    names = {
        image.reference(),
        Image("web", [other], {"User": "1:1"}).reference(),
        Image("web", [layer], {}).reference(),
    }
    assert len(names) == 3
    assert all(name.startswith("shadowlift.local/web:") and len(name.split(":")[1]) == 12 for name in names)


def test_what_is_known_of_a_layer_moves_with_its_folder(tmp_path):
    """A layer made in a folder that is renamed afterwards is found in the new place."""
    before, after = tmp_path / "key.part", tmp_path / "key"
    before.mkdir()
    layer = a_layer(before / "layer.tar")
    save_layer(before, layer)
    before.rename(after)
    assert load_layer(after).digest == layer.digest
    assert load_layer(after).path == str(after / "layer.tar")
