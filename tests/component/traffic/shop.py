"""A shop on loopback: the traffic's real driver and outcome sender between a router and a recorder. Used by `test_shop`."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from dev.traffic import driver, outcomes, stand
from tests.component.traffic.conftest import until

OFFERS = stand.ROWS.parents[1] / "offers" / "traffic.jsonl"
FORMS = ("--current-field", "show", "--candidate-field", "offer")
DISTINCT = {json.dumps(case["features"]): case["truth"] for case in map(json.loads, OFFERS.read_text().splitlines())}
"""One visitor for each request body, so that a body tells what its sender spends on each offer."""


@dataclass(frozen=True)
class Asked:
    """One request as the router saw it."""

    id: str
    user: str
    body: str
    by_candidate: bool

    @property
    def spends(self) -> float:
        """What its sender spends on the offer in the answer."""
        return float(DISTINCT[json.dumps(json.loads(self.body))]["points" if self.by_candidate else "discount"])


@dataclass
class Router:
    """Splits by the user, as the real one does: whoever is in at one weight is in at any larger one."""

    weight: float = 0.5
    broken: Callable[[int], bool] = lambda _: False
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body, user, n = await request.text(), request.headers["x-user-id"], len(self.asked)
        point = int(hashlib.sha256(user.encode()).hexdigest()[:8], 16) / 2**32
        self.asked.append(Asked(f"r-{n}", user, body, by_candidate=point < self.weight))
        if self.broken(n):
            return web.Response(status=503)
        told = {"offer": "points"} if self.asked[n].by_candidate else {"show": "discount", "rule": "welcome"}
        return web.json_response(told, headers={"x-shadowlift-id": f"r-{n}"})


@dataclass
class Recorder:
    """Takes outcomes, as the real one: 202 with a receipt."""

    taken: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        batch = (await request.json())["outcomes"]
        self.taken += batch
        return web.json_response({"accepted": len(batch)}, status=202)


@dataclass
class Shop:
    """Everything of one run."""

    router: Router
    recorder: Recorder
    driver: driver.Driver
    sender: outcomes.Sender
    control: TestClient

    async def visits(self, n: int) -> None:
        """Until so many have ended."""
        tally = self.driver.tally
        await until(lambda: tally.answered + tally.failed >= n, 20)

    async def settle(self) -> None:
        """Send no more; every outcome is known and taken."""
        self.driver.load.stop()
        await until(lambda: not self.driver.load.in_flight and not self.driver.handover.waiting)
        await until(lambda: not self.sender.report()["waiting"] + self.sender.report()["sending"])

    def first_requests(self) -> dict[str, Asked]:
        """By user."""
        found: dict[str, Asked] = {}
        for each in self.router.asked:
            found.setdefault(each.user, each)
        return found


@asynccontextmanager
async def open_shop(folder: Path, *options: str, **router: Any) -> AsyncIterator[Shop]:
    """400 visits a second, a fifth of them by earlier visitors, unless the driver's options say otherwise."""
    made, recorder = Router(**router), Recorder()
    front, back = web.Application(), web.Application()
    front.router.add_post("/offer", made.answer)
    back.router.add_post("/v1/namespaces/shop/modeldeployments/offers/outcomes", recorder.take)
    async with TestServer(front) as front_server, TestServer(back) as back_server:
        sender = outcomes.build(outcomes.arguments(sender_options(str(back_server.make_url("/")), folder)))
        async with TestServer(outcomes.application(sender)) as sender_server:
            urls = ["--url", str(front_server.make_url("/offer")), "--outcomes", str(sender_server.make_url(""))]
            clients = driver.build(driver.arguments([*driver_options(folder), *urls, *options]))
            async with TestClient(TestServer(driver.application(clients))) as control:
                with_sender = [asyncio.create_task(each) for each in (clients.handover.run(), sender.run())]
                load = asyncio.create_task(clients.load.run())
                yield Shop(made, recorder, clients, sender, control)
                clients.load.stop()
                await load
                for task in with_sender:
                    task.cancel()
                await asyncio.gather(*with_sender, return_exceptions=True)


def driver_options(folder: Path) -> list[str]:
    """For the visitors of `DISTINCT`."""
    cases = (f'{{"features": {body}, "truth": {json.dumps(truth)}}}\n' for body, truth in DISTINCT.items())
    rows = folder / "rows.jsonl"
    rows.write_text("".join(cases))
    files = ["--rows", str(rows), "--log", str(folder / "log.jsonl")]
    return [*files, *FORMS, "--returning", "0.2", "--rate", "400", "--seed", "5"]


def sender_options(recorder: str, folder: Path) -> list[str]:
    """Purchases only, after a moment."""
    where = ["--recorder", recorder, "--namespace", "shop", "--name", "offers"]
    return [*where, "--accepted", str(folder / "accepted"), "--delay", "0.05", "0.3", "--unsent", "0"]
