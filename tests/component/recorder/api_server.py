"""An API server that knows only TokenReview: what the recorder asks, answered from a list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

POD_UID = "authentication.kubernetes.io/pod-uid"


@dataclass
class TokenList:
    """Whose tokens are whose: token -> (user name, pod uid). `down` makes the server answer 500."""

    owners: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    audience: str = "shadowlift"
    down: bool = False
    reviews: int = 0
    url: str = ""

    async def review(self, request: web.Request) -> web.Response:
        self.reviews += 1
        if self.down:
            return web.json_response({"kind": "Status", "code": 500}, status=500)
        spec = (await request.json())["spec"]
        owner = self.owners.get(spec["token"])
        if owner is None or self.audience not in spec["audiences"]:
            return web.json_response({"status": {"authenticated": False, "error": "unknown token"}}, status=201)
        extra = {POD_UID: [owner[1]]} if owner[1] else {}
        user = {"username": owner[0], "extra": extra}
        return web.json_response(
            {"status": {"authenticated": True, "user": user, "audiences": [self.audience]}}, status=201
        )


@asynccontextmanager
async def serve(tokens: TokenList) -> AsyncIterator[TokenList]:
    """Serve the list on loopback."""
    app = web.Application()
    app.router.add_post("/apis/authentication.k8s.io/v1/tokenreviews", tokens.review)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    tokens.url = f"http://{host}:{port}"
    try:
        yield tokens
    finally:
        await runner.cleanup()
