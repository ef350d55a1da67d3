"""What the traffic's tests share: waiting for a condition, a row, and a process to ask that misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from dev.traffic.rows import Row


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is awaited knows of no event
            await asyncio.sleep(0.01)


@dataclass
class Process:
    """An HTTP process on loopback. `behave` writes the answer to the n-th request, or breaks the connection."""

    behave: Callable[[int, asyncio.StreamWriter], Awaitable[None]]
    requests: int = 0
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/triage"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                self.requests += 1
                await self.behave(self.requests, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def answer(writer: asyncio.StreamWriter, body: bytes = b'{"result": "M"}', status: str = "200 OK") -> None:
    """One whole answer on a connection that is kept."""
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nx-shadowlift-id: id-1\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


@pytest.fixture
async def process() -> AsyncIterator[Callable[..., Awaitable[Process]]]:
    """Starts processes; all are gone after the test."""
    servers: list[asyncio.Server] = []

    async def start(behave: Callable[[int, asyncio.StreamWriter], Awaitable[None]]) -> Process:
        made = Process(behave)
        servers.append(await asyncio.start_server(made.serve, "127.0.0.1", 0))
        made.port = servers[-1].sockets[0].getsockname()[1]
        return made

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def row() -> Row:
    return Row(b'{"mean_radius":20.5}', "malignant")
