"""The operator's own HTTP port: /healthz for the kubelet, /readyz, /metrics for Prometheus."""

import asyncio

from aiohttp import web

from shadowlift.wiring import App

STUCK_AFTER = 60.0  # seconds without a turn of the evidence loop, while leading: something hangs


async def serve(app: App, leading: asyncio.Event) -> web.AppRunner:
    """Start to listen; the caller cleans the runner up."""

    async def healthz(_: web.Request) -> web.Response:
        idle = asyncio.get_running_loop().time() - app.loops.beat
        stuck = leading.is_set() and idle > STUCK_AFTER
        return web.Response(status=503 if stuck else 200, text="stuck" if stuck else "ok")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="leading" if leading.is_set() else "standing by")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(
            body=app.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    server = web.Application()
    server.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, *app.settings.listen).start()
    return runner
