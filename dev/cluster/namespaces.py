"""The kernel calls that Python 3.11 lacks, and the cluster's own view of the file system.

`init` calls `build_mounts` as PID 1 of the new namespaces; `inside` and `relay` call `enter`. Everything mounted here
lives in a private mount namespace: the host sees none of it, and the kernel drops it with the cluster's last process.
"""

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.state import State

NEW_MOUNT, NEW_UTS, NEW_IPC, NEW_PID, NEW_NETWORK = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
BIND, RECURSIVE, PRIVATE, SHARED = 0x1000, 0x4000, 0x40000, 0x100000
_DETACH = 2

# The kubelet and containerd insist on these: a tmpfs of the cluster's own keeps the host's out of it.
HIDDEN = ("/run", "/var/log")

# The kubelet would write these to the host's kernel, for everybody. It is shown files that hold what it wants.
_TUNABLES = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """`unshare(2)`: leave the named namespaces for new ones; raises `OSError`."""
    _check(_libc.unshare(flags), "unshare")


def enter(pid: int, kind: str) -> None:
    """`setns(2)`: join the namespace of `kind` (a name under /proc/PID/ns) of a process; raises `OSError`."""
    fd = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)
    try:
        _check(_libc.setns(fd, 0), f"setns {kind}")
    finally:
        os.close(fd)


def mount(source: str | Path, target: str | Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """`mount(2)`; raises `OSError` naming the target."""
    arguments = [os.fsencode(source), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags)]
    _check(_libc.mount(*arguments, options.encode() or None), f"mount {target}")


def make_private() -> None:
    """Keep every later mount of this namespace from the host."""
    mount("none", "/", flags=RECURSIVE | PRIVATE)


@dataclass(frozen=True)
class Memory:
    """How much of the cluster's data is kept in memory (a tmpfs), in MiB; 0 keeps it on the disk."""

    containerd_mib: int
    etcd_mib: int


def build_mounts(state: State, memory: Memory) -> None:
    """Give the calling process, PID 1 of new mount and PID namespaces, the file system that the node's programs need.

    Raises:
        OSError: a mount was refused.
        ClusterError: the state folder would be hidden by one of the mounts.
    """
    refuse_hidden(state.root)
    make_private()
    mount("proc", "/proc", "proc")
    _own_folder("/var/lib", state, {"kubelet": state.root / "kubelet", "cni": state.root / "cni"})
    for path in HIDDEN:
        mount("tmpfs", path, "tmpfs", options="mode=755")
    for folder, size in (("containerd", memory.containerd_mib), ("etcd", memory.etcd_mib)):
        if size:
            mount("tmpfs", state.root / folder, "tmpfs", options=f"mode=700,size={size}m")
    for name, value in _TUNABLES.items():
        shown = state.root / "tunables" / name.replace("/", "_")
        shown.write_text(f"{value}\n")
        mount(shown, f"/proc/sys/{name}", flags=BIND)
    # Volumes that the kubelet mounts must reach the containers' namespaces.
    mount("none", "/", flags=RECURSIVE | SHARED)


def refuse_hidden(root: Path) -> None:
    """Raise `ClusterError` if the cluster's own mounts would cover its state folder."""
    for path in HIDDEN:
        if root.is_relative_to(path):
            raise ClusterError(f"the state folder {root} is under {path}, which the cluster replaces: choose another")


def _own_folder(folder: str, state: State, own: dict[str, Path]) -> None:
    """Replace `folder` by a copy of itself made of mounts, with the entries `own` bound to folders of ours.

    Some paths are hard-coded in the node's programs. Making them on the host would leave traces there, and two
    clusters would remove each other's.
    """
    aside = state.root / "aside"
    mount(folder, aside, flags=BIND | RECURSIVE)
    mount("tmpfs", folder, "tmpfs", options="mode=755")
    for entry in os.scandir(aside):
        target = Path(folder, entry.name)
        if entry.name in own:
            continue
        if entry.is_symlink():
            target.symlink_to(Path(entry.path).readlink())
            continue
        if entry.is_dir():
            target.mkdir()
        elif entry.is_file():
            target.touch()
        else:
            continue
        mount(entry.path, target, flags=BIND | RECURSIVE)
    for name, source in own.items():
        Path(folder, name).mkdir()
        mount(source, Path(folder, name), flags=BIND)
    _check(_libc.umount2(os.fsencode(aside), _DETACH), f"umount {aside}")
