"""The process behind every router, as a program that `stand` starts: `python -m dev.bench.router.upstream PORT PORT`.

It answers on the first port as current does, on the second as the candidate does. It knows a request by its last bytes and parses
nothing, so that what is measured is Envoy: some ten microseconds per request.
"""

import gc
import select
import socket
import sys
from collections.abc import Mapping

from dev.bench.router.wire import BODY, CANDIDATE, CURRENT, answer


class Connections:
    """Those that are open, each with the answer that it is given."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._open: dict[int, tuple[socket.socket, bytes]] = {}
        self._parts: dict[int, bytes] = {}

    def add(self, door: socket.socket, reply: bytes) -> None:
        """Wait for what comes through a connection, or to a port."""
        self._open[door.fileno()] = door, reply
        self._poll.register(door, select.EPOLLIN)

    def serve(self) -> None:
        """Answer whatever has come."""
        for number, _ in self._poll.poll():
            door, reply = self._open[number]
            if door.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                connection, _ = door.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.add(connection, reply)
            else:
                self._read(number, door, reply)

    def _read(self, number: int, connection: socket.socket, reply: bytes) -> None:
        try:
            received = connection.recv(65536)
        except ConnectionError:
            received = b""
        request = self._parts.pop(number, b"") + received
        if request.endswith(BODY):
            connection.sendall(reply)
        elif received:
            self._parts[number] = request
        else:
            del self._open[number]
            connection.close()


def main(ports: Mapping[int, str]) -> None:
    """Serve until somebody ends this process; by port, what is predicted."""
    connections = Connections()
    for port, prediction in ports.items():
        connections.add(socket.create_server(("127.0.0.1", port), backlog=1024), answer(prediction))
    gc.disable()
    while True:
        connections.serve()


if __name__ == "__main__":
    main({int(sys.argv[1]): CURRENT, int(sys.argv[2]): CANDIDATE})
