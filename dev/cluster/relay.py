"""A loopback port of the host that leads into the cluster: `python3 -m dev.cluster.relay FD ADDRESS PORT`.

A socket belongs to the network namespace it was made in, whoever holds it. The listening socket FD comes from the
host; this process lives in the cluster's namespaces, so that what it connects goes out there, and it dies with the
cluster. The host needs no interface, route or address for it. `init` starts one for the API server, `open_service`
one for a Service.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from dev.cluster import build, namespaces
from dev.cluster.errors import ClusterError
from dev.cluster.state import Process, State

_REPOSITORY = Path(__file__).parents[2]


def listen(port: int = 0) -> socket.socket:
    """A socket that listens on the host's loopback; port 0 takes a free one. Raises `ClusterError` if it is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise ClusterError(f"cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    listener.listen()
    return listener


def start(listener: int, address: str, port: int, log: Path) -> "subprocess.Popen[bytes]":
    """Start a relay in the caller's network namespace and, for children, PID namespace."""
    command = [sys.executable, "-m", "dev.cluster.relay", str(listener), address, str(port)]
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[listener],
            start_new_session=True,
        )


def open_service(state: State, service: str, port: int) -> int:
    """The loopback port that leads to a Service, given as NAMESPACE/NAME; it stays until the cluster goes down.

    Asked again, it gives the same port. Raises `ClusterError`: no cluster, no such Service, no cluster address.
    """
    init = state.running()
    address = _cluster_address(state, service)
    record = state.root / "relays" / f"{service.replace('/', '_')}_{port}.json"
    if record.exists():
        known = json.loads(record.read_text())
        if known["address"] == address and Process(known["pid"], known["started"]).lives():
            return int(known["port"])
    with listen() as listener:
        # Children of this process are born inside; it itself stays outside.
        namespaces.enter(init.pid, "pid")
        namespaces.enter(init.pid, "net")
        relay = start(listener.fileno(), address, port, state.log / "relay.log")
        process = Process.of(relay.pid)
        host_port: int = listener.getsockname()[1]
    record.parent.mkdir(exist_ok=True)
    record.write_text(
        json.dumps({"address": address, "port": host_port, "pid": process.pid, "started": process.started})
    )
    return host_port


def _cluster_address(state: State, service: str) -> str:
    namespace, slash, name = service.partition("/")
    if not (slash and namespace and name):
        raise ClusterError(f"{service!r}: write the Service as NAMESPACE/NAME")
    binaries = build.locate()
    kubectl = str(binaries.hyperkube / "kubectl") if binaries else "kubectl"
    command = [kubectl, "--kubeconfig", str(state.kubeconfig), "--namespace", namespace, "get", "service", name]
    result = subprocess.run([*command, "-o=jsonpath={.spec.clusterIP}"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(result.stderr.strip())
    if result.stdout in ("", "None"):
        raise ClusterError(f"the Service {service} has no cluster address: it is headless")
    return result.stdout


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    # Each direction ends by itself: `kubectl exec` sends its end of input long before the answer is complete.
    writer.write_eof()


async def _join(inbound: tuple[asyncio.StreamReader, asyncio.StreamWriter], address: str, port: int) -> None:
    reader, writer = inbound
    with contextlib.closing(writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(address, port)
            with contextlib.closing(far_writer):
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(reader, far_writer))
                    both.create_task(_pump(far_reader, writer))
        except* OSError:
            # Either end broke off: the other one sees its connection close, as it would without a relay.
            pass


async def _serve(listener: socket.socket, address: str, port: int) -> None:
    server = await asyncio.start_server(lambda r, w: _join((r, w), address, port), sock=listener)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Relay until killed."""
    fd, address, port = sys.argv[1:]
    os.chdir("/")
    asyncio.run(_serve(socket.socket(fileno=int(fd)), address, int(port)))


if __name__ == "__main__":
    main()
