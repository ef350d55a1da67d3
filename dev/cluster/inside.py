"""Commands inside the cluster's network: `exec` and `shell` call `run`, which becomes the command.

Only what is needed is changed: the network namespace, and a private mount namespace in which /etc/resolv.conf asks
the cluster's DNS. Files, users, processes are the host's, so that any program of the host can be used.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from dev.cluster import build, namespaces
from dev.cluster.errors import ClusterError
from dev.cluster.state import State

_RESOLVER = Path("/etc/resolv.conf")


def environment(state: State, binaries: build.Binaries | None, outer: dict[str, str]) -> dict[str, str]:
    """The variables of a command inside: kubectl on PATH, a kubeconfig that works there, containerd's client set."""
    path = outer.get("PATH", os.defpath)
    return {
        **outer,
        "PATH": f"{binaries.path}:{path}" if binaries else path,
        "KUBECONFIG": str(state.inner_kubeconfig),
        "CONTAINERD_ADDRESS": str(state.containerd_socket),
        "CONTAINERD_NAMESPACE": "k8s.io",
    }


def run(state: State, command: Sequence[str]) -> None:
    """Become `command` inside the cluster; returns only by raising.

    Raises:
        ClusterError: no cluster is up, or there is no such program.
    """
    init = state.running()
    variables = environment(state, build.locate(), dict(os.environ))
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        raise ClusterError(f"no such program: {command[0]}")
    namespaces.enter(init.pid, "net")
    namespaces.unshare(namespaces.NEW_MOUNT)
    namespaces.make_private()
    if not _RESOLVER.exists():
        raise ClusterError(f"{_RESOLVER} does not exist, so the cluster's cannot be put over it: create an empty one")
    namespaces.mount(state.conf / "exec-resolv.conf", _RESOLVER.resolve(), flags=namespaces.BIND)
    os.execve(program, list(command), variables)


def lingering(network: os.stat_result) -> list[str]:
    """The processes, as "PID NAME", that are still in a network namespace, given by the status of its file."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.path.samestat((folder / "ns/net").stat(), network):
                found.append(f"{folder.name} {(folder / 'comm').read_text().strip()}")
        except OSError:
            continue  # it ended while we looked
    return found


def shell(state: State) -> None:
    """Become an interactive shell inside the cluster."""
    print("inside the cluster's network: kubectl works, Services answer by name; leave with `exit`", flush=True)
    run(state, [os.environ.get("SHELL") or "/bin/sh"])
