"""The open loop: `driver` gives it cases and a rate, it asks each exactly once and books what became of it.

Open: requests start when they are due, whatever became of the ones before. Never twice: a request that fails is a
failure. aiohttp repeats idempotent methods by itself when a kept connection breaks; POST is none of them, so this
sends POST only (`tests/component/traffic/test_load.py` breaks connections to prove it).
"""

import asyncio
import errno
import hashlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import aiohttp

from dev.traffic.rows import Row
from dev.traffic.tally import Attempt, read_answer
from dev.traffic.visitors import Visit, Visitors

HEADER_ID = "x-shadowlift-id"
HEADER_USER = "x-user-id"
# Shorter than any server's own: a client that keeps a connection as long as the server meets half-closed ones.
KEEP_ALIVE_SECONDS = 2.0
WORDS = {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset"}
KINDS: Sequence[tuple[type[Exception], str]] = (
    (aiohttp.ClientConnectorDNSError, "unresolved"),
    (aiohttp.ClientConnectorError, "unreachable"),
    (aiohttp.ServerDisconnectedError, "disconnected"),  # closed before the answer began
    (aiohttp.ClientPayloadError, "cut"),  # closed within the answer
)


@dataclass
class Settings:
    """What is sent where. `url` and `rate` (requests per second, 0 pauses) may change while it runs."""

    url: str
    rate: float
    fields: dict[str, str]  # track -> JSON field that only its answers have
    timeout: float = 10.0  # seconds until an unanswered request is a failure
    lanes: int = 8  # groups of connections, used in turn, so that every replica behind a Service gets some
    users: int = 0  # size of the pool of x-user-id; 0 sends none
    key_header: str | None = None  # send an own id of the case in it; outcomes then go by that, not by the router's id


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Load:
    """Sends until stopped. `booked` is called once per request, at its end; the answer is None where none came."""

    settings: Settings
    rows: Sequence[Row]
    chance: random.Random
    booked: Callable[[Attempt, Row, Answer | None], None]
    sent: int = 0
    in_flight: int = 0
    visitors: Visitors | None = None  # who comes; None: cases without a history
    latest_start_us: int = 0  # how late a request ever started: where it is large, latencies are this machine's
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Start no more requests; `run` returns when those under way have ended."""
        self._stop.set()
        self._changed.set()

    def change(self, url: str | None = None, rate: float | None = None) -> None:
        """Send elsewhere or at another rate, from the next request on."""
        self.settings = replace(
            self.settings,
            url=self.settings.url if url is None else url,
            rate=self.settings.rate if rate is None else rate,
        )
        self._changed.set()

    async def run(self) -> None:
        """Send at the rate until `stop`, then wait for what is under way."""
        sessions = [new_session(self.settings.timeout) for _ in range(self.settings.lanes)]
        under_way: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        try:
            while not self._stop.is_set():
                if await self._wait_until(due):
                    due = time.monotonic()
                    continue
                self.latest_start_us = max(self.latest_start_us, int((time.monotonic() - due) * 1e6))
                task = asyncio.create_task(self._ask(sessions[self.sent % len(sessions)], self._next_attempt()))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                due += 1 / self.settings.rate
            await asyncio.gather(*under_way)
        finally:
            for session in sessions:
                await session.close()

    async def _wait_until(self, due: float) -> bool:
        """Wait for the next request's time; True when rate, target or the wish to go on changed instead."""
        pause = due - time.monotonic() if self.settings.rate > 0 else None
        if pause is not None and pause <= 0:
            await asyncio.sleep(0)  # behind: still let answers in
            return False
        try:
            await asyncio.wait_for(self._changed.wait(), pause)
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def _next_attempt(self) -> Attempt:
        self.sent += 1
        return Attempt(n=self.sent, at=time.time_ns() // 1000, us=0, url=self.settings.url)

    async def _ask(self, session: aiohttp.ClientSession, attempt: Attempt) -> None:
        visit = self._next_visit()
        attempt = replace(attempt, truth=visit.row.truth, user=visit.user, visit=visit.number)
        headers = {"content-type": "application/json"}
        if visit.user:
            headers[HEADER_USER] = visit.user
        own_key = None
        if self.settings.key_header:
            own_key = headers[self.settings.key_header] = f"case-{self.chance.getrandbits(64):016x}"
        self.in_flight += 1
        start = time.monotonic()
        answer, error, detail = await ask_once(session, attempt.url, visit.row.body, headers)
        us = int((time.monotonic() - start) * 1e6)
        self.in_flight -= 1
        ended = replace(attempt, us=us, key=own_key, error=error, detail=detail)
        self.booked(ended if answer is None else judge(ended, answer, self.settings.fields), visit.row, answer)

    def _next_visit(self) -> Visit:
        if self.visitors:
            return self.visitors.next()
        row = self.chance.choice(self.rows)
        return Visit(row, f"user-{self.chance.randrange(self.settings.users)}" if self.settings.users else None)


def new_session(timeout: float) -> aiohttp.ClientSession:
    """A pool of kept connections without limits, so that the loop stays open; `timeout` in seconds per request."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS)
    return aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=timeout), cookie_jar=aiohttp.DummyCookieJar()
    )


async def ask_once(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]
) -> tuple[Answer | None, str | None, str | None]:
    """POST once: the answer, or None with the kind of error and its text."""
    try:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            content = await response.read()
            return Answer(response.status, response.headers.copy(), content), None, None
    except TimeoutError as error:
        return None, "timeout", str(error)
    except (aiohttp.ClientError, OSError) as error:
        return None, kind_of(error), f"{type(error).__name__}: {error}"[:300]


def kind_of(error: Exception) -> str:
    """One word for what went wrong on the wire; refused connections (nobody listens) are told from broken ones."""
    number = error.errno if isinstance(error, OSError) else None
    if number in WORDS:
        return WORDS[number]
    return next((word for kind, word in KINDS if isinstance(error, kind)), "broken")


def judge(attempt: Attempt, answer: Answer, fields: dict[str, str]) -> Attempt:
    """The attempt with what the answer says: anything but a 200 of a known form is a failure."""
    id_ = answer.headers.get(HEADER_ID)
    seen = replace(
        attempt,
        status=answer.status,
        id=id_,
        key=attempt.key or id_,
        digest=hashlib.sha256(answer.body).hexdigest()[:16],
    )
    if answer.status != 200:
        return replace(seen, error=f"status-{answer.status}", detail=answer.body[:300].decode(errors="replace"))
    read = read_answer(answer.body, fields)
    if read is None:
        return replace(seen, error="unreadable", detail=answer.body[:300].decode(errors="replace"))
    return replace(seen, track=read[0], value=read[1])
