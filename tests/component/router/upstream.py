"""A process behind the router, as a program: `upstream.py PORT NAME`. Tests steer it over `/_mode` and ask it over `/_seen`.

It answers `{"by": NAME, "diagnosis": ..., "bytes": ...}`; what is odd about it is chosen per process (`/_mode`) or per
request (`?mode=`).
"""

import asyncio
import gzip
import hashlib
import json
import sys

from aiohttp import WSMsgType, web


class Upstream:
    """One process's state."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mode = "ok"
        self.requests = 0
        self.last: list[dict[str, object]] = []

    async def set_mode(self, request: web.Request) -> web.Response:
        self.mode = request.query["to"]
        if self.mode == "ok":
            self.requests, self.last = 0, []
        return web.json_response({})

    async def seen(self, _: web.Request) -> web.Response:
        return web.json_response({"requests": self.requests, "last": self.last[-20:]})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        body = await request.read()
        headers = [[name.decode(), value.decode("latin-1")] for name, value in request.raw_headers]
        self.last = [*self.last[-19:], {"method": request.method, "path": request.path_qs, "headers": headers}]
        mode = request.query.get("mode", "ok") if self.mode == "ok" else self.mode
        handler = getattr(self, f"_{mode}", None)
        if handler is not None:
            return await handler(request)
        if mode.startswith("status"):
            return web.Response(status=int(mode[6:]), text="no")
        if mode.startswith("after"):
            await asyncio.sleep(float(mode[5:]))
        diagnosis = request.query.get("diagnosis", "benign")
        text = json.dumps(
            {"by": self.name, "diagnosis": diagnosis, "bytes": len(body), "sha": hashlib.sha256(body).hexdigest()}
        )
        return web.Response(
            text=text, content_type="application/json", headers={"X-Prediction": diagnosis, "X-By": self.name}
        )

    async def _hang(self, _: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    async def _reset(self, request: web.Request) -> web.Response:
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _large(self, _: web.Request) -> web.Response:
        return web.Response(body=b"\x00\xff" * 150_000)

    async def _gzip(self, _: web.Request) -> web.Response:
        body = gzip.compress(json.dumps({"by": self.name, "diagnosis": "malignant"}).encode())
        return web.Response(body=body, headers={"content-encoding": "gzip", "content-type": "application/json"})

    async def _many(self, request: web.Request) -> web.Response:
        """As many headers as came, and theirs again."""
        headers = {name: value for name, value in request.headers.items() if name.startswith("X-Many")}
        return web.json_response({"by": self.name, "diagnosis": "benign"}, headers=headers)

    async def _trickle(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(5):
            await response.write(b"0123456789")
            await asyncio.sleep(0.2)
        await response.write_eof()
        return response

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f"{self.name}:{message.data}")
        return socket


def main() -> None:
    port, name = int(sys.argv[1]), sys.argv[2]
    upstream = Upstream(name)
    application = web.Application(client_max_size=1 << 28)
    application.router.add_post("/_mode", upstream.set_mode)
    application.router.add_get("/_seen", upstream.seen)
    application.router.add_route("*", "/{path:.*}", upstream.answer)
    web.run_app(application, host="127.0.0.1", port=port, print=None, access_log=None, keepalive_timeout=75)


if __name__ == "__main__":
    main()
