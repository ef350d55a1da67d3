"""The ledger's tables: written by `trials`, `booking`, `outcomes`, `closing` and `upkeep`, read by `evidence`.

Numbers stand for trials, deployments and routers in the wide tables: names of 64 characters in every row and index
would be most of the file. Times are unix microseconds.
"""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TypeVar

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, false

SCHEMA_VERSION = 3
metadata = MetaData()
# SQLite numbers rows by itself only where the type says INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")


_CHUNK = 1_000
Item = TypeVar("Item")


def chunks(values: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Values in pieces for one `IN (...)` each: a database bounds the parameters of a statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


class Stage(IntEnum):
    """How far a booked unit has come. The index `units_due` finds the next ones."""

    WARM = 0  # of the warm-up epoch: its agreement is folded as soon as both tracks are there
    OPEN = 1  # waits for maturity
    CLOSED = 2  # folded; nothing about it changes any more
    THINNED = 3  # past retention, in a trial that still runs: only the fact that this unit was booked is kept


ledger = Table(
    "ledger", metadata, Column("ledger_id", Text, primary_key=True), Column("schema_version", Integer, nullable=False)
)

deployments = Table(
    "deployments",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("accepted", BigInteger, nullable=False, default=0),  # outcomes, ever; as the next four
    Column("late", BigInteger, nullable=False, default=0),
    Column("changed", BigInteger, nullable=False, default=0),
    Column("refused", BigInteger, nullable=False, default=0),
    Column("pending", BigInteger, nullable=False, default=0),  # rows of `outcomes` that are pending now
    Index("deployments_by_name", "namespace", "name", unique=True),
)

trials = Table(
    "trials",
    metadata,
    Column("number", _Number, primary_key=True),  # in the order of registration
    Column("uid", Text, nullable=False, unique=True),
    Column("deployment", BigInteger, nullable=False, index=True),
    Column("registration", Text, nullable=False),  # as JSON
    Column("registered_at", BigInteger, nullable=False),
    Column("maturity_us", BigInteger, nullable=False),  # as in the registration: closing asks for it all the time
    Column("closed", Boolean, nullable=False),
    Column("open", BigInteger, nullable=False, default=0),  # booked units that are not closed
    Column("orphans", BigInteger, nullable=False, default=0),
    Column("accepted_before", BigInteger, nullable=False),  # the deployment's counts when the trial began
    Column("late_before", BigInteger, nullable=False),
    Column("changed_before", BigInteger, nullable=False),
    Column("refused_before", BigInteger, nullable=False),
)

routers = Table(
    "routers",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("uid", Text, nullable=False, unique=True),
    Column("known_since", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, default=0),
    Column("low", BigInteger),
    Column("last_seen", BigInteger),
    Column("lines_lost", BigInteger, nullable=False, default=0),
    Column("shed", BigInteger, nullable=False, default=0),
    Column("batches_lost", BigInteger, nullable=False, default=0),
    Column("last_loss", BigInteger),
    Column("clock_off_us", BigInteger, nullable=False, default=0),
    Column("silent", Boolean, nullable=False, default=False, server_default=false()),
)

trial_routers = Table(
    "trial_routers",
    metadata,
    Column("trial", BigInteger, primary_key=True),
    Column("router", BigInteger, primary_key=True, index=True),
)

gaps = Table(  # stretches of time in which a router may have lost lines
    "gaps",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("router", BigInteger, nullable=False, index=True),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger),  # None: the router is silent, nobody knows yet
)


class Stretch(IntEnum):
    """Parts of a trial in each of which a unit is counted once: they measure different things."""

    WATCH = 0  # current alone
    SHADOW = 1
    CANARY = 2
    PROBATION = 3


units = Table(  # one row per unit and stretch of a trial: its first pair, or its first exposure
    "units",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("trial", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("stretch", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("unit", Text),  # None: the request is the unit
    Column("key", Text),  # None: the id
    Column("router", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("arm", Text),  # of a split: to whom the request was given; None: it was copied
    Column("live_status", Text, nullable=False),  # of the answer that the client got; of a split, of the arm's own
    Column("live_value", Text),
    Column("live_reason", Text),
    Column("live_us", BigInteger),  # how long it took
    Column("candidate_status", Text),  # of a copy; None: no answer line yet
    Column("candidate_value", Text),
    Column("candidate_reason", Text),
)
Index("units_by_id", units.c.trial, units.c.id, unique=True)
Index("units_due", units.c.trial, units.c.stage, units.c.started)
_has_unit, _has_key = units.c.unit.is_not(None), units.c.key.is_not(None)
Index(
    "units_by_unit",
    units.c.trial,
    units.c.unit,
    units.c.stretch,
    unique=True,
    sqlite_where=_has_unit,
    postgresql_where=_has_unit,
)
Index("units_by_key", units.c.trial, units.c.key, sqlite_where=_has_key, postgresql_where=_has_key)

shadows = Table(  # the waiting room: candidate answers whose live line has not come yet
    "shadows",
    metadata,
    Column("trial", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("unit", Text),
    Column("started", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("value", Text),
    Column("reason", Text),
    Column("us", BigInteger),
)

answers = Table(  # of the further candidates of a trial of several, whether or not their live line has come
    "answers",
    metadata,
    Column("trial", BigInteger, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("candidate", Text, primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("value", Text),
    Column("reason", Text),
    Column("us", BigInteger),
    Index("answers_by_age", "trial", "started"),
)

epochs = Table(  # never recomputed from rows: those expire
    "epochs",
    metadata,
    Column("trial", BigInteger, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("of", Text, primary_key=True, default=""),  # a further candidate, or "later>simpler"
    Column("counters", Text, nullable=False),  # EpochCounters as JSON
)

outcomes = Table(  # append-only until retention: of several rows of one key the last one counts
    "outcomes",
    metadata,
    Column("cursor", _Number, primary_key=True),
    Column("deployment", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("pending", Boolean, nullable=False),  # no unit of that key yet
    sqlite_autoincrement=True,  # a cursor is never used twice, or an audit would miss rows
)
Index("outcomes_by_key", outcomes.c.deployment, outcomes.c.key)
Index(
    "outcomes_pending",
    outcomes.c.deployment,
    outcomes.c.received_at,
    sqlite_where=outcomes.c.pending,
    postgresql_where=outcomes.c.pending,
)

records = Table(
    "records",
    metadata,
    Column("trial", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("data", Text, nullable=False),  # as posted
)
