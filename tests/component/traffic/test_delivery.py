"""An outcome is sent until the recorder has promised to keep it, and only then written down as accepted."""

import json
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dev.traffic import delivery
from dev.traffic.delivery import Delivery

BATCH = [{"key": "a", "value": "M"}, {"key": "b", "value": "B"}]
RECEIPT = {"accepted": 2, "pending": 1, "unchanged": 0, "changed": 0, "late": 0}
NOW = {"Retry-After": "0"}


class Recorder:
    """Answers with one status after the other, the last for ever; 0 breaks the connection."""

    def __init__(self, statuses: Sequence[int]) -> None:
        self.statuses = list(statuses)
        self.tokens: list[str | None] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("authorization"))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == 0:
            assert request.transport is not None
            request.transport.close()
        if status == 202:
            return web.json_response(RECEIPT, status=202)
        return web.json_response({"title": "no", "status": status, "detail": "why"}, status=status or 500, headers=NOW)


@pytest.fixture
async def against(tmp_path):
    """A delivery to a recorder with these statuses; pauses are cut short."""
    servers = []

    async def make(*statuses: int) -> tuple[Recorder, Delivery]:
        recorder = Recorder(statuses)
        app = web.Application()
        app.router.add_post("/outcomes", recorder.answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        token = tmp_path / "token"
        token.write_text("first\n")
        accepted = tmp_path / "accepted.jsonl"
        return recorder, Delivery(str(servers[-1].make_url("/outcomes")), token, accepted, first_pause=0.001)

    yield make
    for server in servers:
        await server.close()


async def deliver(to: Delivery) -> list[dict[str, str]]:
    async with aiohttp.ClientSession() as session:
        await to.deliver(session, BATCH)
    return [json.loads(line) for line in to.accepted_file.read_text().splitlines()] if to.accepted_file.exists() else []


@pytest.mark.parametrize("status", [0, 401, 403, 404, 429, 500, 503])
async def test_what_may_pass_by_itself_is_tried_again_until_accepted(against, status):
    recorder, to = await against(status, status, 202)
    lines = await deliver(to)
    assert [(line["key"], line["value"]) for line in lines] == [("a", "M"), ("b", "B")]
    assert len(recorder.tokens) == 3
    assert to.report()["triesAgain"] == {"unreachable" if status == 0 else str(status): 2}
    assert to.report()["receipts"]["pending"] == 1


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_can_never_be_accepted_is_counted_with_the_recorders_words(against, status):
    recorder, to = await against(status)
    assert await deliver(to) == []
    assert len(recorder.tokens) == 1
    assert (to.refused, to.accepted) == (2, 0)
    assert "why" in (to.last_error or "")


async def test_another_success_than_202_is_no_promise(against):
    """A proxy that answers 200 has stored nothing."""
    _, to = await against(200)
    assert await deliver(to) == []
    assert to.refused == 2


async def test_the_token_is_read_each_time_since_the_kubelet_renews_it(against):
    recorder, to = await against(202)
    await deliver(to)
    to.token_file.write_text("second")
    await deliver(to)
    assert recorder.tokens == ["Bearer first", "Bearer second"]


async def test_a_token_that_is_not_there_yet_is_waited_for(against):
    """The kubelet writes it; until then nothing can be sent, and nothing is lost."""
    _, to = await against(202)
    to.token_file.unlink()
    async with aiohttp.ClientSession() as session:
        why, _ = await to._try(session, BATCH)
    assert why is not None
    assert to.accepted == 0


async def test_the_whole_ledger_is_read_page_by_page(tmp_path):
    pages = {"0": {"outcomes": [BATCH[0]], "next": 5}, "5": {"outcomes": [BATCH[1]], "next": None}}

    async def page(request: web.Request) -> web.Response:
        return web.json_response(pages[request.query["after"]])

    app = web.Application()
    app.router.add_get("/outcomes", page)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        assert await Delivery(str(server.make_url("/outcomes")), None, tmp_path / "a").ledger(session) == BATCH


def test_retry_after_is_read_in_seconds():
    assert delivery.retry_after({"Retry-After": "7"}) == 7.0
    assert delivery.retry_after({}) is None
    assert delivery.retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) is None
