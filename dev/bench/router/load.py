"""The load generator: requests to one port -> what each of them took. Called by `rounds`.

`steady` is an open loop: a request leaves when it is due, whether or not those before it were answered, and its latency counts from
then. An answer that hangs makes nobody wait who would not have waited (no coordinated omission). `flood` is a closed loop: each
connection asks again as soon as it has its answer.

One thread, plain sockets, and `select` on the few that wait for an answer: some fifteen microseconds of this process per request.
"""

import ctypes
import gc
import select
import socket
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from time import perf_counter_ns

from dev.bench.router.wire import ANSWER_END, BY_CANDIDATE, OK, REQUESTS

WARM_SECONDS = 0.2
"""Load before anything is counted: connections are made, caches filled."""

ANSWER_SECONDS = 10.0
"""After which a run is given up."""

LEAST_ANSWERS = 50
"""For which a flood goes on beyond its time: a process that was not let run meanwhile has no CPU per request."""

MOST_CONNECTIONS = 256  # what is due beyond them waits, and its waiting counts
_PR_SET_TIMERSLACK = 29
_SECOND = 1_000_000_000

Cpu = Callable[[], float]
"""What the watched process has used so far, in seconds."""


class Broken(Exception):
    """No answer, or not the one that was meant: nothing was measured."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A few seconds of load.

    Attributes:
        latencies: in nanoseconds, one for each request that was counted.
        seconds: how long was counted.
        cpu: seconds that the watched process used meanwhile.
        asked: requests in all, with those before anything was counted.
        by_candidate: those among them that the candidate answered.
    """

    latencies: "array[int]"
    seconds: float
    cpu: float
    asked: int
    by_candidate: int


class _Window:
    """The time in which is counted."""

    def __init__(self, seconds: float, cpu: Cpu) -> None:
        self.begins = perf_counter_ns() + round(WARM_SECONDS * _SECOND)
        self.ends = self.begins + round(seconds * _SECOND)
        self.latencies = array("q")
        self._cpu = cpu
        self._used: float | None = None

    def has_begun(self, now: int) -> bool:
        """Whether it has; the first time that it has, the processor's clock is read."""
        if self._used is None and now >= self.begins:
            self._used = self._cpu()
        return self._used is not None

    def close(self, client: "_Client") -> Slice:
        """What was counted until now."""
        if not self.latencies:
            raise Broken("no answer at all")
        seconds = (perf_counter_ns() - self.begins) / _SECOND
        spent = self._cpu() - (self._used or 0.0)
        return Slice(self.latencies, seconds, spent, client.asked, client.by_candidate)


class _Client:
    """Connections to one port, of which some wait for an answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[socket.socket] = []
        self._parts: dict[socket.socket, bytes] = {}
        self._requests = cycle(REQUESTS)
        self.waiting: dict[socket.socket, int] = {}  # since when: nanoseconds
        self.asked = self.by_candidate = 0

    def ask(self, since: int) -> None:
        """Send the next request on a connection that is idle, or on a new one."""
        connection = self._idle.pop() if self._idle else self._connection()
        self.waiting[connection] = since
        connection.sendall(next(self._requests))
        self.asked += 1

    def answered(self, seconds: float) -> Iterator[int]:
        """For each answer that has come when one has, or when the time is up: since when it was waited for."""
        for connection in select.select(self.waiting, (), (), seconds)[0]:
            received = connection.recv(65536)
            data = self._parts.pop(connection, b"") + received
            if data.endswith(ANSWER_END) and data.startswith(OK):
                self.by_candidate += BY_CANDIDATE in data
                self._idle.append(connection)
                yield self.waiting.pop(connection)
            elif received and data.startswith(OK):
                self._parts[connection] = data
            else:
                raise Broken(f"not the answer that was meant: {data[:200]!r}")

    def finish(self) -> None:
        """Wait for what is still to come."""
        while self.waiting:
            if not list(self.answered(ANSWER_SECONDS)) and not self._parts:
                raise Broken(f"{len(self.waiting)} answers never came")

    def close(self) -> None:
        """Let go of all connections."""
        for connection in (*self._idle, *self.waiting):
            connection.close()

    def _connection(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), ANSWER_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


@contextmanager
def _client(port: int) -> Iterator[_Client]:
    """A client in a process that wakes when it shall and does nothing else."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)  # else each wait ends up to 50 microseconds late
    client = _Client(port)
    gc.collect()
    gc.disable()
    try:
        yield client
    finally:
        gc.enable()
        client.close()


def _give_up(now: int, window: _Window, client: _Client) -> None:
    if now > window.ends + ANSWER_SECONDS * _SECOND:
        raise Broken(f"{len(client.waiting)} answers are {ANSWER_SECONDS:g} s late: too much for this machine?")


def steady(port: int, rate: int, seconds: float, cpu: Cpu) -> Slice:
    """So many requests a second, evenly.

    Raises:
        Broken: an answer was none, or did not come.
    """
    with _client(port) as client:
        window, period, due = _Window(seconds, cpu), _SECOND // rate, perf_counter_ns()
        while due < window.ends or client.waiting:
            now = perf_counter_ns()
            window.has_begun(now)
            while due <= now and due < window.ends and len(client.waiting) < MOST_CONNECTIONS:
                client.ask(due)
                due += period
            _give_up(now, window, client)
            more = due < window.ends and len(client.waiting) < MOST_CONNECTIONS
            for since in client.answered(max(0, due - perf_counter_ns()) / _SECOND if more else 0.1):
                if since >= window.begins:
                    window.latencies.append(perf_counter_ns() - since)
        return window.close(client)


def flood(port: int, connections: int, seconds: float, cpu: Cpu) -> Slice:
    """As many requests as are answered, so many at a time.

    Raises:
        Broken: an answer was none, or did not come.
    """
    with _client(port) as client:
        window, began = _Window(seconds, cpu), perf_counter_ns()
        for _ in range(connections):
            client.ask(began)
        while (now := perf_counter_ns()) < window.ends or len(window.latencies) < LEAST_ANSWERS:
            _give_up(now, window, client)
            for since in client.answered(ANSWER_SECONDS):
                now = perf_counter_ns()
                if window.has_begun(now):
                    window.latencies.append(now - since)
                client.ask(now)
        counted = window.close(client)
        client.finish()
        return counted
