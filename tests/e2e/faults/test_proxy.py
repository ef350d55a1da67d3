"""The proxy itself, before a server on loopback: what it holds, what it lets through, and what it calls a write. No cluster."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.e2e.faults.proxy import Proxy, Write, passing
from tests.e2e.faults.writes import Namer

NAMESPACE = "clinic"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"
SERVICE = json.dumps({"metadata": {"name": "triage"}})


class ApiServer:
    """Takes services, and tells two events of a watch, the second when it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.go_on = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append((await request.text(), request.headers["Authorization"]))
        return web.json_response({"kind": "Service"}, status=201)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first\n")
        await self.go_on.wait()
        await response.write(b"second\n")
        return response


@pytest.fixture
def api_server() -> ApiServer:
    return ApiServer()


@pytest.fixture
async def proxy(api_server: ApiServer) -> AsyncIterator[Proxy]:
    app = web.Application()
    app.add_routes([web.post(SERVICES, api_server.take), web.get(SERVICES, api_server.watch)])
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        made = Proxy(session, str(server.make_url("")).rstrip("/"))
        made.begin(NAMESPACE)
        yield made


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(passing(proxy)), headers={"Authorization": "Bearer ours"}) as made:
        yield made


async def held(proxy: Proxy) -> None:
    async with asyncio.timeout(5):
        while proxy.held is None:  # noqa: ASYNC110 - only the test waits for it
            await asyncio.sleep(0)


async def test_everything_passes_as_it_came(proxy: Proxy, api_server: ApiServer, client: TestClient):
    """What is not armed goes to the API server under the operator's own token, and its answer back."""
    answer = await client.post(SERVICES, data=SERVICE)
    assert (answer.status, await answer.json()) == (201, {"kind": "Service"})
    assert api_server.taken == [(SERVICE, "Bearer ours")]
    assert proxy.writes == [Write("POST services/triage", status=201)]


@pytest.mark.parametrize(("when", "taken"), [("before", 0), ("after", 1)])
async def test_an_armed_write_is_held_once(
    when: str, taken: int, proxy: Proxy, api_server: ApiServer, client: TestClient
):
    """Before: it never reaches the API server. After: it does, and no answer comes back. The next of that name passes."""
    proxy.armed = {"POST services/triage": when}
    asking = asyncio.create_task(client.post(SERVICES, data=SERVICE))
    await held(proxy)
    assert len(api_server.taken) == taken
    assert not asking.done()
    asking.cancel()
    proxy.release()
    answer = await client.post(SERVICES, data=SERVICE)
    assert answer.status == 201
    assert len(api_server.taken) == taken + 1
    assert [write.held for write in proxy.writes] == [when, None]


async def test_a_watch_tells_at_once(api_server: ApiServer, client: TestClient):
    """The first event is there while the second has not happened."""
    answer = await client.get(SERVICES)
    assert await answer.content.readline() == b"first\n"
    api_server.go_on.set()
    assert await answer.content.readline() == b"second\n"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SERVICES),
        ("POST", "/api/v1/namespaces/elsewhere/services"),
        ("PUT", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/shadowlift-operator"),
        ("POST", f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
    ],
)
def test_what_is_no_write(method: str, path: str):
    """Reads, leases, events, what has no namespace, and other namespaces are not counted."""
    assert Namer(NAMESPACE).name(method, path, SERVICE.encode()) is None


def test_a_pod_is_called_by_its_turn():
    """Names of pods differ from run to run; a version that is told to a pod again is the same write."""
    namer = Namer(NAMESPACE)

    def told(pod: str, version: str) -> str | None:
        body = {"metadata": {"annotations": {"shadowlift.dev/refresh": version}}}
        return namer.name("PATCH", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}", json.dumps(body).encode())

    assert [told("a-x7", "2-abc.1"), told("a-p3", "2-abc.1"), told("a-x7", "2-abc.2"), told("a-x7", "3-def.1")] == [
        "PATCH router pod 1 version 2",
        "PATCH router pod 2 version 2",
        "PATCH router pod 1 version 2",
        "PATCH router pod 1 version 3",
    ]


def test_looks_that_differ_in_figures_are_one_write():
    """The status of look after look has one name; another phase, record or version has another."""
    status = {"phase": "Shadowing", "serving": {"name": "current"}, "router": {"wanted": "4-abc"}}

    def written(**changes: object) -> str | None:
        path = f"/apis/shadowlift.dev/v1alpha1/namespaces/{NAMESPACE}/modeldeployments/triage/status"
        body = {"metadata": {"name": "triage"}, "status": {**status, **changes}}
        return Namer(NAMESPACE).name("PATCH", path, json.dumps(body).encode())

    first = written(trial={"evidence": {"pairs": 10}})
    assert first == written(trial={"evidence": {"pairs": 20}})
    assert first not in {
        written(phase="Promoted"),
        written(router={"wanted": "5-abc"}),
        written(history=[{"kind": "X"}]),
    }


@pytest.mark.parametrize(
    ("intent", "told"),
    [
        ({"serve": "current", "trial": {"epoch": 1}}, "current serves; epoch 1"),
        (
            {"serve": "current", "split": {"weight": 250}, "trial": {"epoch": 3}},
            "current serves, a candidate 25 %; epoch 3",
        ),
        ({"serve": "current", "split": {"weight": 0}, "trial": {"epoch": 0}}, "current serves; epoch 0"),
        ({"serve": "candidate", "spare": [{}]}, "candidate serves; spare clusters"),
    ],
    ids=["shadow", "canary", "canary-watched", "promoted"],
)
def test_a_configuration_is_called_by_who_serves(intent: dict[str, object], told: str):
    """First who serves and how much, which must not go back; then what is beside it."""
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/triage-router"
    body = {"metadata": {"name": "triage-router"}, "data": {"intent.json": json.dumps(intent)}}
    assert Namer(NAMESPACE).name("PATCH", path, json.dumps(body).encode()) == f"PATCH configmaps/triage-router {told}"
