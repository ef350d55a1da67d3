"""The hospital system that later knows: `python3 -m dev.traffic.outcomes` takes answered cases, waits, sends the truth.

A pod of `stand` under the ServiceAccount `outcome-sender`. Each case becomes known after a delay of its own. Control
port: POST /answered (from `driver`), GET /report, and as JSON lines GET /accepted (what the recorder promised to keep)
and GET /ledger (what it holds: only a sender may ask it, and the API server's proxy passes on no bearer token).
"""

import argparse
import asyncio
import heapq
import json
import random
import secrets
import signal
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from dev.traffic.delivery import Delivery, Outcome
from dev.traffic.rows import Scalar

TICK = 0.25  # seconds between looks at what has become known
LARGEST_BATCH = 1000  # the recorder's limit


@dataclass(frozen=True)
class Knowledge:
    """What the hospital learns, and when."""

    shortest: float  # seconds until a case is known
    longest: float
    fraction: float  # of the cases whose truth is ever known
    only_when: frozenset[str]  # served answers whose cases are followed up; empty: all
    codes: dict[str, str]  # truth in the data -> outcome in the hospital's words
    truth_field: str | None  # which value is sent of a truth that has several by name; None: a truth is one value
    wrong_type: bool  # send a number where text is declared, else text: for tests of the recorder's refusal
    unsent: float | None = None  # the outcome that means that nothing happened: of that nobody hears

    def learns(self, case: dict[str, Any], chance: random.Random) -> bool:
        """Whether the truth about this case will ever be known."""
        followed_up = not self.only_when or case.get("value") in self.only_when
        return followed_up and case["truth"] is not None and chance.random() < self.fraction

    def outcome(self, case: dict[str, Any]) -> Outcome:
        """What is sent for it, where it is known: text in the hospital's words, numbers and booleans as they are.

        Raises:
            ValueError: the case's truth has no such value, or several and none was chosen.
        """
        truth = case["truth"]
        if isinstance(truth, dict) != (self.truth_field is not None):
            raise ValueError(f"--truth-field {self.truth_field} does not fit a truth like {truth}")
        if self.truth_field is not None:
            if self.truth_field not in truth:
                raise ValueError(f"--truth-field {self.truth_field}: there are {', '.join(truth)}")
            truth = truth[self.truth_field]
        value = self.codes.get(truth, truth) if isinstance(truth, str) else truth
        return {"key": case["key"], "value": _mistyped(value) if self.wrong_type else value}


