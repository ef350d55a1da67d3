"""PID 1 of a cluster: `python3 -m dev.cluster.init STATE LOCK_FD LISTEN_FD`, started by `lifecycle.up`.

It leaves the host's namespaces, starts every program in the order of need, says `ready` or `failed` by a file, and
then reaps the dead. Killing it is how a cluster ends: the kernel takes the processes, mounts and network with it.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from dev.cluster import cgroups, commands, config, images, namespaces, relay, volumes
from dev.cluster.addresses import API_PORT, NODE_ADDRESS, NODE_NAME, SERVICE_RANGE
from dev.cluster.api import Api, ApiError
from dev.cluster.errors import ClusterError
from dev.cluster.packages import SYSTEM_PATH
from dev.cluster.state import Process, State

_START_SECONDS = 90  # a loaded two-core machine needs 20
_POLL_SECONDS = 0.05
_COREDNS_RIGHTS = (
    {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
)


class Node:
    """The programs of the node, started one after the other; lives in PID 1."""

    def __init__(self, state: State, listener: int) -> None:
        self._state = state
        self._listener = listener
        self._settings = json.loads(state.settings.read_text())
        self._commands = commands.command_lines(state)
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._began = time.monotonic()
        self._path = f"{self._settings['path']}:{SYSTEM_PATH}"
        os.environ["PATH"] = self._path

    def start(self) -> None:
        """Bring the node up; raises `ClusterError` or `OSError` if it does not come."""
        namespaces.build_mounts(self._state, namespaces.Memory(**self._settings["memory"]))
        _make_network()
        self._say("namespaces, mounts, network")
        for name in ("containerd", "etcd", "kube-apiserver"):
            self._launch(name)
        self._wait("containerd", self._containerd_answers)
        loader = _Loader(self._state, [Path(archive) for archive in self._settings["images"]])
        loader.start()
        api = Api(self._state)
        self._wait("the API server", api.serves)
        self._programs["relay"] = relay.start(self._listener, NODE_ADDRESS, API_PORT, self._state.log / "relay.log")
        os.close(self._listener)
        for name in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"):
            self._launch(name)
        _give_coredns_rights(api)
        self._launch("coredns")
        volumes.create(self._state, api)
        self._start_volumes()
        self._wait("CoreDNS", lambda: _answers(config.COREDNS_READY, "/ready"))
        self._wait("the node", lambda: _node_is_ready(api))
        self._wait("kube-proxy", lambda: _answers(config.PROXY_HEALTH, "/healthz"))
        self._wait(
            "the default service account", lambda: _exists(api, "/api/v1/namespaces/default/serviceaccounts/default")
        )
        loader.finish()
        self._say("images")

    def reap(self) -> None:
        """Collect dead processes for ever, as PID 1 must; a program of ours that dies is written down."""
        names = {program.pid: name for name, program in self._programs.items()}
        while True:
            pid, status = os.wait()
            if pid in names:
                with self._state.dead.open("a") as file:
                    code = os.waitstatus_to_exitcode(status)
                    file.write(f"{names[pid]} ended with {code}: see {self._state.log}/{names[pid]}.log\n")

    def _launch(self, name: str) -> None:
        environment = {"PATH": self._path, "HOME": str(self._state.root)}
        with (self._state.log / f"{name}.log").open("ab") as log:
            self._programs[name] = subprocess.Popen(
                [name, *self._commands[name]],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _start_volumes(self) -> None:
        with (self._state.log / "volumes.log").open("ab") as log:
            self._programs["volumes"] = subprocess.Popen(
                [sys.executable, "-m", "dev.cluster.volumes", str(self._state.root)], stdout=log, stderr=log
            )

    def _containerd_answers(self) -> bool:
        if not self._state.containerd_socket.exists():
            return False
        try:
            images.ctr(self._state, "version")
        except ClusterError:
            return False
        return True

    def _wait(self, what: str, arrived: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not arrived():
            self._refuse_dead()
            if time.monotonic() > deadline:
                raise ClusterError(f"{what} did not come within {_START_SECONDS} s: see the logs in {self._state.log}")
            time.sleep(_POLL_SECONDS)  # noqa: TID251 - the programs offer nothing to wait on
        self._refuse_dead()
        self._say(what)

    def _refuse_dead(self) -> None:
        for name, program in self._programs.items():
            if program.poll() is not None:
                log = self._state.log / f"{name}.log"
                last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ClusterError(
                    f"{name} ended with {program.returncode} during the start; the end of {log}:\n{last}"
                )

    def _say(self, what: str) -> None:
        with self._state.progress.open("a") as file:
            file.write(f"{time.monotonic() - self._began:6.1f}s  {what}\n")


class _Loader(threading.Thread):
    """Imports images while the programs start."""

    def __init__(self, state: State, archives: list[Path]) -> None:
        super().__init__(daemon=True)
        self._state, self._archives = state, archives
        self._error: ClusterError | None = None

    def run(self) -> None:
        try:
            for archive in self._archives:
                images.load(self._state, archive)
        except ClusterError as error:
            self._error = error

    def finish(self) -> None:
        """Wait for the last image; raises the `ClusterError` of a failed one."""
        self.join()
        if self._error:
            raise self._error


def _make_network() -> None:
    """Both ends of the node's link are in this namespace: the host gets no interface, route or address."""
    socket.sethostname(NODE_NAME)
    for name in ("ipv4/ip_forward", "ipv6/conf/all/disable_ipv6", "ipv6/conf/default/disable_ipv6"):
        setting = Path("/proc/sys/net", name)
        if setting.exists():  # a kernel without IPv6 has nothing to turn off
            setting.write_text("1")
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0-peer"],
        ["ip", "addr", "add", f"{NODE_ADDRESS}/30", "dev", "eth0"],
        ["ip", "link", "set", "eth0-peer", "up"],
        ["ip", "link", "set", "eth0", "up"],
        # The kernel looks for a route before kube-proxy's rules send a Service's traffic to a pod.
        ["ip", "route", "add", SERVICE_RANGE, "dev", "eth0"],
        # Nothing leads out: fail at once instead of hanging until the caller gives up.
        ["ip", "route", "add", "unreachable", "default"],
    ):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ClusterError(f"{' '.join(command)}: {result.stderr.strip()}")


