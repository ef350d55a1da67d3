"""The folder of one cluster: `lifecycle` makes and removes it, everything else asks it where a file is.

It also knows whether the cluster lives: `init.pid` holds the host's pid of the cluster's PID 1 and that process's
start time, so that a pid used again by a stranger is never taken for ours, let alone killed.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.errors import ClusterError


def cache_root() -> Path:
    """The project's cache folder: `$XDG_CACHE_HOME/shadowlift`, by default `~/.cache/shadowlift`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shadowlift"


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for another: its pid and its start time in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process that has this pid now; raises `ProcessLookupError` if it has ended (a zombie has ended)."""
        try:
            # The name, in parentheses, may hold anything, also spaces and parentheses.
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            raise ProcessLookupError(pid) from None
        if fields[0] in "ZX":
            raise ProcessLookupError(pid)
        return cls(pid, int(fields[19]))

    def lives(self) -> bool:
        """Whether this very process still runs."""
        try:
            return Process.of(self.pid) == self
        except ProcessLookupError:
            return False


@dataclass(frozen=True)
class State:
    """Where the files of the cluster with this folder are; makes nothing by itself."""

    root: Path

    @property
    def name(self) -> str:
        """The cluster's name on the host (its control groups): two folders never share it."""
        return "shadowlift-" + hashlib.sha256(str(self.root).encode()).hexdigest()[:8]

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.root / "pki"

    @property
    def conf(self) -> Path:
        """Configuration files and kubeconfigs."""
        return self.root / "conf"

    @property
    def log(self) -> Path:
        """One log file per program."""
        return self.root / "log"

    @property
    def volumes(self) -> Path:
        """One folder per PersistentVolume."""
        return self.root / "volumes"

    @property
    def containerd_socket(self) -> Path:
        """Reachable from the host too, so that `ctr` runs outside the cluster's namespaces."""
        return self.root / "containerd.sock"

    @property
    def kubeconfig(self) -> Path:
        """For programs on the host: the API server behind the loopback relay."""
        return self.conf / "host.kubeconfig"

    @property
    def inner_kubeconfig(self) -> Path:
        """For programs inside the cluster's network namespace."""
        return self.conf / "inside.kubeconfig"

    @property
    def mark(self) -> Path:
        """Says that this folder is a cluster's, and may be emptied."""
        return self.root / "shadowlift-cluster"

    @property
    def settings(self) -> Path:
        """What `up` tells the cluster's PID 1, as JSON."""
        return self.root / "settings.json"

    @property
    def progress(self) -> Path:
        """Lines of the start, as they happen."""
        return self.root / "progress"

    @property
    def ready(self) -> Path:
        """Exists from the moment the cluster serves."""
        return self.root / "ready"

    @property
    def failed(self) -> Path:
        """Why the start failed."""
        return self.root / "failed"

    @property
    def dead(self) -> Path:
        """Programs that ended after the start, one line each."""
        return self.root / "dead"

    @property
    def init_record(self) -> Path:
        """The cluster's PID 1: the host's pid and the start time."""
        return self.root / "init.pid"

    def init(self) -> Process | None:
        """The cluster's PID 1, or None if the cluster does not run."""
        try:
            pid, started = self.init_record.read_text().split()
        except FileNotFoundError:
            return None
        process = Process(int(pid), int(started))
        return process if process.lives() else None

    def running(self) -> Process:
        """The PID 1 of a cluster that serves; raises `ClusterError` if it is down or still starting."""
        process = self.init()
        if process is None or not self.ready.exists():
            raise ClusterError(f"no cluster is up in {self.root}: run `python3 -m dev.cluster up`")
        return process

    def refuse_stranger(self) -> None:
        """Raise `ClusterError` if the folder holds files of something else, which `up` and `down` would remove."""
        if self.root.exists() and any(self.root.iterdir()) and not self.mark.exists():
            raise ClusterError(
                f"{self.root} holds files that are no cluster's (the file {self.mark.name} is not among them): "
                "choose an empty or new state folder"
            )

    def record(self, process: Process) -> None:
        """Write down the cluster's PID 1; atomic, for a reader at any moment."""
        part = self.init_record.with_suffix(".part")
        part.write_text(f"{process.pid} {process.started}")
        part.replace(self.init_record)

    @contextmanager
    def locked(self, *, create: bool = False) -> Iterator[int]:
        """Hold the folder against another `up` or `down`; gives the lock's file descriptor.

        The folder itself is locked, so that no lock file outlives the cluster. Raises `FileNotFoundError` if the
        folder does not exist and is not to be made. A child that inherits the descriptor holds the lock too.
        """
        while True:
            if create:
                self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
            try:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    print(f"waiting for another command that starts or stops the cluster in {self.root}", flush=True)
                    fcntl.flock(fd, fcntl.LOCK_EX)
                if self._is_still(fd):
                    yield fd
                    return
            finally:
                os.close(fd)

    def _is_still(self, fd: int) -> bool:
        """Whether the open folder is still the one with our name: a `down` may have removed it while we waited."""
        try:
            return os.path.samestat(os.fstat(fd), self.root.stat())
        except FileNotFoundError:
            return False
