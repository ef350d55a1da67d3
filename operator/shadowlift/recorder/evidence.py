"""Reading counters and outcomes. Called by `http` through the reader: one read transaction, one moment."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from shadowlift.api.ledger import (
    CountersAnswer,
    EpochCounters,
    OutcomesPage,
    RouterReport,
    StoredOutcome,
    TrialCounters,
)
from shadowlift.recorder import outcomes, schema
from shadowlift.recorder.watermark import RouterState, watermark


def counters(connection: Connection, wanted: Sequence[str], now: int) -> CountersAnswer:
    """The counters of the wanted trials; those that are not registered are listed."""
    rows: dict[str, Row[Any]] = {}
    query = select(schema.trials, schema.deployments).join(
        schema.deployments, schema.deployments.c.number == schema.trials.c.deployment
    )
    for some in schema.chunks(list(dict.fromkeys(wanted))):
        rows.update((row.uid, row) for row in connection.execute(query.where(schema.trials.c.uid.in_(some))))
    numbers = [row.number for row in rows.values()]
    epochs, reports = _epochs(connection, numbers), _routers(connection, numbers)
    born = connection.execute(select(schema.ledger)).one()
    return CountersAnswer(
        ledger_id=born.ledger_id,
        schema_version=born.schema_version,
        at=now,
        trials=[_trial(connection, row, epochs[row.number], reports[row.number]) for row in rows.values()],
        unknown=[uid for uid in dict.fromkeys(wanted) if uid not in rows],
    )


def outcomes_page(connection: Connection, deployment: int, after: int, limit: int) -> OutcomesPage:
    """Accepted outcomes in the order of acceptance, at most `limit`."""
    rows = outcomes.page(connection, deployment, after, limit)
    stored = [
        StoredOutcome(cursor=row.cursor, key=row.key, value=row.value, received_at=row.received_at) for row in rows
    ]
    return OutcomesPage(outcomes=stored, next=stored[-1].cursor if len(stored) == limit else None)


def _trial(
    connection: Connection, row: Row[Any], epochs: dict[str, EpochCounters], routers: list[RouterReport]
) -> TrialCounters:
    return TrialCounters(
        uid=row.uid,
        epochs=epochs,
        watermark=watermark(RouterState(router.low, router.silent) for router in routers),
        open=row.open,
        outcomes=row.accepted - row.accepted_before,
        outcomes_pending=_pending(connection, row) if row.pending else 0,
        outcomes_late=row.late - row.late_before,
        outcomes_changed=row.changed - row.changed_before,
        outcomes_refused=row.refused - row.refused_before,
        orphans=row.orphans,
        routers=routers,
    )


def _pending(connection: Connection, row: Row[Any]) -> int:
    table = schema.outcomes
    query = select(func.count()).where(
        table.c.deployment == row.deployment, table.c.pending, table.c.received_at >= row.registered_at
    )
    return int(connection.execute(query).scalar_one())


def _epochs(connection: Connection, trials: Sequence[int]) -> dict[int, dict[str, EpochCounters]]:
    found: dict[int, dict[str, EpochCounters]] = defaultdict(dict)
    for some in schema.chunks(trials):
        query = (
            select(schema.epochs)
            .where(schema.epochs.c.trial.in_(some))
            .order_by(schema.epochs.c.epoch, schema.epochs.c.of)
        )
        for row in connection.execute(query):
            name = f"{row.epoch}/{row.of}" if row.of else str(row.epoch)
            found[row.trial][name] = EpochCounters.model_validate_json(row.counters)
    return found


def _routers(connection: Connection, trials: Sequence[int]) -> dict[int, list[RouterReport]]:
    routers, links = schema.routers, schema.trial_routers
    found: dict[int, list[RouterReport]] = defaultdict(list)
    for some in schema.chunks(trials):
        query = (
            select(links.c.trial, routers)
            .join(routers, routers.c.number == links.c.router)
            .where(links.c.trial.in_(some))
        )
        for row in connection.execute(query.order_by(routers.c.number)):
            report = RouterReport(
                uid=row.uid,
                last_seen=row.last_seen,
                low=row.low,
                lines_lost=row.lines_lost,
                shed=row.shed,
                batches_lost=row.batches_lost,
                last_loss=row.last_loss,
                silent=row.silent,
                clock_off_us=row.clock_off_us,
            )
            found[row.trial].append(report)
    return found
