"""Adding to a trial's stored counters. Called by `booking` and `sweep` inside their transactions."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select, update

from shadowlift.api.ledger import EpochCounters
from shadowlift.recorder import schema
from shadowlift.recorder.fold import Increments, merged


def add(connection: Connection, trial: int, increments: Mapping[int, Increments], of: str = "") -> None:
    """Add increments, given per epoch, to the counters of a trial (by its number), or of one of its further candidates."""
    for epoch, added in increments.items():
        if not added:
            continue
        table = schema.epochs.c
        is_it = (table.trial == trial) & (table.epoch == epoch) & (table.of == of)
        stored = connection.execute(select(schema.epochs.c.counters).where(is_it)).scalar_one_or_none()
        before = EpochCounters() if stored is None else EpochCounters.model_validate_json(stored)
        text = merged(before, added).model_dump_json(exclude_defaults=True)
        if stored is None:
            connection.execute(insert(schema.epochs).values(trial=trial, epoch=epoch, of=of, counters=text))
        else:
            connection.execute(update(schema.epochs).where(is_it).values(counters=text))
