"""The open loop asks each case exactly once, on time, and calls a failure a failure."""

import asyncio
import random
from typing import Self

import pytest

from dev.traffic.load import Load, Settings
from dev.traffic.rows import Row
from dev.traffic.tally import Attempt
from tests.component.ports import free_port
from tests.component.traffic.conftest import answer, until

FIELDS = {"current": "result", "candidate": "diagnosis"}


class Run:
    """A running load and what it booked."""

    def __init__(self, url: str, row: Row, **settings) -> None:
        self.attempts: list[Attempt] = []
        wanted = Settings(url=url, fields=FIELDS, **{"rate": 200.0, "lanes": 2, "timeout": 2.0, **settings})
        self.load = Load(wanted, [row], random.Random(1), lambda attempt, *_: self.attempts.append(attempt))

    async def __aenter__(self) -> Self:
        """Start it."""
        self.task = asyncio.create_task(self.load.run())
        return self

    async def __aexit__(self, *_) -> None:
        """Stop it, and wait for what is under way."""
        self.load.stop()
        await self.task

    def errors(self) -> set[str | None]:
        return {attempt.error for attempt in self.attempts}


async def test_a_request_on_a_kept_connection_that_breaks_is_a_failure_and_is_not_repeated(process, row):
    """Every second request on a connection finds it closed without an answer: one failure each, nothing asked twice."""

    async def close_on_even(n, writer):
        if n % 2:
            await answer(writer)
        else:
            writer.close()

    server = await process(close_on_even)
    async with Run(server.url, row, lanes=1) as run:
        await until(lambda: len(run.attempts) >= 40)
    failed = [attempt for attempt in run.attempts if attempt.error]
    assert server.requests == len(run.attempts) == run.load.sent
    assert len(failed) == server.requests // 2
    assert run.errors() == {None, "disconnected"}


async def test_refused_connections_have_their_own_word(row):
    """Nobody listens: refused, not just broken."""
    async with Run(f"http://127.0.0.1:{free_port()}/triage", row) as run:
        await until(lambda: len(run.attempts) >= 3)
    assert run.errors() == {"refused"}
    assert run.attempts[0].status is None


async def test_an_answer_that_is_cut_short_is_a_failure(process, row):
    async def cut(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        writer.close()

    server = await process(cut)
    async with Run(server.url, row) as run:
        await until(lambda: len(run.attempts) >= 3)
    assert run.errors() == {"cut"}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"result": "M"}', "503 Service Unavailable", "status-503"),
        (b'{"result": "M"}', "201 Created", "status-201"),
        (b"<html>", "200 OK", "unreadable"),
        (b'{"other": 1}', "200 OK", "unreadable"),
    ],
)
async def test_only_a_200_of_a_known_form_is_a_good_answer(process, row, body, status, error):
    server = await process(lambda _, writer: answer(writer, body, status))
    async with Run(server.url, row) as run:
        await until(lambda: len(run.attempts) >= 1)
    assert run.errors() == {error}
    assert run.attempts[0].detail == body.decode()


async def test_a_process_that_hangs_is_a_timeout_and_does_not_hold_up_the_others(process, row):
    """Open loop: while the first requests hang, the later ones start on time."""

    async def hang(n, writer):
        if n > 3:
            await answer(writer)
        else:
            await asyncio.sleep(5)

    server = await process(hang)
    async with Run(server.url, row, timeout=0.5, lanes=1) as run:
        await until(lambda: sum(a.error is None for a in run.attempts) >= 20)
        assert all(a.error is None for a in run.attempts), "twenty were answered while three still hung"
    assert [a.error for a in run.attempts].count("timeout") == 3


async def test_it_keeps_the_rate_however_slow_the_answers_are(process, row):
    """100 a second: 50 take half a second though each answer takes 0.3 s; one after the other would take 15."""

    async def slow(_, writer):
        await asyncio.sleep(0.3)
        await answer(writer)

    server = await process(slow)
    loop = asyncio.get_running_loop()
    async with Run(server.url, row, rate=100.0) as run:
        start = loop.time()
        await until(lambda: run.load.sent >= 50)
        took = loop.time() - start
    assert 0.4 < took < 5
    assert len(run.attempts) == run.load.sent, "what was under way at the stop is waited for"


async def test_clients_can_be_moved_without_a_failure(process, row):
    """The new URL counts from the next request on; nothing under way is lost."""
    old = await process(lambda _, writer: answer(writer))
    new = await process(lambda _, writer: answer(writer, b'{"diagnosis": "benign"}'))
    async with Run(old.url, row) as run:
        await until(lambda: old.requests >= 5)
        run.load.change(url=new.url)
        await until(lambda: new.requests >= 5)
    assert run.errors() == {None}
    assert {a.track for a in run.attempts if a.url == new.url} == {"candidate"}
    assert old.requests + new.requests == run.load.sent


async def test_rate_zero_pauses_and_another_rate_goes_on(process, row):
    server = await process(lambda _, writer: answer(writer))
    async with Run(server.url, row, rate=0.0) as run:
        await asyncio.sleep(0)
        assert run.load.sent == 0
        run.load.change(rate=200.0)
        await until(lambda: server.requests >= 3)
    assert run.errors() == {None}


async def test_outcomes_go_by_the_routers_id_or_by_the_case_id_that_the_client_sent(process, row):
    server = await process(lambda _, writer: answer(writer))
    async with Run(server.url, row) as by_router:
        await until(lambda: len(by_router.attempts) >= 1)
    async with Run(server.url, row, key_header="x-case-id") as by_case:
        await until(lambda: len(by_case.attempts) >= 2)
    assert {a.key for a in by_router.attempts} == {"id-1"}
    keys = [a.key for a in by_case.attempts]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("case-") for key in keys)
