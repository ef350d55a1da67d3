"""A very small API server on loopback: objects with versions, conflicts and preconditions, and answers that a test prescribes."""

import asyncio
import atexit
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from kubernetes.aio import client as api

from shadowlift.adapters.kubernetes import KubernetesCluster
from shadowlift.telemetry.metrics import Metrics

Object = dict[str, Any]

# An authority that signs nothing. Without one, each client would read all of the machine's: 50 ms for every test.
NOBODY = """\
-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIUV0vB33G9Dxl0XYLbTp3/nEqOpe0wCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyNDA0MTkyNloYDzIxMjYxMDMxMDQx
OTI2WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AATQ+1q1X+9I78X0L2IlgrTb073SeaYxn9grsOUWH8N0dKQvNR+ZmmtrbALfrx2M
HUlOELnqOm4uWpIV1Ry6rbqQo1MwUTAdBgNVHQ4EFgQUaXKxViH4hmoU8Bs+VDg/
NkIqqDAwHwYDVR0jBBgwFoAUaXKxViH4hmoU8Bs+VDg/NkIqqDAwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAig6i0DTe9HWZsELz9x2KAlMywabL
AWxnsDE/r5Uvio8CIQC+eFwYz2M0QIee3QxrZ28EIZbCZVYEgLn6reZURNDTlg==
-----END CERTIFICATE-----
"""


@dataclass
class ApiServer:
    """`objects` by path. `answer` replaces every answer by (status, text); `hangs` answers nobody until it is set."""

    objects: dict[str, Object] = field(default_factory=dict)
    requests: list[tuple[str, str, Object | None, dict[str, str]]] = field(default_factory=list)
    answer: tuple[int, str] | None = None
    hangs: asyncio.Event | None = None
    url: str = ""
    versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        body = json.loads(text) if text else None
        self.requests.append((request.method, request.path_qs, body, dict(request.headers)))
        if self.hangs is not None:
            await self.hangs.wait()
        if self.answer is not None:
            return web.Response(status=self.answer[0], text=self.answer[1], content_type="application/json")
        return getattr(self, request.method.lower())(request.path, body or {})

    def get(self, path: str, _: Object) -> web.Response:
        if path in self.objects:
            return web.json_response(self.objects[path])
        return refusal(404)

    def post(self, path: str, body: Object) -> web.Response:
        path = f"{path}/{body['metadata']['name']}"
        if path in self.objects:
            return refusal(409)
        return web.json_response(self.store(path, body), status=201)

    def put(self, path: str, body: Object) -> web.Response:
        known = self.objects.get(path)
        if known is None:
            return refusal(404)
        if body["metadata"].get("resourceVersion") != known["metadata"]["resourceVersion"]:
            return refusal(409)
        return web.json_response(self.store(path, body))

    def patch(self, path: str, body: Object) -> web.Response:
        path = path.removesuffix("/status")
        if path not in self.objects:
            return refusal(404)
        return web.json_response(self.store(path, {**self.objects[path], **body}))

    def delete(self, path: str, body: Object) -> web.Response:
        known = self.objects.get(path)
        if known is None:
            return refusal(404)
        if body["preconditions"]["uid"] != known["metadata"]["uid"]:
            return refusal(409)
        del self.objects[path]
        return web.json_response({"kind": "Status", "status": "Success"})

    def store(self, path: str, body: Object) -> Object:
        version = str(next(self.versions))
        known = self.objects.get(path)
        uid = known["metadata"]["uid"] if known else f"uid-{version}"
        self.objects[path] = {**body, "metadata": {**body["metadata"], "resourceVersion": version, "uid": uid}}
        return self.objects[path]


def refusal(code: int, message: str = "as the test says") -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)


@asynccontextmanager
async def serve() -> AsyncIterator[ApiServer]:
    """Serve on a free port; gone afterwards."""
    server, app = ApiServer(), web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


@cache
def _authority() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="shadowlift-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "nobody.pem").write_text(NOBODY)
    return folder / "nobody.pem"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[KubernetesCluster, Metrics]]:
    """The real adapter, speaking to that URL."""
    configuration = api.Configuration()
    configuration.host = url
    configuration.ssl_ca_cert = str(_authority())
    client, metrics = api.ApiClient(configuration), Metrics()
    try:
        yield KubernetesCluster(client, metrics), metrics
    finally:
        await client.close()
