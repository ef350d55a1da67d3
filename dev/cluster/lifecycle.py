"""up, down, status: the host's side of a cluster's life. `__main__` calls it.

The order of `up`: programs, binaries, folder, certificates, configuration, then PID 1 (`init`), which does the rest.
`down` kills that one process and removes what the kernel does not: control groups and the folder.
"""

import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import build, cgroups, config, images, inside, namespaces, packages, pki, relay
from dev.cluster.errors import ClusterError
from dev.cluster.state import State

_REPOSITORY = Path(__file__).parents[2]
_FOLDERS = ("pki", "conf", "log", "etcd", "containerd", "kubelet", "cni", "tunables", "aside", "volumes")
_POLL_SECONDS = 0.05
_SOCKET_PATH = 107  # bytes that Linux allows in a socket's address
_END_SECONDS = 30
_AMPLE_MIB = 8 * 1024  # free memory from which images and etcd are kept in memory


@dataclass(frozen=True)
class Options:
    """What the user may choose about a new cluster."""

    images: Sequence[Path] = ()
    api_port: int = 0
    storage: str = "auto"  # auto, memory or disk


def up(state: State, options: Options) -> None:
    """Make the cluster serve; does nothing but load images if it already does.

    Raises:
        ClusterError: it cannot; nothing of the attempt is left running.
    """
    packages.ensure()
    binaries = build.ensure()
    _refuse_bad(state, options)
    started = time.monotonic()
    with state.locked(create=True) as lock:
        if state.init() and state.ready.exists():
            for archive in options.images:
                images.load(state, archive)
            print(f"the cluster is already up: export KUBECONFIG={state.kubeconfig}")
            return
        with _undone_on_failure(state):
            _clear(state)
            _start(state, options, binaries, lock)
            _follow_start(state)
    print(f"the cluster is up after {time.monotonic() - started:.1f} s: export KUBECONFIG={state.kubeconfig}")


def down(state: State) -> None:
    """End the cluster and remove every trace of it; does nothing if there is none.

    Raises:
        ClusterError: something could not be removed.
    """
    started = time.monotonic()
    try:
        with state.locked():
            init = state.init()
            network = Path(f"/proc/{init.pid}/ns/net").stat() if init else None
            _clear(state)
            state.root.rmdir()
    except FileNotFoundError:
        print(f"no cluster in {state.root}")
        return
    print(f"the cluster is down after {time.monotonic() - started:.1f} s")
    for process in inside.lingering(network) if network else ():
        print(f"still in its network, started there by exec or shell: process {process}")


def status(state: State) -> int:
    """Print what is up and what is not; returns 0 if the cluster serves, else 1."""
    init = state.init()
    if init is None or not state.ready.exists():
        print("starting" if init else f"down: no cluster serves in {state.root}")
        if state.failed.exists():
            print(f"the last start failed: {state.failed.read_text()}")
        return 1
    print(f"up: pid {init.pid}, export KUBECONFIG={state.kubeconfig}")
    if state.dead.exists():
        print(f"dead:\n{state.dead.read_text()}", end="")
    _print_memory(state)
    binaries = build.locate()
    kubectl = str(binaries.hyperkube / "kubectl") if binaries else "kubectl"
    command = [kubectl, "--kubeconfig", str(state.kubeconfig), "get", "nodes,pods", "--all-namespaces", "--output=wide"]
    return 0 if subprocess.run(command, check=False).returncode == 0 and not state.dead.exists() else 1


def load(state: State, archives: Sequence[Path]) -> None:
    """Import image archives into the running cluster; raises `ClusterError`."""
    state.running()
    for archive in archives:
        started = time.monotonic()
        done = images.load(state, archive)
        print(f"{archive.name}: " + (f"loaded in {time.monotonic() - started:.1f} s" if done else "already there"))


