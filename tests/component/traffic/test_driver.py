"""The driver's control port tells what happened and takes orders; good answers reach the outcome sender, once each."""

import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from dev.traffic.driver import application, arguments, build
from tests.component.traffic.conftest import answer, until


@pytest.fixture
def driver(tmp_path):
    def make(url: str, *options: str):
        rows = tmp_path / "rows.jsonl"
        rows.write_text('{"features": {"x": 1}, "truth": "malignant"}\n')
        given = ["--url", url, "--rows", str(rows), "--log", str(tmp_path / "log.jsonl"), "--rate", "200", *options]
        return build(arguments(given))

    return make


@pytest.fixture
async def control():
    clients = []

    async def make(driver) -> TestClient:
        clients.append(TestClient(TestServer(application(driver))))
        await clients[-1].start_server()
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


async def test_report_and_log_tell_the_same_story(process, driver, control):
    server = await process(lambda n, writer: answer(writer, status="200 OK" if n != 3 else "503 Busy"))
    made = driver(server.url)
    client = await control(made)
    running = asyncio.create_task(made.load.run())
    await until(lambda: made.tally.answered >= 10)
    made.load.stop()
    await running
    report = await (await client.get("/report")).json()
    lines = [json.loads(line) for line in (await (await client.get("/log")).text()).splitlines()]
    assert report["answered"] + report["failed"] == report["sent"] == len(lines) == server.requests
    assert report["errors"] == {"status-503": 1}
    assert [line["status"] for line in lines].count(503) == 1
    assert report["inFlight"] == 0


async def test_rate_and_target_can_be_changed_and_nonsense_is_refused(process, driver, control):
    server = await process(lambda _, writer: answer(writer))
    made = driver("http://127.0.0.1:1/a")
    client = await control(made)
    assert (await client.post("/rate", json={"rate": 5})).status == 200
    assert (await client.post("/target", json={"url": server.url})).status == 200
    assert (made.load.settings.rate, made.load.settings.url) == (5.0, server.url)
    for path, body in [
        ("/rate", {"rate": -1}),
        ("/rate", {"rate": True}),
        ("/rate", {}),
        ("/rate", []),
        ("/target", {"url": 1}),
    ]:
        refused = await client.post(path, json=body)
        assert refused.status == 400
        assert "send" in await refused.text()
    assert (await client.post("/rate", data="{")).status == 400


async def test_clients_are_not_sent_where_nobody_listens_yet(process, driver, control):
    """A Service is programmed a moment after its pods are ready; a request in between would be the test's fault."""
    made = driver("http://127.0.0.1:1/a", "--rate", "0")
    client = await control(made)
    for path, body in [("/target", {"url": "http://127.0.0.1:1/b"}), ("/rate", {"rate": 5})]:
        refused = await client.post(path, json=body)
        assert refused.status == 409
        assert "nobody accepts connections" in await refused.text()
    assert (made.load.settings.rate, made.load.settings.url) == (0.0, "http://127.0.0.1:1/a")
    server = await process(lambda _, writer: answer(writer))
    assert (await client.post("/target", json={"url": server.url})).status == 200
    assert (await client.post("/rate", json={"rate": 5})).status == 200
    assert server.requests == 0, "looking whether somebody listens asks nothing"


async def test_cases_wait_for_an_outcome_sender_that_is_away_and_arrive_once(process, driver):
    """The sender refuses the first batches: nothing is lost, nothing arrives twice."""
    taken: list[str] = []
    calls = 0

    async def take(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        if calls <= 2:
            return web.Response(status=503)
        taken.extend(case["n"] if "n" in case else case["key"] for case in await request.json())
        return web.json_response({}, status=202)

    app = web.Application()
    app.router.add_post("/answered", take)
    sender = TestServer(app)
    await sender.start_server()
    ids = iter(range(10_000))

    async def numbered(_, writer):
        body = b'{"result": "M"}'
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nx-shadowlift-id: {next(ids)}\r\n\r\n".encode())
        writer.write(body)

    server = await process(numbered)
    made = driver(server.url, "--outcomes", str(sender.make_url("/")).rstrip("/"))
    running = [asyncio.create_task(made.load.run()), asyncio.create_task(made.handover.run())]
    await until(lambda: calls > 3)
    made.load.stop()
    await running[0]
    await until(lambda: len(taken) == made.tally.answered)
    running[1].cancel()
    await sender.close()
    assert len(set(taken)) == len(taken) == server.requests == made.handover.handed_over


async def test_failed_requests_are_not_handed_over(process, driver):
    """Nobody got an answer, so no outcome will be sent for it."""
    server = await process(lambda _, writer: answer(writer, status="500 Oops"))
    made = driver(server.url, "--outcomes", "http://127.0.0.1:1")
    running = asyncio.create_task(made.load.run())
    await until(lambda: made.tally.failed >= 3)
    made.load.stop()
    await running
    assert not made.handover.waiting


def test_two_runs_ask_in_another_order_unless_the_seed_is_given(driver):
    assert driver("http://x").seed != driver("http://x").seed
    assert driver("http://x", "--seed", "7").seed == 7
