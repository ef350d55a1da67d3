"""The clients: `python3 -m dev.traffic.driver` asks one URL at a steady rate and tells what became of every request.

A pod of `stand` (or a program on a host, in tests). Each good answer is handed to the outcome sender: the hospital
knows which case it was, and will know the truth. With `--returning` a case is a visitor who may come back, and what the first
answer was worth is the truth. Control port: GET /report /log /healthz, POST /rate /target (409 where nobody listens yet),
POST /forget (those seen so far do not come back).
"""

import argparse
import asyncio
import json
import random
import secrets
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from dev.traffic import rows
from dev.traffic.direct import Comparison
from dev.traffic.handover import HAND_OVER_EVERY, Handover
from dev.traffic.load import Answer, Load, Settings
from dev.traffic.rows import Row
from dev.traffic.tally import Attempt, Tally
from dev.traffic.visitors import visitors

LISTEN_EVERY = 0.2  # seconds
MAX_RATE = 5000.0


@dataclass
class Driver:
    """Everything of one run, wired together."""

    seed: int
    load: Load
    tally: Tally
    handover: Handover
    log: Path
    comparison: Comparison | None = None

    def booked(self, attempt: Attempt, row: Row, answer: Answer | None) -> None:
        """One request has ended."""
        if self.load.visitors:
            attempt = self.load.visitors.ended(attempt)
        self.tally.book(attempt)
        with self.log.open("a") as out:
            out.write(json.dumps(asdict(attempt)) + "\n")
        if attempt.error is None:
            self.handover.add(attempt)
        if self.comparison and answer and attempt.track == "current" and attempt.url != self.comparison.url:
            self.comparison.compare(attempt.n, row, answer)

    def report(self) -> dict[str, Any]:
        """The answer to GET /report."""
        settings = self.load.settings
        return {
            "seed": self.seed,
            "url": settings.url,
            "rate": settings.rate,
            "sent": self.load.sent,
            "inFlight": self.load.in_flight,
            "latestStartMs": self.load.latest_start_us / 1000,
            "handedOver": self.handover.handed_over,
            "handoverWaiting": len(self.handover.waiting),
            **self.tally.report(),
            "direct": self.comparison.report() if self.comparison else None,
            "visitors": self.load.visitors.report() if self.load.visitors else None,
        }


