"""The relay: bytes in, bytes out, and each direction ends by itself."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster import relay
from dev.cluster.errors import ClusterError
from dev.cluster.state import State


@pytest.fixture
def far() -> Iterator[socket.socket]:
    """A listening server that the relay leads to."""
    with relay.listen() as listener:
        listener.settimeout(5)
        yield listener


@pytest.fixture
def near(far: socket.socket, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The relay's own address; the relay ends with the test."""
    with relay.listen() as listener:
        process = relay.start(listener.fileno(), "127.0.0.1", far.getsockname()[1], tmp_path / "log")
        address = listener.getsockname()
    try:
        yield address
    finally:
        process.kill()
        process.wait()


def test_the_answer_may_follow_the_end_of_the_question(far: socket.socket, near: tuple[str, int]) -> None:
    """A client that closes its sending side still gets the whole answer."""
    with socket.create_connection(near, timeout=5) as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        server, _ = far.accept()
        with server:
            asked = b"".join(iter(lambda: server.recv(100), b""))
            server.sendall(asked.upper() * 50_000)
        answer = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert answer == b"QUESTION" * 50_000


def test_a_refused_connection_closes_the_clients(far: socket.socket, near: tuple[str, int], tmp_path: Path) -> None:
    """Nobody behind the relay: the client sees its connection end instead of hanging, and the log stays quiet."""
    far.close()
    for _ in range(2):  # the second answer comes after anything that the first one may have logged
        with socket.create_connection(near, timeout=5) as client:
            assert client.recv(1) == b""
    assert (tmp_path / "log").read_text() == ""


def test_the_relay_survives_a_broken_connection(far: socket.socket, near: tuple[str, int]) -> None:
    """A client that is gone takes only its own connection with it."""
    for _ in range(2):
        client = socket.create_connection(near, timeout=5)
        server, _ = far.accept()
        client.close()
        with server:
            server.settimeout(5)
            assert server.recv(1) == b""


def test_a_taken_port_is_named(far: socket.socket) -> None:
    """The message names the port that the user asked for."""
    with pytest.raises(ClusterError, match=str(far.getsockname()[1])):
        relay.listen(far.getsockname()[1])


def test_a_relay_needs_a_cluster(tmp_path: Path) -> None:
    """Without a cluster nothing is opened."""
    with pytest.raises(ClusterError, match="no cluster is up"):
        relay.open_service(State(tmp_path), "default/web", 80)
