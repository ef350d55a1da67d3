"""`shadowlift shipper`: builds everything from the environment, runs it until SIGTERM, sends what is left, ends."""

import asyncio
import logging
import os
import random
import signal
import sys
import time

import aiohttp
from aiohttp import web

from shadowlift.errors import InvalidInput
from shadowlift.shipper import logs
from shadowlift.shipper.admin import Admin
from shadowlift.shipper.forward import Forwarder, Tools
from shadowlift.shipper.metrics import Metrics
from shadowlift.shipper.mounted import Mounted
from shadowlift.shipper.settings import Settings, read_settings
from shadowlift.shipper.ship import Sender
from shadowlift.shipper.spool import Spool
from shadowlift.shipper.status import Status

AGAIN_SECONDS = 5.0  # after an error
FINISH_SECONDS = 10.0  # for the last lines; the pod's grace period must have room for it after Envoy has ended
_log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Run the shipper; it takes no arguments."""
    logs.configure()
    if arguments:
        sys.stderr.write("usage: shadowlift shipper (no arguments; see SHADOWLIFT_* in the environment)\n")
        return 2
    try:
        asyncio.run(_serve(read_settings(os.environ)))
    except InvalidInput as error:
        _log.error("cannot start", extra={"error": str(error)})
        return 2
    return 0


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    metrics, spool = Metrics(), Spool(settings.spool_dir)
    mounted = Mounted(settings.config_dir, spool)
    async with Admin(settings.admin_socket) as admin, aiohttp.ClientSession() as session:
        sender = Sender(session, settings.token_file, random.SystemRandom().random, metrics)
        tools = Tools(spool, mounted, admin, sender, metrics, _now, settings.pod_uid)
        server = web.AppRunner(Status(admin, mounted, metrics).application(), access_log=None)
        await server.setup()
        await web.TCPSite(server, settings.host, settings.port).start()
        _log.info("started", extra={"router": settings.pod_uid})
        await work_until(stop, tools)
        await server.cleanup()


async def work_until(stop: asyncio.Event, tools: Tools) -> None:
    """Work until told to stop, then send what is left.

    An error begins the work anew from what the spool says, in this process: a pod whose shipper has ended is not ready, and live traffic
    must not pay for evidence.
    """
    stopped, forwarder = asyncio.create_task(stop.wait()), Forwarder(tools)
    while not stop.is_set():
        work = [asyncio.create_task(coroutine) for coroutine in (forwarder.watch(), forwarder.run())]
        await asyncio.wait([*work, stopped], return_when=asyncio.FIRST_COMPLETED)
        for task in work:
            task.cancel()
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, Exception):
                _log.error("begins anew", extra={"error": logs.where(result)})
                tools.metrics.failures.inc()
                await asyncio.wait([stopped], timeout=AGAIN_SECONDS)
                forwarder = Forwarder(tools)
    try:
        await asyncio.wait_for(forwarder.finish(), FINISH_SECONDS)
    except Exception as error:  # noqa: BLE001 - the pod ends; what is left is lost, and the recorder counts it
        _log.warning("the last lines could not be sent", extra={"error": logs.where(error)})


def _now() -> int:
    return time.time_ns() // 1000
