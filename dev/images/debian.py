"""The root layer of every image: Debian 12 with its Python 3.11, made by debootstrap from the host's own mirror."""

import os
import shutil
import tempfile
from pathlib import Path

from dev.images.errors import BuildError
from dev.images.packing import Layer, LayerWriter
from dev.images.process import run

RELEASE = "bookworm"
PACKAGES = "python3-minimal,libpython3-stdlib"

USERS = {"bentoml": 1034, "nonroot": 65532}
"""Programs look themselves up in /etc/passwd: the users that images run as need a line there."""

NOT_NEEDED = (
    "/boot",
    "/usr/share/doc",
    "/usr/share/info",
    "/usr/share/locale",
    "/usr/share/man",
    "/usr/share/zoneinfo",
    "/var/cache/apt",
    "/var/cache/debconf",
    "/var/cache/ldconfig",
    "/var/lib/apt",
    "/var/lib/dpkg",
    "/var/log",
)
MOUNTED = {"/dev": 0o755, "/proc": 0o555, "/run": 0o755, "/sys": 0o555, "/tmp": 0o1777}


def build_root(folder: Path) -> Layer:
    """Make the root layer in this folder.

    Raises:
        BuildError: not root, no mirror known, or debootstrap failed.
    """
    if os.geteuid() != 0:
        raise BuildError("the root layer is made by debootstrap, which needs root: run this as root")
    source = mirror(os.environ.get("DEBIAN_MIRROR", ""))
    if shutil.which("debootstrap") is None:
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "debootstrap"])
    with tempfile.TemporaryDirectory(dir=folder) as tree:
        # in a mount namespace of its own: what debootstrap mounts in the tree is gone with it, also when interrupted
        bootstrap = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, tree, source]
        run(["unshare", "--mount", *bootstrap])
        return pack(Path(tree), folder / "layer.tar")


def mirror(asked: str) -> str:
    """The address to fetch Debian from: the one asked for, else the first of this release in the host's apt sources.

    Raises:
        BuildError: neither is there.
    """
    if asked:
        return asked
    listing = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    for line in run(listing).splitlines():
        address, release, component = line.split()
        if (release, component) == (RELEASE, "main"):
            return address
    raise BuildError(f"apt knows no source of Debian {RELEASE}: add one, or set DEBIAN_MIRROR to its address")


def pack(tree: Path, out: Path) -> Layer:
    """The layer of a bootstrapped tree: without caches and manuals, with the users and the mount points."""
    layer = LayerWriter()
    layer.tree(tree, "/", without=(*NOT_NEEDED, *MOUNTED))
    for place, mode in MOUNTED.items():
        layer.folder(place, mode)
    for file, line in (("etc/passwd", "{0}:x:{1}:{1}::/tmp:/usr/sbin/nologin\n"), ("etc/group", "{0}:x:{1}:\n")):
        lines = "".join(line.format(name, uid) for name, uid in USERS.items())
        layer.file("/" + file, (tree / file).read_bytes() + lines.encode())
    for file in ("/etc/hostname", "/etc/resolv.conf"):  # the host's own came along
        layer.file(file, b"")
    return layer.write(out)
