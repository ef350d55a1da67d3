"""The folder of a cluster: whose it is, whether the cluster lives, and who may change it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.cluster.errors import ClusterError
from dev.cluster.state import Process, State


def test_two_folders_never_share_control_groups(tmp_path: Path) -> None:
    """Clusters run side by side because their name on the host comes from their folder."""
    assert State(tmp_path / "one").name != State(tmp_path / "two").name
    assert State(tmp_path / "one").name == State(tmp_path / "one").name


def test_a_cluster_lives_while_its_first_process_does(tmp_path: Path) -> None:
    """The record of PID 1 answers whether the cluster is up."""
    state = State(tmp_path)
    assert state.init() is None
    state.record(Process.of(os.getpid()))
    assert state.init() == Process.of(os.getpid())


def test_a_reused_pid_is_not_the_cluster(tmp_path: Path) -> None:
    """The same pid with another start time is a stranger, never to be killed."""
    state = State(tmp_path)
    mine = Process.of(os.getpid())
    state.record(Process(mine.pid, mine.started - 1))
    assert state.init() is None


def test_a_zombie_has_ended(tmp_path: Path) -> None:
    """A killed process whose parent has not looked yet is gone, although /proc still lists it."""
    state = State(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        state.record(Process.of(child.pid))
        assert state.init() is not None
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{child.pid}").exists()
        assert state.init() is None


def test_a_cluster_that_is_not_ready_serves_nobody(tmp_path: Path) -> None:
    """Commands that need a cluster say how to start one, also while it starts."""
    state = State(tmp_path)
    state.record(Process.of(os.getpid()))
    with pytest.raises(ClusterError, match=r"dev\.cluster up"):
        state.running()
    state.ready.touch()
    assert state.running().pid == os.getpid()


def test_a_strangers_folder_is_refused(tmp_path: Path) -> None:
    """A folder that holds anything but has no mark of a cluster would be emptied by `down`: it is refused."""
    state = State(tmp_path)
    state.refuse_stranger()
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ClusterError, match="no cluster's"):
        state.refuse_stranger()
    state.mark.touch()
    state.refuse_stranger()


def test_the_lock_is_held_against_other_processes(tmp_path: Path) -> None:
    """While one command holds the folder another one does not get it, and it gets it afterwards."""
    state = State(tmp_path / "new")
    attempt = f"import fcntl, os; fcntl.flock(os.open({str(state.root)!r}, os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB)"
    with state.locked(create=True):
        refused = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=False)
    allowed = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=False)
    assert "BlockingIOError" in refused.stderr
    assert allowed.returncode == 0


def test_no_folder_no_lock(tmp_path: Path) -> None:
    """`down` without a cluster must not make a folder."""
    state = State(tmp_path / "absent")
    with pytest.raises(FileNotFoundError), state.locked():
        pass
    assert not state.root.exists()
