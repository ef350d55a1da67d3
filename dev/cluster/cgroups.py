"""The cluster's control groups on the host, one per hierarchy: `init` enters them, `lifecycle` removes them.

Version 1 has a tree per controller, version 2 a single one; the kubelet wants its root to exist in every tree.
"""

import time
from pathlib import Path

from dev.cluster.errors import ClusterError

_ROOT = Path("/sys/fs/cgroup")
_REMOVAL_SECONDS = 10
_NEEDED = {"cpu", "cpuset", "hugetlb", "io", "memory", "pids"}  # what the kubelet asks of a version 2 tree
_NODE = "node"  # the sub-group of the node's own programs; the kubelet makes `kubepods` beside it


def _is_version_2() -> bool:
    return (_ROOT / "cgroup.controllers").exists()


def groups(name: str) -> list[Path]:
    """The folder of the group `name` in every hierarchy, whether it exists or not."""
    if _is_version_2():
        return [_ROOT / name]
    # Symbolic links are second names of joint hierarchies (cpu -> cpu,cpuacct).
    trees = (tree for tree in sorted(_ROOT.iterdir()) if tree.is_dir() and not tree.is_symlink())
    return [tree / name for tree in trees if (tree / "cgroup.procs").exists()]


def join(name: str) -> None:
    """Make the group and move the calling process into it; raises `OSError`."""
    for group in groups(name):
        node = group / _NODE
        node.mkdir(parents=True, exist_ok=True)
        if _is_version_2():
            _pass_on_controllers(_ROOT)
            _pass_on_controllers(group)
        elif (group / "cpuset.cpus").exists():
            # A new cpuset is empty, and refuses processes until it is filled.
            for target in (group, node):
                for file in ("cpuset.cpus", "cpuset.mems"):
                    (target / file).write_text((target.parent / file).read_text())
        (node / "cgroup.procs").write_text("0")


def _pass_on_controllers(group: Path) -> None:
    wanted = sorted(_NEEDED & set((group / "cgroup.controllers").read_text().split()))
    (group / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in wanted))


def remove(name: str) -> None:
    """Remove the group from every hierarchy, after its processes have ended.

    Raises:
        ClusterError: the kernel still holds one after some seconds.
    """
    deadline = time.monotonic() + _REMOVAL_SECONDS
    for group in groups(name):
        while group.exists() and not _remove_tree(group):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"the control group {group} cannot be removed: see the pids in its cgroup.procs files"
                )
            time.sleep(0.05)  # noqa: TID251 - the kernel lets go of a dead group a little later


def _remove_tree(group: Path) -> bool:
    folders = sorted((path for path in group.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
    try:
        for folder in [*folders, group]:
            folder.rmdir()
    except OSError:
        return False
    return True
