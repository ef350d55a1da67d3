"""`python3 -m shadowlift recorder`: environment -> settings -> ledger -> HTTP server, until SIGTERM."""

import asyncio
import gc
import logging
import os
import signal
import sys
from types import FrameType

import uvicorn

from shadowlift.errors import InvalidInput
from shadowlift.recorder.clock import unix_microseconds
from shadowlift.recorder.database import CannotOpen, open_database
from shadowlift.recorder.http import build_app
from shadowlift.recorder.identity import CachingReviewer
from shadowlift.recorder.ledger import Ledger
from shadowlift.recorder.logs import set_up_logging
from shadowlift.recorder.metrics import Metrics
from shadowlift.recorder.settings import Settings, read_settings
from shadowlift.recorder.token_review import TokenReviewer

DRAIN_SECONDS = 10  # for requests under way when SIGTERM comes; below the pod's termination grace period
KEEP_ALIVE_SECONDS = 75  # above the clients' pauses: a connection that closes as a request comes looks like a failure

_log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Run the recorder; 0 after SIGTERM, 1 when it cannot start."""
    set_up_logging()
    if arguments:
        _log.error("the recorder takes no arguments; it is configured by its environment")
        return 2
    # uvicorn drains on SIGTERM and then raises it again, for whoever started it: here it means that all went well.
    signal.signal(signal.SIGTERM, _leave)
    try:
        settings = read_settings(os.environ)
        database = open_database(settings.database_url)
    except (InvalidInput, CannotOpen) as error:
        _log.error("the recorder cannot start: %s", error)
        return 1
    # Rows come and go by the thousand and make no cycles: the default would search all modules again for each batch.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    metrics = Metrics()
    ledger = Ledger(database, settings.rules, unix_microseconds, metrics)
    try:
        asyncio.run(_serve(ledger, settings, metrics))
    finally:
        ledger.close()
    return 0


async def _serve(ledger: Ledger, settings: Settings, metrics: Metrics) -> None:
    reviewer = TokenReviewer(settings, metrics)
    app = build_app(ledger, CachingReviewer(reviewer, ledger.clock), settings.operator_account)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        await reviewer.close()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