def application(driver: Driver) -> web.Application:
    """The control port."""

    async def report(_: web.Request) -> web.Response:
        return web.json_response(driver.report())

    async def log(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(driver.log) if driver.log.exists() else web.Response(text="")

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.add_routes([web.get("/report", report), web.get("/log", log), web.get("/healthz", healthy)])
    app.add_routes(_orders(driver.load))
    return app


def _orders(load: Load) -> list[web.RouteDef]:
    """What changes while it runs."""

    async def rate(request: web.Request) -> web.Response:
        wanted = (await _json(request)).get("rate")
        if not isinstance(wanted, int | float) or isinstance(wanted, bool) or not 0 <= wanted <= MAX_RATE:
            raise web.HTTPBadRequest(text=f'send {{"rate": requests per second, 0 to {MAX_RATE:g}; 0 pauses}}')
        if load.settings.rate == 0 < wanted:
            await _must_listen(load.settings.url)
        load.change(rate=float(wanted))
        return web.json_response({"rate": wanted})

    async def target(request: web.Request) -> web.Response:
        url = (await _json(request)).get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise web.HTTPBadRequest(text='send {"url": "http://..."}')
        await _must_listen(url)
        load.change(url=url)
        if load.visitors:
            load.visitors.forget()  # who was first served elsewhere is no newcomer here
        return web.json_response({"url": url})

    async def forget(_: web.Request) -> web.Response:
        if load.visitors is None:
            raise web.HTTPConflict(text="no visitors come back: start with --returning")
        load.visitors.forget()
        return web.json_response(load.visitors.report())

    return [web.post("/rate", rate), web.post("/target", target), web.post("/forget", forget)]


async def listens(url: str) -> bool:
    """Whether somebody accepts connections there. Nothing is asked, so nothing has to be counted."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _first_listener(load: Load) -> None:
    """Wait until somebody listens; not while paused, and not after the wish to stop."""
    while load.settings.rate and not load.stopped and not await listens(load.settings.url):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(LISTEN_EVERY)


async def _must_listen(url: str) -> None:
    if not await listens(url):
        raise web.HTTPConflict(text=f"nobody accepts connections at {url} yet; try again")


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="send a JSON object")
    return body


async def run(driver: Driver, port: int, direct: str | None) -> None:
    """Serve the control port and send until SIGTERM or SIGINT; then let what is under way end and hand it over.

    Begins when the URL accepts connections: a Service is programmed on a node a moment after its pods are ready, and
    what clients of a service that never was would meet is nobody's loss.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, driver.load.stop)
    if driver.comparison and direct:
        await driver.comparison.ask_all(direct, driver.load.rows, driver.load.settings.timeout)
    runner = web.AppRunner(application(driver), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    handing_over = asyncio.create_task(driver.handover.run())
    try:
        await _first_listener(driver.load)
        await driver.load.run()
        await asyncio.sleep(HAND_OVER_EVERY * 2)
    finally:
        handing_over.cancel()
        await runner.cleanup()
    print(json.dumps({**driver.report(), "perSecond": None}), flush=True)


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="driver", description="asks one URL at a steady rate; never twice")
    parser.add_argument("--url", required=True, help="where to POST the cases")
    parser.add_argument("--rows", type=Path, required=True, help="JSON lines of cases")
    parser.add_argument("--log", type=Path, required=True, help="append-only log of every request")
    parser.add_argument("--port", type=int, default=8081, help="control port")
    parser.add_argument("--rate", type=float, default=60.0, help="requests per second")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds until an unanswered request has failed")
    parser.add_argument("--lanes", type=int, default=8, help="groups of connections, used in turn")
    parser.add_argument("--users", type=int, default=0, help="size of the pool of x-user-id; 0 sends none")
    parser.add_argument("--returning", type=float, metavar="SHARE", help="of visits by users who were here before")
    parser.add_argument("--key-header", help="send an own id in this header; outcomes go by it")
    parser.add_argument("--outcomes", help="URL of the outcome sender")
    parser.add_argument("--direct", help="URL of the current process: compare live answers with its own")
    parser.add_argument("--seed", type=int, help="of the choice of cases; default: another one each run")
    parser.add_argument("--current-field", default="result", help="JSON field that only current's answers have")
    parser.add_argument("--candidate-field", default="diagnosis", help="JSON field that only candidates' answers have")
    return parser.parse_args(given)


def build(options: argparse.Namespace) -> Driver:
    """Wire one run; raises ValueError for a bad option or file of rows."""
    if options.users and options.returning is not None:
        raise ValueError("--users and --returning exclude each other")
    seed = secrets.randbits(32) if options.seed is None else options.seed
    fields = {"current": options.current_field, "candidate": options.candidate_field}
    settings = Settings(
        url=options.url,
        rate=options.rate,
        fields=fields,
        timeout=options.timeout,
        lanes=options.lanes,
        users=options.users,
        key_header=options.key_header,
    )
    cases, chance = rows.load(options.rows), random.Random(seed)
    load = Load(settings, cases, chance, lambda *_: None)
    if options.returning is not None:
        load.visitors = visitors(cases, chance, options.returning)
    comparison = Comparison() if options.direct else None
    driver = Driver(seed, load, Tally(), Handover(options.outcomes), options.log, comparison)
    load.booked = driver.booked
    return driver


def main(given: list[str]) -> int:
    """Run until told to stop."""
    options = arguments(given)
    try:
        driver = build(options)
        print(f"seed {driver.seed}: {options.rate:g} requests/s to {options.url}", flush=True)
        asyncio.run(run(driver, options.port, options.direct))
    except (ValueError, OSError) as error:
        print(f"driver: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