@dataclass
class Sender:
    """Cases that wait for their truth, and the way to the recorder."""

    knowledge: Knowledge
    delivery: Delivery
    chance: random.Random
    taken: int = 0
    never_known: int = 0
    unsent: int = 0
    sending: int = 0
    _waiting: list[tuple[float, int, Outcome]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def take(self, cases: list[dict[str, Any]], now: float) -> None:
        """Answered cases from the driver; `now` in seconds of any clock that `due` uses too.

        Raises:
            ValueError: as `Knowledge.outcome`; none of the cases is taken then.
        """
        learnt = [self.knowledge.outcome(case) if self.knowledge.learns(case, self.chance) else None for case in cases]
        self.taken += len(cases)
        for outcome in learnt:
            if outcome is None:
                self.never_known += 1
                continue
            if outcome["value"] == self.knowledge.unsent:
                self.unsent += 1
                continue
            known_at = now + self.chance.uniform(self.knowledge.shortest, self.knowledge.longest)
            heapq.heappush(self._waiting, (known_at, next(self._order), outcome))

    def due(self, now: float) -> list[Outcome]:
        """What has become known by now, taken out; at most one batch."""
        known: list[Outcome] = []
        while self._waiting and self._waiting[0][0] <= now and len(known) < LARGEST_BATCH:
            known.append(heapq.heappop(self._waiting)[2])
        return known

    async def run(self) -> None:
        """Send what becomes known until cancelled; one batch after the other, so that a later value never overtakes."""
        loop = asyncio.get_running_loop()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                batch = self.due(loop.time())
                if not batch:
                    await asyncio.sleep(TICK)
                    continue
                self.sending = len(batch)
                await self.delivery.deliver(session, batch)
                self.sending = 0

    def report(self) -> dict[str, Any]:
        """The answer to GET /report: taken = neverKnown + unsent + waiting + sending + accepted + refused."""
        own = {"taken": self.taken, "neverKnown": self.never_known, "unsent": self.unsent}
        return {**own, "sending": self.sending, "waiting": len(self._waiting), **self.delivery.report()}


def application(sender: Sender) -> web.Application:
    """The control port."""

    async def answered(request: web.Request) -> web.Response:
        cases = json.loads(await request.text())
        try:
            sender.take(cases, asyncio.get_running_loop().time())
        except ValueError as error:
            print(f"outcomes: {error}", file=sys.stderr, flush=True)  # the driver will ask again and again
            raise web.HTTPUnprocessableEntity(text=str(error)) from error
        return web.json_response({"taken": len(cases)}, status=202)

    async def report(_: web.Request) -> web.Response:
        return web.json_response(sender.report())

    async def accepted(_: web.Request) -> web.StreamResponse:
        file = sender.delivery.accepted_file
        return web.FileResponse(file) if file.exists() else web.Response(text="")

    async def ledger(_: web.Request) -> web.Response:
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
                rows = await sender.delivery.ledger(session)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise web.HTTPBadGateway(text=f"the recorder: {error}") from error
        return web.Response(text="".join(json.dumps(row) + "\n" for row in rows))

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application(client_max_size=16 << 20)
    app.add_routes([web.post("/answered", answered), web.get("/report", report)])
    app.add_routes([web.get("/accepted", accepted), web.get("/ledger", ledger), web.get("/healthz", healthy)])
    return app


async def run(sender: Sender, port: int) -> None:
    """Serve and send until SIGTERM or SIGINT, or until sending breaks."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(application(sender), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    sending, stopping = asyncio.create_task(sender.run()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, stopping):
            task.cancel()
        await runner.cleanup()
    if sending.done() and not sending.cancelled():
        sending.result()  # a sender that dies silently would look like outcomes that never came
    print(json.dumps(sender.report()), flush=True)


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="outcomes", description="sends what turned out to be true, later")
    parser.add_argument("--recorder", required=True, help="the recorder's URL")
    parser.add_argument("--namespace", required=True, help="of the ModelDeployment")
    parser.add_argument("--name", required=True, help="of the ModelDeployment")
    parser.add_argument("--token-file", type=Path, help="projected ServiceAccount token; none: sends without a token")
    parser.add_argument("--accepted", type=Path, required=True, help="append-only file of what was accepted")
    parser.add_argument("--port", type=int, default=8082, help="control port")
    parser.add_argument("--delay", type=float, nargs=2, default=(1.0, 3.0), metavar="SECONDS", help="from, to")
    parser.add_argument("--fraction", type=float, default=1.0, help="of the cases whose truth is ever known")
    parser.add_argument("--only-when", action="append", default=[], help="served answer to follow up; repeatable")
    parser.add_argument("--code", action="append", default=[], metavar="TRUTH=OUTCOME", help="the hospital's words")
    parser.add_argument("--truth-field", metavar="NAME", help="which value to send of truths that have several by name")
    parser.add_argument("--unsent", type=float, metavar="NUMBER", help="never send this outcome: nothing happened")
    parser.add_argument("--wrong-type", action="store_true", help="send numbers for text, text for all else")
    parser.add_argument("--seed", type=int, help="default: another one each run")
    return parser.parse_args(given)


def build(options: argparse.Namespace) -> Sender:
    """Wire one run; raises ValueError for a bad option."""
    shortest, longest = options.delay
    if not 0 <= shortest <= longest:
        raise ValueError("--delay: needs two lengths in seconds, the shorter first")
    if not 0 <= options.fraction <= 1:
        raise ValueError("--fraction: must be from 0 to 1")
    knowledge = Knowledge(
        shortest=shortest,
        longest=longest,
        fraction=options.fraction,
        only_when=frozenset(options.only_when),
        codes=dict(_pair(text) for text in options.code),
        truth_field=options.truth_field,
        wrong_type=options.wrong_type,
        unsent=options.unsent,
    )
    path = f"/v1/namespaces/{options.namespace}/modeldeployments/{options.name}/outcomes"
    delivery = Delivery(options.recorder.rstrip("/") + path, options.token_file, options.accepted)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    return Sender(knowledge, delivery, random.Random(seed))


def _mistyped(value: Scalar) -> Scalar:
    return len(value) if isinstance(value, str) else str(value)


def _pair(text: str) -> tuple[str, str]:
    truth, sign, outcome = text.partition("=")
    if not sign:
        raise ValueError(f"--code {text}: needs TRUTH=OUTCOME, e.g. malignant=M")
    return truth, outcome


def main(given: list[str]) -> int:
    """Run until told to stop."""
    options = arguments(given)
    try:
        asyncio.run(run(build(options), options.port))
    except (ValueError, OSError) as error:
        print(f"outcomes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
