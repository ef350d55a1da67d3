"""`shadowlift drain`: the router's preStop hook. Takes it out of service without cutting a request, then returns.

From `healthcheck/fail` on, probes answer 503 and every response closes its connection; SIGTERM alone would cut requests.
Standard library only: it starts in a pod that may be short of everything.
"""

import http.client
import os
import socket
import sys
import time
from pathlib import Path

from shadowlift.errors import InvalidInput
from shadowlift.shipper.settings import read_settings

PROPAGATION_SECONDS = 6.0  # until all nodes and clients have stopped to send; connections made until then are served
LIMIT_SECONDS = 22.0  # with what the shipper needs afterwards, below the grace period: a stream that never ends must not hold the pod
POLL_SECONDS = 0.25
_ACTIVE = "http.live.downstream_rq_active"


class _AdminConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("envoy", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def main(arguments: list[str]) -> int:
    """Drain; 0 also where there is no Envoy left to drain."""
    if arguments:
        sys.stderr.write("usage: shadowlift drain (no arguments)\n")
        return 2
    try:
        path = read_settings(os.environ).admin_socket
    except InvalidInput as error:
        sys.stderr.write(f"cannot drain: {error}\n")
        return 2
    try:
        drain(path)
    except OSError as error:
        sys.stderr.write(f"no Envoy to drain: {error}\n")
    return 0


def drain(path: Path) -> None:
    """Fail the health check, then wait for endpoints to propagate and for the last request to end.

    Raises:
        OSError: Envoy does not answer on its admin socket (any more).
    """
    start = time.monotonic()
    _call(path, "POST", "/healthcheck/fail")
    while (waited := time.monotonic() - start) < LIMIT_SECONDS:
        if waited >= PROPAGATION_SECONDS and _active(path) == 0:
            return
        time.sleep(POLL_SECONDS)  # noqa: TID251 - a hook that the kubelet runs; there is nothing else to do


def _active(path: Path) -> int:
    text = _call(path, "GET", f"/stats?filter=^{_ACTIVE}$")
    return int(text.partition(": ")[2] or 0)


def _call(path: Path, method: str, target: str) -> str:
    connection = _AdminConnection(path)
    try:
        connection.request(method, target)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
