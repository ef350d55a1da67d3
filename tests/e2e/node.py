"""Processes of pods as the machine sees them: for what no API can do, such as SIGKILL of a container's first process.

Works where the node is this machine (the local cluster); elsewhere it says so.
"""

import os
import signal
import subprocess
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


def refuse(pod: Manifest, port: int) -> None:
    """From now on the pod answers every connection to this port as if nobody listened there, those included that are open."""
    pid = next(iter(processes(pod)))
    rule = ["-I", "INPUT", "-p", "tcp", "--dport", str(port), "-j", "REJECT", "--reject-with", "tcp-reset"]
    subprocess.run(["nsenter", "--net", "--target", str(pid), "iptables", *rule], check=True, capture_output=True)
