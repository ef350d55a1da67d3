"""A proxy before the API server that can stop at a write: `python3 -m tests.e2e.faults.proxy`, in a pod that `detour` starts.

The operator talks TLS to it as to the API server, with its own token. Everything goes through as it comes, watches included. A write
that is armed is held: before it is forwarded, or after it took effect and before the answer goes back. Who has armed it kills the
operator then, and lets the held request fall: nobody gets an answer to it.

Control port, plain HTTP: GET /healthz /writes /held, POST /begin {"namespace"}, /arm {write: "before" or "after"}, /release.
"""

import argparse
import asyncio
import ssl
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.e2e.faults.writes import Namer

SERVER = "https://kubernetes.default.svc"
BODY_LIMIT = 16 << 20  # bytes; the API server itself takes less
# Of a connection, not of a message (RFC 9110, 7.6.1); the lengths are of messages that are read and written anew.
OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
ADDED_BY_AIOHTTP = (
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "User-Agent",
)  # where the operator did not say so itself


@dataclass
class Write:
    """One write as it came by. `status` is the API server's answer; None: it was never asked, or has not answered yet."""

    name: str
    status: int | None = None
    held: str | None = None  # before, after


@dataclass
class Proxy:
    """What passes, what has passed, and where to stop."""

    upstream: aiohttp.ClientSession
    server: str = SERVER
    namer: Namer = field(default_factory=lambda: Namer(""))
    writes: list[Write] = field(default_factory=list)
    armed: dict[str, str] = field(default_factory=dict)  # name of a write -> before, after
    held: Write | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """One request, to the API server and back."""
        body = await request.read()
        name = self.namer.name(request.method, request.path, body)
        if name is None:
            return await self._forward(request, body)
        write = Write(name, held=self.armed.pop(name, None))
        self.writes.append(write)
        if write.held is None:
            return await self._forward(request, body, write)
        if write.held == "after":
            async with self._ask(request, body) as answer:
                await answer.read()
                write.status = answer.status
        return await self._hold(write)

    async def _hold(self, write: Write) -> web.StreamResponse:
        """Keep the operator waiting; it ends before this does."""
        self.held = write
        self.released.clear()
        await self.released.wait()
        raise web.HTTPServiceUnavailable(text="held until its client was gone")

    def _ask(self, request: web.Request, body: bytes) -> Any:
        return self.upstream.request(
            request.method,
            self.server + request.raw_path,
            headers=[(name, value) for name, value in request.headers.items() if _of_the_message(name)],
            data=body or None,
        )

    async def _forward(self, request: web.Request, body: bytes, write: Write | None = None) -> web.StreamResponse:
        async with self._ask(request, body) as answer:
            if write is not None:
                write.status = answer.status
            headers = [(name, value) for name, value in answer.headers.items() if _of_the_message(name)]
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():  # a watch tells at once what happens
                await response.write(chunk)
            await response.write_eof()
            return response

    def begin(self, namespace: str) -> None:
        """A new run, in this namespace: nothing has passed yet, nothing is armed, nothing held."""
        self.namer, self.writes, self.armed = Namer(namespace), [], {}
        self.release()

    def release(self) -> None:
        """What is held falls."""
        self.held = None
        self.released.set()


def _of_the_message(header: str) -> bool:
    return header.lower() not in OF_THE_CONNECTION


def passing(proxy: Proxy) -> web.Application:
    """The port that the operator takes for the API server's."""
    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_route("*", "/{path:.*}", proxy.pass_on)
    return app


def control(proxy: Proxy) -> web.Application:
    """The control port."""

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def writes(_: web.Request) -> web.Response:
        return web.json_response([asdict(write) for write in proxy.writes])

    async def held(_: web.Request) -> web.Response:
        return web.json_response({"name": proxy.held.name if proxy.held else None})

    async def begin(request: web.Request) -> web.Response:
        proxy.begin((await request.json())["namespace"])
        return web.json_response({})

    async def arm(request: web.Request) -> web.Response:
        proxy.armed = await request.json()
        return web.json_response({})

    async def release(_: web.Request) -> web.Response:
        proxy.release()
        return web.json_response({})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthy), web.get("/writes", writes), web.get("/held", held)])
    app.add_routes([web.post("/begin", begin), web.post("/arm", arm), web.post("/release", release)])
    return app


async def run(options: argparse.Namespace) -> None:
    """Serve both ports until killed."""
    trusted = ssl.create_default_context(cafile=options.authority)
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(options.certificate, options.key)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted, limit=0),
        timeout=aiohttp.ClientTimeout(),  # none of its own: either side has some, and sees the other's end
        auto_decompress=False,
        skip_auto_headers=ADDED_BY_AIOHTTP,
    ) as upstream:
        proxy = Proxy(upstream)
        for app, port, context in ((passing(proxy), options.port, shown), (control(proxy), options.control_port, None)):
            # A request ends with its client: of an operator that was killed no watch stays behind.
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
            await runner.setup()
            await web.TCPSite(runner, port=port, ssl_context=context).start()
        await asyncio.Event().wait()


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="proxy", description="before the API server; can stop at a write")
    parser.add_argument("--port", type=int, required=True, help="where the operator finds it")
    parser.add_argument("--control-port", type=int, required=True)
    parser.add_argument("--certificate", required=True, help="of the API server's name; what the operator is shown")
    parser.add_argument("--key", required=True, help="the certificate's")
    parser.add_argument("--authority", required=True, help="certificates that vouch for the API server")
    return parser.parse_args(given)


if __name__ == "__main__":
    asyncio.run(run(arguments(sys.argv[1:])))
