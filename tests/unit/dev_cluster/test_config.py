"""Configuration: the parts that must agree with each other, whatever else changes."""

import re
import tomllib
from pathlib import Path

from dev.cluster import addresses, commands, config
from dev.cluster.build import COREDNS, HYPERKUBE
from dev.cluster.state import State

STATE = State(Path("/var/tmp/cluster"))


def test_pods_run_in_the_clusters_own_control_group() -> None:
    """`down` removes the groups of the cluster's name: pods must be nowhere else."""
    settings = config.kubelet(STATE, 1000)
    assert settings["cgroupRoot"] == f"/{STATE.name}"
    assert settings["cgroupsPerQOS"] is True


def test_the_kubelet_talks_to_this_clusters_containerd() -> None:
    """A containerd of the host is never touched: socket and storage are in the state folder."""
    parsed = tomllib.loads(config.containerd(STATE))
    assert parsed["grpc"]["address"] == str(STATE.containerd_socket)
    assert config.kubelet(STATE, 1000)["containerRuntimeEndpoint"] == f"unix://{STATE.containerd_socket}"
    assert Path(parsed["root"]).is_relative_to(STATE.root)


def test_the_pause_image_is_the_one_that_is_made() -> None:
    """Nothing can be pulled, so containerd must ask for the very name that `images` imports."""
    parsed = tomllib.loads(config.containerd(STATE))
    assert parsed["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == addresses.PAUSE_IMAGE


def test_no_program_asks_for_a_negative_memory_score() -> None:
    """Root without CAP_SYS_RESOURCE may not set one, and then no pod would start."""
    parsed = tomllib.loads(config.containerd(STATE))
    assert parsed["oom_score"] == 0
    assert parsed["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True
    assert config.kubelet(STATE, 1000)["oomScoreAdj"] == 0
    assert config.kube_proxy(STATE)["oomScoreAdj"] == 0


def test_every_program_that_is_started_is_built_or_a_debian_one() -> None:
    """The list of command lines and the list of binaries must not drift apart."""
    built = {*HYPERKUBE.links, COREDNS.name} - {"kubectl"}
    assert set(commands.command_lines(STATE)) == built | {"containerd"}


def test_no_program_reads_outside_its_cluster() -> None:
    """Two clusters run side by side: every path on a command line is in the state folder."""
    paths = [
        path
        for arguments in commands.command_lines(STATE).values()
        for path in re.findall(r"(?:^|=)(/[^\s,]+)", "\n".join(arguments), flags=re.MULTILINE)
    ]
    assert paths
    assert all(Path(path).is_relative_to(STATE.root) for path in paths)


def test_a_full_service_name_is_asked_once() -> None:
    """`exec` resolves name.namespace.svc.cluster.local absolutely first, and the short forms by search."""
    text = config.exec_resolver()
    dots = int(re.search(r"ndots:(\d+)", text)[1])
    assert "web.default.svc.cluster.local".count(".") >= dots > "web.default.svc".count(".")
    assert f"nameserver {addresses.DNS_ADDRESS}\n" in text
