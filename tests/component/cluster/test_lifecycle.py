"""What `up` decides before it touches anything, and the command line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev.cluster import build, inside, lifecycle, packages
from dev.cluster.errors import ClusterError
from dev.cluster.state import State

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("available_mib", "storage", "in_memory"),
    [
        (16_000, "auto", True),
        (8_192, "auto", True),
        (8_191, "auto", False),
        (16_000, "disk", False),
        (2_000, "memory", True),
    ],
)
def test_data_is_kept_in_memory_only_where_it_is_ample(available_mib: int, storage: str, in_memory: bool) -> None:
    """On auto, 8 GiB decide; the user may insist on either."""
    plan = lifecycle.memory_plan(available_mib, storage)
    assert (plan.containerd_mib > 0, plan.etcd_mib > 0) == (in_memory, in_memory)


@pytest.mark.parametrize(
    "folder", ["/run/cluster", "/var/log/cluster", "/tmp/my cluster", '/tmp/a"b', "/tmp/" + "x" * 100]
)
def test_a_folder_that_cannot_hold_a_cluster_is_refused(folder: str) -> None:
    """Covered by the cluster's own mounts, unfit for a configuration file, or too long for a socket: said at once."""
    with pytest.raises(ClusterError, match="choose"):
        lifecycle.refuse_folder(Path(folder))


def test_missing_programs_are_named_by_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine with none of them every package is asked for, once."""
    monkeypatch.setattr(packages, "SYSTEM_PATH", str(tmp_path))
    monkeypatch.setattr(packages, "CNI_FOLDER", tmp_path)
    lacking = packages.missing()
    assert {"containerd", "runc", "containernetworking-plugins", "iptables", "iproute2", "openssl"} <= set(lacking)
    assert len(lacking) == len(set(lacking))


def test_a_command_inside_finds_the_cluster(tmp_path: Path) -> None:
    """It gets the cluster's kubectl and the kubeconfig that works inside, and keeps the rest of its variables."""
    binaries = build.Binaries(Path("/hyperkube"), Path("/coredns"), Path("/pause"))
    outer = {"PATH": "/usr/bin", "KUBECONFIG": "/elsewhere", "LANG": "C"}
    variables = inside.environment(State(tmp_path), binaries, outer)
    assert variables["PATH"].split(":") == ["/hyperkube", "/coredns", "/usr/bin"]
    assert variables["KUBECONFIG"] == str(State(tmp_path).inner_kubeconfig)
    assert variables["LANG"] == "C"


def test_processes_left_in_a_network_are_found() -> None:
    """This very process is in its own network namespace."""
    found = inside.lingering(Path("/proc/self/ns/net").stat())
    assert str(os.getpid()) in {entry.split()[0] for entry in found}


def _command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "dev.cluster", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command", [("kubeconfig",), ("exec", "true"), ("load", "x.tar"), ("relay", "default/web", "80")]
)
def test_without_a_cluster_every_command_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Exit code 1 and the remedy, never a path or a port of a cluster that is gone."""
    result = _command("--state", str(tmp_path / "none"), *command)
    assert (result.returncode, result.stdout) == (1, "")
    assert "python3 -m dev.cluster up" in result.stderr


def test_down_without_a_cluster_is_content(tmp_path: Path) -> None:
    """Nothing to do is no error, and nothing is made."""
    assert _command("--state", str(tmp_path / "none"), "down").returncode == 0
    assert not (tmp_path / "none").exists()


def test_down_spares_a_strangers_folder(tmp_path: Path) -> None:
    """A wrong --state must never cost somebody's files."""
    (tmp_path / "thesis.tex").write_text("years of work")
    result = _command("--state", str(tmp_path), "down")
    assert result.returncode == 1
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_status_without_a_cluster_fails(tmp_path: Path) -> None:
    """Scripts can ask."""
    result = _command("--state", str(tmp_path / "none"), "status")
    assert result.returncode == 1
    assert result.stdout.startswith("down")
