"""The clients of recorder and routers: what every answer becomes, and that a token is never shown."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from shadowlift.adapters import recorder, router_pods
from shadowlift.adapters.recorder import RecorderClient
from shadowlift.adapters.router_pods import RouterPodsClient
from shadowlift.adapters.token import TokenFile
from shadowlift.api.ledger import TrialRegistration
from shadowlift.errors import InvalidInput, Refused, ShadowliftError, Unavailable
from tests.component.adapters.api_server import ApiServer, serve
from tests.unit.rollout.tale import tell

TOKEN = "secret-of-the-operator"
REGISTRATION = TrialRegistration.model_validate(
    {
        "uid": "trial-0001", "namespace": "clinic", "name": "triage", "resourceUid": "uid-1", "frozenHash": "f", "startedAt": 0,
        "predictionType": "String", "missing": "Worst", "maturityUs": 1, "senders": ["a"], "routers": ["r"],
    }
)  # fmt: skip
RECORD = tell(("Started", "trial-0001")).records[0]
ANSWER = {"ledgerId": "ledger-1", "schemaVersion": 1, "at": 5, "trials": [], "unknown": ["trial-0001"]}
LOADED = {"mounted": "1-a", "loaded": {"lds": "1-a"}, "warming": 0, "rejected": 0, "agreed": True}

Call = Callable[[RecorderClient], Coroutine[Any, Any, Any]]
CALLS: dict[str, Call] = {
    "counters": lambda client: client.counters(["trial-0001"]),
    "register": lambda client: client.register(REGISTRATION),
    "keep_record": lambda client: client.keep_record("trial-0001", "triage-x", RECORD),
}


@asynccontextmanager
async def recorder_at(folder: Path) -> AsyncIterator[tuple[ApiServer, RecorderClient]]:
    token = folder / "token"
    token.write_text(TOKEN + "\n")
    async with serve() as server, aiohttp.ClientSession() as session:
        yield server, RecorderClient(session, server.url + "/", TokenFile(token))


REFUSALS: dict[int, type[ShadowliftError]] = {
    400: Unavailable, 401: Refused, 403: Refused, 404: InvalidInput, 409: InvalidInput, 413: Unavailable, 422: InvalidInput,
    429: Unavailable, 500: Unavailable, 503: Unavailable,
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
async def test_every_refusal_of_the_recorder_is_one_of_our_errors(name: str, tmp_path: Path):
    """What was asked, what was answered, and never the token."""
    async with recorder_at(tmp_path) as (server, client):
        for code, error in REFUSALS.items():
            server.answer = (code, json.dumps({"detail": "as the test says"}))
            with pytest.raises(error, match="as the test says") as caught:
                await CALLS[name](client)
            assert type(caught.value) is error, code
            assert str(code) in str(caught.value)
            assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("name", CALLS)
async def test_a_recorder_that_is_away_is_unavailable(name: str, tmp_path: Path):
    """Nobody listens."""
    async with recorder_at(tmp_path) as (server, client):
        url = server.url
    async with aiohttp.ClientSession() as session:
        client = RecorderClient(session, url, TokenFile(tmp_path / "token"))
        with pytest.raises(Unavailable, match=f"the recorder at {url} does not answer"):
            await CALLS[name](client)


@pytest.mark.parametrize("name", CALLS)
async def test_a_recorder_that_is_silent_is_unavailable(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No cycle waits for ever."""
    monkeypatch.setattr(recorder, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    async with recorder_at(tmp_path) as (server, client):
        server.hangs = asyncio.Event()
        with pytest.raises(Unavailable, match="does not answer"):
            await CALLS[name](client)
        server.hangs.set()


async def test_an_answer_that_is_not_understood_is_unavailable(tmp_path: Path):
    """Unknown is not empty: no counters are made up from it."""
    async with recorder_at(tmp_path) as (server, client):
        for text in ("", "not json", "[]", "{}", '{"ledgerId": 5}', json.dumps({**ANSWER, "surprise": 1})):
            server.answer = (200, text)
            with pytest.raises(Unavailable):
                await client.counters(["trial-0001"])


async def test_what_is_sent_to_the_recorder(tmp_path: Path):
    """The contract's paths, camelCase bodies, and the bearer token of this moment."""
    async with recorder_at(tmp_path) as (server, client):
        server.answer = (200, json.dumps(ANSWER))
        answer = await client.counters(["trial-0001"])
        (tmp_path / "token").write_text("renewed-token")
        await client.register(REGISTRATION)
        server.answer = (200, "")
        await client.keep_record("trial-0001", "triage-x", RECORD)
        assert (answer.ledger_id, answer.unknown) == ("ledger-1", ["trial-0001"])
        assert [(method, path) for method, path, _, _ in server.requests] == [
            ("POST", "/v1/counters"),
            ("PUT", "/v1/trials/trial-0001"),
            ("PUT", "/v1/trials/trial-0001/records/triage-x"),
        ]
        bodies = [body for _, _, body, _ in server.requests]
        assert bodies[0] == {"trials": ["trial-0001"]}
        assert bodies[1] is not None
        assert TrialRegistration.model_validate(bodies[1]) == REGISTRATION
        assert bodies[2] == {
            "name": "triage-x",
            "data": RECORD.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        tokens = [headers["Authorization"] for *_, headers in server.requests]
        assert tokens == [f"Bearer {TOKEN}", "Bearer renewed-token", "Bearer renewed-token"]


@asynccontextmanager
async def router() -> AsyncIterator[tuple[ApiServer, RouterPodsClient]]:
    async with serve() as server, aiohttp.ClientSession() as session:
        yield server, RouterPodsClient(session)


async def test_a_router_says_what_it_has_loaded():
    """GET /config of the shipper, without a token: it is nobody's secret."""
    async with router() as (server, client):
        server.answer = (200, json.dumps(LOADED))
        seen = await client.loaded(server.url.removeprefix("http://"))
        assert (seen.mounted, seen.agreed) == ("1-a", True)
        assert server.requests[0][:2] == ("GET", "/config")
        assert "Authorization" not in server.requests[0][3]


GARBLED = [
    (404, "{}"), (500, "{}"), (503, json.dumps(LOADED)), (200, ""), (200, "not json"), (200, "[]"), (200, "{}"), (200, '{"mounted": 1}'),
]  # fmt: skip


async def test_a_router_that_is_not_understood_has_loaded_nothing():
    """Unavailable: it will be asked again; nothing is taken for loaded."""
    async with router() as (server, client):
        for server.answer in GARBLED:
            with pytest.raises(Unavailable, match=server.url.removeprefix("http://")):
                await client.loaded(server.url.removeprefix("http://"))


@pytest.mark.parametrize("trouble", ["away", "silent"])
async def test_a_router_that_does_not_answer_holds_nobody_up(trouble: str, monkeypatch: pytest.MonkeyPatch):
    """A pod that was stopped: unavailable, soon."""
    monkeypatch.setattr(router_pods, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
    async with router() as (server, client):
        address = "127.0.0.1:1" if trouble == "away" else server.url.removeprefix("http://")
        server.hangs = asyncio.Event()
        with pytest.raises(Unavailable, match=address):
            await client.loaded(address)
        server.hangs.set()


def test_a_token_is_read_again_when_it_was_renewed(tmp_path: Path):
    """The kubelet swaps a link: the new text counts from then on."""
    old, new, link = tmp_path / "old", tmp_path / "new", tmp_path / "token"
    old.write_text("one\n")
    new.write_text(" two ")
    link.symlink_to(old)
    token = TokenFile(link)
    assert token.read() == "one"
    swap = tmp_path / "swap"
    swap.symlink_to(new)
    swap.rename(link)
    assert token.read() == "two"


def test_a_token_that_is_not_there_is_unavailable(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """It names the file; it may come yet."""
    token = TokenFile(tmp_path / "token")
    with pytest.raises(Unavailable, match="token: No such file"):
        token.read()
    (tmp_path / "token").write_text(TOKEN)
    with caplog.at_level(logging.DEBUG):
        assert token.read() == TOKEN
    assert TOKEN not in caplog.text
