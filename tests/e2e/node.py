"""Processes of pods as the machine sees them: for what no API can do, such as SIGKILL of a container's first process.

Works where the node is this machine (the local cluster); elsewhere it says so.
"""

import os
import signal
from pathlib import Path

from dev.traffic.cluster_api import Manifest


class NotThisMachine(Exception):
    """The pod's processes are not here: these tests need the local cluster (unset KUBECONFIG)."""


def processes(pod: Manifest) -> dict[int, str]:
    """Host pid -> command line of every process in the pod's cgroup but the pause process."""
    uid = pod["metadata"]["uid"]
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"pod{uid}" in (entry / "cgroup").read_text():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue  # it has ended in the meantime
    if not found:
        raise NotThisMachine(f"no process of pod {pod['metadata']['name']} is on this machine: use the local cluster")
    return {pid: line for pid, line in found.items() if line != "/pause"}


def send(pod: Manifest, number: signal.Signals, command: str) -> list[int]:
    """Send a signal to the pod's processes whose command line contains `command`; their pids."""
    pids = [pid for pid, line in processes(pod).items() if command in line]
    if not pids:
        raise AssertionError(f"no process {command!r} in {pod['metadata']['name']}: {processes(pod)}")
    for pid in pids:
        os.kill(pid, number)
    return pids
