"""`shadowlift shipper`: builds everything from the environment, runs it until SIGTERM, sends what is left, ends."""

import asyncio
import contextlib
import logging
import os
import random
import signal
import sys
import time

import aiohttp
from aiohttp import web

from shadowlift.errors import InvalidInput, Unavailable
from shadowlift.shipper import logs
from shadowlift.shipper.admin import Admin
from shadowlift.shipper.forward import Forwarder, Tools
from shadowlift.shipper.metrics import Metrics
from shadowlift.shipper.mounted import Mounted
from shadowlift.shipper.settings import Settings, read_settings
from shadowlift.shipper.ship import Sender
from shadowlift.shipper.spool import Spool
from shadowlift.shipper.status import Status

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
        forwarder = Forwarder(Tools(spool, mounted, admin, sender, metrics, _now, settings.pod_uid))
        server = web.AppRunner(Status(admin, mounted, metrics).application(), access_log=None)
        await server.setup()
        await web.TCPSite(server, settings.host, settings.port).start()
        _log.info("started", extra={"router": settings.pod_uid})
        await _until(stop, forwarder)
        await server.cleanup()


async def _until(stop: asyncio.Event, forwarder: Forwarder) -> None:
    """Work until told to stop; an error ends the program, and the kubelet starts it anew from what the spool says."""
    work = [asyncio.create_task(coroutine) for coroutine in (forwarder.watch(), forwarder.run())]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([*work, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in (*work, stopped):
        task.cancel()
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    with contextlib.suppress(TimeoutError, Unavailable, OSError):
        await asyncio.wait_for(forwarder.finish(), FINISH_SECONDS)


def _now() -> int:
    return time.time_ns() // 1000
