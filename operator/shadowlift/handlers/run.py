"""`shadowlift operator`: watch always, act only while the lease is ours, leave when it is lost."""

import asyncio
import logging
import os
import signal
import sys
from types import SimpleNamespace

import aiohttp
import kopf

from shadowlift.adapters.kubernetes import connect
from shadowlift.errors import InvalidInput, ShadowliftError, Unavailable
from shadowlift.handlers import probes, watch
from shadowlift.settings import Settings, read_settings
from shadowlift.telemetry import logs
from shadowlift.wiring import App, build

log = logging.getLogger(__name__)


def main(_: list[str]) -> int:
    """Run until SIGTERM or until the lease is lost; the kubelet starts the pod's container again."""
    try:
        settings = read_settings(os.environ)
    except InvalidInput as error:
        print(f"shadowlift operator: {error}", file=sys.stderr)  # noqa: T201 - logs are not configured yet
        return 2
    logs.configure(settings.log_level)
    try:
        return asyncio.run(operate(settings))
    except Unavailable as error:
        log.error("%s", error)  # noqa: TRY400 - the message says all
        return 1


async def operate(settings: Settings) -> int:
    """The operator's life. Returns the exit code: 0 after SIGTERM, 1 when the lease was lost or a part ended."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = await connect()
    async with aiohttp.ClientSession() as session:
        app = build(settings, client, session)
        leading = asyncio.Event()
        runner = await probes.serve(app, leading)
        parts = [
            asyncio.create_task(_watch(app)),
            asyncio.create_task(_lead(app, leading)),
            asyncio.create_task(stop.wait()),
        ]
        done, rest = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        if leading.is_set():
            await app.lease.release()
        await runner.cleanup()
        await client.close()
        clean = stop.is_set()
        for task in done:
            if not task.cancelled() and task.exception() is not None:
                log.error("the operator ends: %s", task.exception())
        return 0 if clean else 1


async def _watch(app: App) -> None:
    registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
    watch.register(registry, settings)
    await kopf.operator(
        registry=registry,
        settings=settings,
        memo=SimpleNamespace(app=app),
        standalone=True,
        clusterwide=not app.settings.namespaces,
        namespaces=app.settings.namespaces,
    )


async def _lead(app: App, leading: asyncio.Event) -> None:
    """Wait for the lease, then act for as long as it is ours."""
    await app.lease.acquire()
    log.info("leading", extra={"identity": app.settings.pod_name})
    leading.set()
    app.metrics.leader.set(1)
    app.loops.beat = asyncio.get_running_loop().time()
    parts = [asyncio.create_task(app.lease.hold()), asyncio.create_task(_act(app))]
    try:
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        if parts[0] in done:
            log.error("the lease is lost")
        for part in done:
            part.result()  # an error ends the operator
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        app.metrics.leader.set(0)


async def _act(app: App) -> None:
    """Fill the store by one list of each kind, then work on it; a later list finds what a watch has missed."""
    await watch.resync(app)
    async with asyncio.TaskGroup() as group:
        group.create_task(app.loops.evaluate(app.settings.evaluate_s))
        for _ in range(app.settings.workers):
            group.create_task(app.loops.work())
        while True:
            await asyncio.sleep(watch.RESYNC_SECONDS)
            try:
                await watch.resync(app)
            except ShadowliftError as error:
                log.warning("cannot list: %s", error)