def memory_plan(available_mib: int, storage: str) -> namespaces.Memory:
    """What is kept in memory: images and etcd, if `storage` says so or, on auto, if 8 GiB or more are available."""
    if storage == "disk" or (storage == "auto" and available_mib < _AMPLE_MIB):
        return namespaces.Memory(0, 0)
    # The limit is no reservation: a tmpfs takes what is written to it.
    return namespaces.Memory(containerd_mib=max(available_mib // 2, 1024), etcd_mib=1024)


def refuse_folder(root: Path) -> None:
    """Raise `ClusterError` if a cluster cannot live in this folder: it is part of configuration files and a socket."""
    namespaces.refuse_hidden(root)
    if not re.fullmatch(r"[A-Za-z0-9._/@+=-]+", str(root)):
        raise ClusterError(
            f"the state folder {root}: only letters, digits and ._/@+=- may be in its path: choose another"
        )
    if len(str(State(root).containerd_socket)) > _SOCKET_PATH:
        raise ClusterError(f"the path of the state folder {root} is too long for a socket in it: choose a shorter one")


def _has_overlay() -> bool:
    """Whether the kernel knows overlayfs, after asking it to load the module."""
    known = Path("/proc/filesystems")
    if "overlay" not in known.read_text().split() and packages.program("modprobe"):
        subprocess.run(["modprobe", "overlay"], capture_output=True, check=False)
    return "overlay" in known.read_text().split()


def _refuse_bad(state: State, options: Options) -> None:
    refuse_folder(state.root)
    state.refuse_stranger()
    for archive in options.images:
        if not archive.is_file():
            raise ClusterError(f"no such image archive: {archive}")
    if not _has_overlay():
        raise ClusterError(f"the kernel has no overlay file system. {packages.ALTERNATIVE}")


@contextmanager
def _undone_on_failure(state: State) -> Iterator[None]:
    """Take a half-started cluster down again when its start fails or is interrupted; its logs stay."""
    try:
        yield
    except BaseException:
        # A second Ctrl-C must not interrupt the clearing.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _end(state)
        cgroups.remove(state.name)
        raise


def _start(state: State, options: Options, binaries: build.Binaries, lock: int) -> None:
    state.mark.touch()
    for folder in _FOLDERS:
        (state.root / folder).mkdir(mode=0o700)
    pause = state.root / "pause.tar"
    images.write_pause_archive(binaries.pause / build.PAUSE.name, pause)
    plan = memory_plan(_available_mib(), options.storage)
    settings = {
        "images": [str(pause), *(str(archive.resolve()) for archive in options.images)],
        "path": binaries.path,
        "memory": {"containerd_mib": plan.containerd_mib, "etcd_mib": plan.etcd_mib},
    }
    state.settings.write_text(json.dumps(settings))
    config.write(state, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    with relay.listen(options.api_port) as listener, (state.log / "init.log").open("ab") as log:
        pki.write(state, listener.getsockname()[1])
        fds = [lock, listener.fileno()]
        starter = subprocess.Popen(
            [sys.executable, "-m", "dev.cluster.init", str(state.root), *map(str, fds)],
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=fds,
            start_new_session=True,
        )
    # It ends as soon as PID 1 is written down; until then it holds the lock, should this process be killed.
    try:
        starter.wait()
    finally:
        starter.wait()  # also when interrupted: only then is it known whom to kill


def _follow_start(state: State) -> None:
    shown = 0
    while True:
        # Looked at first: what it wrote before its death is then seen below.
        lives = state.init() is not None
        text = state.progress.read_text() if state.progress.exists() else ""
        lines = text.splitlines()
        for line in lines[shown:]:
            print(f"  {line}", flush=True)
        shown = len(lines)
        if state.ready.exists():
            return
        if state.failed.exists():
            raise ClusterError(f"the cluster did not start: {state.failed.read_text()}")
        if not lives:
            raise ClusterError(f"the cluster's first process is gone: see {state.log}/init.log")
        time.sleep(_POLL_SECONDS)  # noqa: TID251 - follows a file


def _end(state: State) -> None:
    """Kill the cluster's PID 1, and with it everything inside; returns when all of it has ended."""
    init = state.init()
    if init is None:
        return
    fd = os.pidfd_open(init.pid)
    try:
        # Looked at again with the descriptor in hand: from here on the pid cannot become another process's.
        if not init.lives():
            return
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        if not select.select([fd], [], [], _END_SECONDS)[0]:
            raise ClusterError(f"the cluster's processes did not end within {_END_SECONDS} s of being killed")
    finally:
        os.close(fd)


def _clear(state: State) -> None:
    """Leave an empty folder and nothing else."""
    state.refuse_stranger()
    _end(state)
    cgroups.remove(state.name)
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    if any(Path(path).is_relative_to(state.root) for path in mounted):
        raise ClusterError(f"something is mounted under {state.root}: unmount it, then run the command again")
    # The mark goes last: an interrupted removal can be taken up again.
    for entry in sorted(state.root.iterdir(), key=lambda path: path == state.mark):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _available_mib() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0


def _print_memory(state: State) -> None:
    """The proportional set sizes of the cluster's processes: pages shared by the one binary count once."""
    pids = {
        pid
        for group in cgroups.groups(state.name)
        for file in group.rglob("cgroup.procs")
        for pid in file.read_text().split()
    }
    sizes: list[tuple[int, str]] = []
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        sizes += [(int(line.split()[1]), name) for line in rollup.splitlines() if line.startswith("Pss:")]
    for size, name in sorted(sizes, reverse=True)[:12]:
        print(f"{size / 1024:8.0f} MiB  {name}")
    print(f"{sum(size for size, _ in sizes) / 1024:8.0f} MiB  in all")