def _give_coredns_rights(api: Api) -> None:
    group = "rbac.authorization.k8s.io"
    role = {"name": "system:coredns"}
    api.create(f"/apis/{group}/v1/clusterroles", {"metadata": role, "rules": _COREDNS_RIGHTS})
    binding = {
        "metadata": role,
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", **role},
        "subjects": [{"apiGroup": group, "kind": "User", **role}],
    }
    api.create(f"/apis/{group}/v1/clusterrolebindings", binding)


def _answers(address: str, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _node_is_ready(api: Api) -> bool:
    try:
        conditions = api.get(f"/api/v1/nodes/{NODE_NAME}")["status"].get("conditions", [])
    except (OSError, ApiError):
        return False
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _exists(api: Api, path: str) -> bool:
    try:
        api.get(path)
    except (OSError, ApiError):
        return False
    return True


def _become_init(state: State, lock: int) -> None:
    """Leave the host's namespaces; only PID 1 of the new ones returns, and only after it was written down."""
    cgroups.join(state.name)
    every = namespaces.NEW_MOUNT | namespaces.NEW_UTS | namespaces.NEW_IPC | namespaces.NEW_PID | namespaces.NEW_NETWORK
    namespaces.unshare(every)
    recorded, tell = os.pipe()
    child = os.fork()
    if child:
        # If this process is killed before the line after next, the child reads an end of file and gives up.
        state.record(Process.of(child))
        os.write(tell, b".")
        os._exit(0)
    os.close(tell)
    os.close(lock)
    if not os.read(recorded, 1):
        os._exit(1)
    os.close(recorded)


def main() -> None:
    """Be the cluster until killed."""
    folder, lock, listener = sys.argv[1:]
    state = State(Path(folder))
    try:
        _become_init(state, int(lock))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        node = Node(state, int(listener))
        node.start()
    except (OSError, ApiError, ClusterError) as error:
        state.failed.write_text(str(error))
        sys.exit(1)
    state.ready.touch()
    node.reap()


if __name__ == "__main__":
    main()
