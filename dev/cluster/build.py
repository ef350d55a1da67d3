"""Compiles the cluster's programs from their Go modules, once per content: `lifecycle.up` and `build` call `ensure`.

    hyperkube/  etcd and Kubernetes, one file called by seven names
    coredns/    the cluster's names
    pause/      the first process of every pod

A program's folder in the cache is named by the hash of its sources, its pinned modules and Go's version: a change of
any makes a new one, and nothing else is ever compiled again. Modules come through Go's own proxy setting and are
checked against go.sum.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import toolchain
from dev.cluster.errors import ClusterError
from dev.cluster.packages import ALTERNATIVE
from dev.cluster.state import cache_root

_SOURCES = Path(__file__).parent
_PROGRESS_SECONDS = 5


@dataclass(frozen=True)
class Program:
    """One Go module of this folder: the file it makes and the other names it is called by."""

    name: str
    expected: str
    links: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        """The module's folder."""
        return _SOURCES / self.name

    def folder(self, go_version: str) -> Path:
        """Where the compiled program belongs, by content."""
        digest = hashlib.sha256(go_version.encode())
        for file in ("go.mod", "go.sum", "main.go"):
            path = self.source / file
            digest.update(path.read_bytes() if path.exists() else b"")
        return cache_root() / "bin" / f"{self.name}-{digest.hexdigest()[:16]}"

    def linker_flags(self) -> str:
        """Kubernetes must be told its version: a plain build stamps one that kubectl cannot parse."""
        match = re.search(r"k8s\.io/kubernetes v((\d+)\.(\d+)\S*)", (self.source / "go.mod").read_text())
        if match is None:
            return "-s -w"
        full, major, minor = match.groups()
        base = "k8s.io/component-base/version"
        stamps = (f"{base}.gitVersion=v{full}", f"{base}.gitMajor={major}", f"{base}.gitMinor={minor}")
        client = f"k8s.io/client-go/pkg/version.gitVersion=v{full}"
        return " ".join(["-s -w", *(f"-X {stamp}" for stamp in (*stamps, client))])


PAUSE = Program("pause", "a second")
COREDNS = Program("coredns", "a minute on two cores")
HYPERKUBE = Program(
    "hyperkube",
    "6 minutes on two cores if nothing of it was ever compiled here, else less",
    ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"),
)
PROGRAMS = (HYPERKUBE, COREDNS, PAUSE)


@dataclass(frozen=True)
class Binaries:
    """The folders that hold the compiled programs."""

    hyperkube: Path
    coredns: Path
    pause: Path

    @property
    def path(self) -> str:
        """In the form of PATH."""
        return f"{self.hyperkube}:{self.coredns}"


def locate() -> Binaries | None:
    """The compiled programs, or None if one must be compiled first."""
    version = toolchain.version()
    if not all((program.folder(version) / program.name).exists() for program in PROGRAMS):
        return None
    return Binaries(HYPERKUBE.folder(version), COREDNS.folder(version), PAUSE.folder(version))


def ensure() -> Binaries:
    """Compile what is missing and say where it is.

    Raises:
        ClusterError: no Go, no modules, or a compiler error.
    """
    found = locate()
    if found:
        return found
    go = toolchain.find()
    for program in PROGRAMS:
        _build(go, program)
    found = locate()
    if found is None:
        raise ClusterError(f"the programs vanished from {cache_root()} while they were compiled: run the command again")
    return found


def _build(go: toolchain.Go, program: Program) -> None:
    folder = program.folder(go.version)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # Two commands at once: the second waits, then finds the file.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / program.name).exists():
            return
        print(
            f"compiling {program.name} with {go.version} (about {program.expected}; an interrupted build resumes)",
            flush=True,
        )
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch, program.name)
            _compile(go, program, made)
            for link in program.links:
                (folder / link).unlink(missing_ok=True)
                (folder / link).symlink_to(program.name)
            made.rename(folder / program.name)
        size = (folder / program.name).stat().st_size / 1e6
        print(f"{program.name}: {size:.0f} MB after {_elapsed(started)}", flush=True)


def _compile(go: toolchain.Go, program: Program, target: Path) -> None:
    # No cgo: a fresh machine needs no C compiler, and the programs run on any libc.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    command = [go.program, "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", program.linker_flags(), "-o", str(target), "."]
    compiler = subprocess.Popen(
        command, cwd=program.source, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        lines = _follow(compiler)
    finally:
        compiler.terminate()
        compiler.wait()
    if compiler.returncode:
        what = "\n".join(lines[-20:])
        raise ClusterError(
            f"Go could not build {program.name}: exit code {compiler.returncode}\n{what}\n"
            f"Modules are fetched as GOPROXY says (`go env GOPROXY`). {ALTERNATIVE}"
        )


def _follow(compiler: "subprocess.Popen[str]") -> list[str]:
    """Print what is being done every few seconds until the compiler ends; returns its lines."""
    lines: list[str] = []
    started = time.monotonic()
    errors = compiler.stderr
    if errors is None:
        raise ClusterError("the compiler was started without a pipe for its messages")
    reader = threading.Thread(target=lambda: lines.extend(line.rstrip() for line in errors), daemon=True)
    reader.start()
    while True:
        try:
            compiler.wait(_PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            print(f"  {_elapsed(started):>6}  {_progress(lines)}", flush=True)
        else:
            reader.join()
            return lines


def _progress(lines: list[str]) -> str:
    if not lines:
        return "looking up what is compiled already, then linking"
    if lines[-1].startswith("go: downloading"):
        return f"fetching {lines[-1].removeprefix('go: downloading ')}"
    compiled = sum(not line.startswith("go: ") for line in lines)
    return f"{compiled} packages compiled, the last {lines[-1]}"


def _elapsed(started: float) -> str:
    seconds = int(time.monotonic() - started)
    return f"{seconds // 60}m{seconds % 60:02}s" if seconds >= 60 else f"{seconds}s"
