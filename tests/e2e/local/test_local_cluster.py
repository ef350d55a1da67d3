"""The local cluster's own life: started once however often it is asked for, gone without a trace, also when its start is interrupted.

A cluster of its own, beside the one that other tests use.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster import cgroups
from dev.cluster.state import Process, State, cache_root
from dev.traffic.cluster_api import Cluster, Kind, wait_for

# Two control planes more: trials beside them would be judged for what this machine lacks.
pytestmark = pytest.mark.disrupts
COMMAND = (sys.executable, "-m", "dev.cluster")


@pytest.fixture
def state() -> Iterator[State]:
    """A folder for one cluster; nothing of it stays."""
    root = Path(tempfile.mkdtemp(prefix="life-", dir=cache_root()))
    root.rmdir()
    yield State(root)
    ask(State(root), "down")
    shutil.rmtree(root, ignore_errors=True)


def ask(state: State, command: str) -> subprocess.CompletedProcess[str]:
    """One command of `dev.cluster`."""
    return subprocess.run([*COMMAND, "--state", str(state.root), command], capture_output=True, text=True, check=False)


def traces(state: State) -> list[str]:
    """Processes, mounts and control groups that name the cluster."""
    of_name, of_folder = state.name.encode(), str(state.root).encode()
    found = [str(group) for group in cgroups.groups(state.name) if group.exists()]
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            Process.of(int(entry.name))  # one that has ended and waits for its parent is no trace
            if of_name in (entry / "cgroup").read_bytes() or of_folder in (entry / "cmdline").read_bytes():
                found.append(f"process {entry.name}")
        except OSError:
            continue  # it has ended in the meantime
    mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
    return [*found, *(line.decode() for line in mounts if of_folder in line)]


def test_it_is_started_once_and_leaves_nothing(state: State):
    """A second `up` finds it; a node is ready in it; after `down` neither process, mount, control group nor folder is left."""
    first = ask(state, "up")
    assert first.returncode == 0, first.stderr
    print(re.findall(r"up after [0-9.]+ s", first.stdout))
    init = state.init()
    nodes = Cluster.connect(state.kubeconfig).find(Kind("v1", "Node"))
    assert [is_ready(node) for node in nodes] == [True]
    again = ask(state, "up")
    assert again.returncode == 0, again.stderr
    assert "already up" in again.stdout
    assert state.init() == init
    assert traces(state)
    gone = ask(state, "down")
    assert gone.returncode == 0, gone.stderr
    assert traces(state) == []
    assert not state.root.exists()
    assert "no cluster" in ask(state, "down").stdout


def test_an_interrupted_start_leaves_nothing_running(state: State):
    """Ctrl-C in the middle of `up`: its processes, mounts and groups go; the next `up` works as if there had been none."""
    # A shell starts what it runs in the background deaf to Ctrl-C; these tests may be run so.
    command = ["env", "--default-signal=INT", *COMMAND, "--state", str(state.root), "up"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as starting:
        wait_for("the first processes", state.init, 60)
        starting.send_signal(signal.SIGINT)
        _, said = starting.communicate(timeout=60)
    assert starting.returncode == 130, said
    assert "Traceback" not in said
    assert traces(state) == []
    assert ask(state, "up").returncode == 0
    assert ask(state, "status").returncode == 0


def is_ready(node: dict) -> bool:
    """Whether pods can run there."""
    return any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])
