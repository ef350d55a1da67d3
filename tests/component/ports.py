"""Ports for the processes that component tests start. Used by `recorder.program`, `router.stand` and the traffic's tests."""

import os
import socket
from itertools import cycle, islice

# Below the range from which systems take the ports of outgoing connections, which would be in the way now and then; and each
# of the workers that run tests side by side has its own, so that none takes what another has just found free.
_FIRST, _EACH = 12_000, 1_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = cycle(range(_FIRST + _worker * _EACH, _FIRST + (_worker + 1) * _EACH))


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, and that is not given out again soon."""
    for port in islice(_ports, _EACH):
        with socket.socket() as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # as servers do: ended connections do not matter
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("somebody listens on every port of this worker")
