"""The closing loop: every half second close what is due and keep house. Started and stopped by `http`'s lifespan."""

import asyncio
import logging

from sqlalchemy import Connection

from shadowlift.errors import Unavailable
from shadowlift.recorder import upkeep
from shadowlift.recorder.closing import Step, close_due
from shadowlift.recorder.ledger import Ledger

INTERVAL = 0.5  # seconds; part of the delay between maturity and verdict
UPKEEP_EVERY = 60  # rounds between purges
CLOSE_LIMIT = 2_000  # units per trial and transaction: bounds how long a batch waits behind a step

_log = logging.getLogger(__name__)


async def sweep_forever(ledger: Ledger) -> None:
    """Sweep until cancelled. A failed round is logged and tried again: closing late is safe."""
    rounds = 0
    while True:
        try:
            await sweep(ledger, purge=rounds % UPKEEP_EVERY == 0)
        except Unavailable as error:
            _log.warning("the sweep could not commit: %s", error)
        except Exception:  # noqa: BLE001 - a loop that ends would stop all evidence unseen
            _log.exception("the sweep failed; evidence stands still until this is repaired")
        rounds += 1
        await asyncio.sleep(INTERVAL)


async def sweep(ledger: Ledger, *, purge: bool) -> None:
    """One round: what is due is closed, in as many steps as that takes, and house is kept."""
    now = ledger.clock()
    step = await ledger.write(lambda connection: _first_step(connection, now, ledger))
    ledger.metrics.units_closed.inc(step.closed)
    while step.more:
        step = await ledger.write(lambda connection: close_due(connection, now, ledger.rules, CLOSE_LIMIT))
        ledger.metrics.units_closed.inc(step.closed)
    if purge:
        ledger.forget()
    while purge:
        purge = await ledger.write(lambda connection: _purge(connection, now, ledger))


def _first_step(connection: Connection, now: int, ledger: Ledger) -> Step:
    """Silent routers first, since closing does not wait for them."""
    ledger.metrics.silent_routers.set(upkeep.mark_silent(connection, now, ledger.rules, ledger.heard_at))
    step = close_due(connection, now, ledger.rules, CLOSE_LIMIT)
    upkeep.expire_orphans(connection, now)
    return step


def _purge(connection: Connection, now: int, ledger: Ledger) -> bool:
    expired = upkeep.expire_pending(connection, now, ledger.rules)
    purged = upkeep.purge(connection, now, ledger.rules)
    return expired or purged
