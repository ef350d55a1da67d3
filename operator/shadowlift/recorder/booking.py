"""From a shipper's batch to booked units. Called by `http` through the writer: one batch, one transaction.

Idempotent by (router, seq): a replayed batch changes nothing. Of each unit of a trial only its first pair is a row;
candidate answers wait in `shadows` until the live line comes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from shadowlift.api.capture import Track
from shadowlift.api.ledger import FIRST_STEP_EPOCH, WARM_UP_EPOCH, WATCH_EPOCH, Arm, Batch, BatchReceipt, RowStatus
from shadowlift.api.ledger import Row as Line
from shadowlift.errors import Refused
from shadowlift.recorder import schema, tally
from shadowlift.recorder.fold import Increments, tell
from shadowlift.recorder.outcomes import settle_pending
from shadowlift.recorder.schema import Stage, Stretch
from shadowlift.recorder.trials import Trial, trial_of


@dataclass(frozen=True)
class Booked:
    """What became of a batch."""

    receipt: BatchReceipt
    replayed: bool


def book(connection: Connection, batch: Batch, namespace: str | None, now: int) -> Booked:
    """Store a batch of a router in `namespace`.

    Raises:
        Refused: the router is not registered for any trial of that namespace (yet): keep the batch and try again.
    """
    router = connection.execute(select(schema.routers).where(schema.routers.c.uid == batch.router)).one_or_none()
    trials = _trials(connection, router.number, namespace) if router else {}
    if router is None or not trials:
        raise Refused(
            f"router {batch.router} is not registered for a trial in namespace {namespace}: keep the batch, try again"
        )
    if batch.seq <= router.seq:
        return Booked(BatchReceipt(seq=batch.seq, accepted=0, unregistered=0), replayed=True)
    lines: dict[str, list[Line]] = defaultdict(list)
    for line in batch.rows:
        lines[line.trial].append(line)
    unregistered = 0
    for uid, of_trial in lines.items():
        if uid in trials and not trials[uid].closed:
            _Booking(connection, trials[uid], router.number, now).book(of_trial)
        else:
            unregistered += len(of_trial)
    _advance(connection, router, batch, now)
    return Booked(
        BatchReceipt(seq=batch.seq, accepted=len(batch.rows) - unregistered, unregistered=unregistered), replayed=False
    )


def _trials(connection: Connection, router: int, namespace: str | None) -> dict[str, Trial]:
    """Trials that the router may ship for: a router of one namespace must not write into another's."""
    registered = (
        select(schema.trials)
        .join(schema.trial_routers, schema.trial_routers.c.trial == schema.trials.c.number)
        .join(schema.deployments, schema.deployments.c.number == schema.trials.c.deployment)
        .where(schema.trial_routers.c.router == router, schema.deployments.c.namespace == namespace)
    )
    return {row.uid: trial_of(row) for row in connection.execute(registered)}


def _advance(connection: Connection, router: Row[Any], batch: Batch, now: int) -> None:
    """Note how far the router has come, and where it may have lost lines."""
    skipped = batch.seq - router.seq - 1
    lost = skipped > 0 or batch.lines_lost > router.lines_lost
    if router.silent:
        gap = schema.gaps
        is_open = (gap.c.router == router.number) & gap.c.end.is_(None)
        connection.execute(update(gap).where(is_open).values(end=batch.sent_at))
    if lost:
        start = 0 if router.low is None else router.low
        connection.execute(insert(schema.gaps).values(router=router.number, start=start, end=batch.sent_at))
    values = {
        "seq": batch.seq,
        "low": batch.low,
        "last_seen": now,
        "lines_lost": max(batch.lines_lost, router.lines_lost),
        "shed": max(batch.shed, router.shed),
        "batches_lost": router.batches_lost + skipped,
        # What a router that was silent has lost meanwhile, it tells only when it has sent what it kept.
        "last_loss": now if lost or router.silent else router.last_loss,
        "clock_off_us": batch.sent_at - now,
        "silent": False,
    }
    connection.execute(update(schema.routers).where(schema.routers.c.number == router.number).values(values))


class _Booking:
    """One trial's lines of one batch."""

    def __init__(self, connection: Connection, trial: Trial, router: int, now: int) -> None:
        self._connection = connection
        self._trial = trial
        self._router = router
        self._now = now
        self._added: dict[int, Increments] = defaultdict(Counter)
        self._added_of: dict[str, dict[int, Increments]] = defaultdict(lambda: defaultdict(Counter))

    def book(self, lines: Iterable[Line]) -> None:
        live: list[Line] = []
        shadow: dict[str, Line] = {}
        further: list[Line] = []
        for line in lines:
            self._note_shape(line)
            if line.track is Track.LIVE:
                live.append(line)
            elif line.candidate in (None, self._trial.first):
                shadow.setdefault(line.id, line)
            elif line.candidate in self._trial.further:
                further.append(line)
        self._keep(further)
        first = self._count(sorted(live, key=lambda line: line.t))
        candidates = self._take_waiting([line.id for line in live])
        candidates.update(
            {id_: _Answer(line.status.value, line.value, line.reason, line.us) for id_, line in shadow.items()}
        )
        booked = self._insert(first, candidates)
        settle_pending(
            self._connection, self._trial.deployment, [line.key or line.id for line in first if line.id in booked]
        )
        self._store_shadows(
            [line for line in shadow.values() if line.id not in booked and not line.unitless],
            {line.id for line in live},
        )
        tally.add(self._connection, self._trial.number, self._added)
        for of, added in self._added_of.items():
            tally.add(self._connection, self._trial.number, added, of)

    def _keep(self, lines: list[Line]) -> None:
        """Answers of further candidates wait for the closing of their units, which is when they are looked for."""
        rows = [
            {
                "trial": self._trial.number,
                "id": line.id,
                "candidate": line.candidate,
                "started": line.t,
                "status": line.status.value,
                "value": line.value,
                "reason": line.reason,
                "us": line.us,
            }
            for line in lines
        ]
        if rows:
            self._connection.execute(upsert(schema.answers).on_conflict_do_nothing(), rows)

    def _note_shape(self, line: Line) -> None:
        """What answers look like; one that another process gave in its place tells nothing of a candidate that failed."""
        if line.shape is None or line.status is RowStatus.FAILED:
            return
        candidates = line.track is Track.SHADOW or line.arm is Arm.CANDIDATE
        arm = Arm.CANDIDATE if candidates else Arm.CURRENT
        of = line.candidate if line.candidate in self._trial.further else None
        added = self._added if of is None else self._added_of[of]
        added[line.epoch]["shapes", f"{arm.value}|{line.shape}"] += 1

    def _count(self, live: list[Line]) -> list[Line]:
        """Count live lines; return those that may be the first pair of their unit."""
        first: dict[tuple[str, str, int], Line] = {}
        for line in live:
            added = self._added[line.epoch]
            added["live", None] += 1
            if line.arm is not None:
                added["requests_by_arm", line.arm.value] += 1
                added["request_failures_by_arm", line.arm.value] += line.status is RowStatus.FAILED
            kind, name = ("id", line.id) if line.unit is None else ("unit", line.unit)
            unit = (kind, name, self._stretch(line.epoch))
            if line.unitless:
                added["unitless", None] += 1
            elif not line.mirrored and line.arm is None:
                added["unmirrored", None] += 1
            elif unit in first:
                added["repeated", None] += 1
            else:
                first[unit] = line
        return list(first.values())

    def _insert(self, first: list[Line], candidates: dict[str, "_Answer"]) -> set[str]:
        """Book the units that are not booked yet; return the ids of their requests."""
        if not first:
            return set()
        rows = [self._unit(line, candidates.get(line.id)) for line in first]
        statement = upsert(schema.units).on_conflict_do_nothing().returning(schema.units.c.id)
        booked = set(self._connection.execute(statement, rows).scalars())
        opened = len(booked)
        booked |= self._put_first([line for line in first if line.id not in booked])
        for line in first:
            self._added[line.epoch]["booked" if line.id in booked else "repeated", None] += 1
            if line.id in booked:
                tell(self._added[line.epoch], line.arm or Arm.CURRENT, line.status.value, line.us)
                if line.id in candidates:
                    answer = candidates[line.id]
                    tell(self._added[line.epoch], Arm.CANDIDATE, answer.status, answer.us)
        trials = schema.trials
        self._connection.execute(
            update(trials).where(trials.c.number == self._trial.number).values(open=trials.c.open + opened)
        )
        return booked

    def _put_first(self, lines: list[Line]) -> set[str]:
        """Requests of a split that came before the one by which their unit is booked; return their ids.

        Lines come when an answer ends, so the slowest first request comes last: what was booked too soon is taken back while it is open.
        """
        known = self._open_exposures([line.unit for line in lines if line.arm is not None and line.unit is not None])
        placed: set[str] = set()
        for line in lines:
            row = known.get((line.unit, self._stretch(line.epoch)))
            if row is None or row.started <= line.t:
                continue
            self._added[row.epoch]["booked", None] -= 1
            self._added[row.epoch]["repeated", None] += 1
            tell(self._added[row.epoch], Arm(row.arm), row.live_status, row.live_us, -1)
            values = self._unit(line, None)
            is_it = schema.units.c.number == row.number
            self._connection.execute(update(schema.units).where(is_it).values(values))
            placed.add(line.id)
        return placed

    def _open_exposures(self, wanted: list[str]) -> dict[tuple[str | None, int], Row[Any]]:
        units, found = schema.units, {}
        for some in schema.chunks(wanted):
            is_one = (units.c.trial == self._trial.number) & units.c.unit.in_(some)
            still = (units.c.stage == Stage.OPEN) & units.c.arm.is_not(None)
            for row in self._connection.execute(select(units).where(is_one & still)):
                found[row.unit, row.stretch] = row
        return found

    def _unit(self, line: Line, candidate: "_Answer | None") -> dict[str, Any]:
        return {
            "trial": self._trial.number,
            "epoch": line.epoch,
            "stretch": self._stretch(line.epoch),
            "id": line.id,
            "unit": line.unit,
            "key": None if line.key == line.id else line.key,
            "router": self._router,
            "started": line.t,
            "stage": Stage.WARM if line.epoch == WARM_UP_EPOCH else Stage.OPEN,
            "arm": line.arm.value if line.arm else None,
            "live_status": line.status.value,
            "live_value": line.value,
            "live_reason": line.reason,
            "live_us": line.us,
            **_columns(candidate),
        }

    def _stretch(self, epoch: int) -> Stretch:
        if epoch == WATCH_EPOCH:
            return Stretch.WATCH
        if epoch < FIRST_STEP_EPOCH:
            return Stretch.SHADOW
        probation = self._trial.registration.probation_epoch
        return Stretch.CANARY if probation is None or epoch < probation else Stretch.PROBATION

    def _take_waiting(self, ids: list[str]) -> dict[str, "_Answer"]:
        """Candidate answers that came before their live lines, removed from the waiting room."""
        waiting = schema.shadows
        taken: dict[str, _Answer] = {}
        for some in schema.chunks(ids):
            is_one = (waiting.c.trial == self._trial.number) & waiting.c.id.in_(some)
            found = self._connection.execute(select(waiting).where(is_one)).all()
            if found:
                self._connection.execute(delete(waiting).where(is_one))
            taken.update((row.id, _Answer(row.status, row.value, row.reason, row.us)) for row in found)
        return taken

    def _store_shadows(self, lines: list[Line], live: set[str]) -> None:
        """Candidate answers whose unit was not booked by this batch: to their unit, or to the waiting room.

        Those of repeated units, and those that come after closing, are dropped: they are no one's evidence.
        """
        numbers = self._open_units([line.id for line in lines])
        told = [line for line in lines if numbers.get(line.id) is not None]
        for line in told:
            tell(self._added[line.epoch], Arm.CANDIDATE, line.status.value, line.us)
        answers = [
            {"unit_number": numbers[line.id], **_columns(_Answer(line.status.value, line.value, line.reason, line.us))}
            for line in told
        ]
        if answers:
            self._connection.execute(
                update(schema.units).where(schema.units.c.number == bindparam("unit_number")), answers
            )
        rest = [line for line in lines if line.id not in numbers and line.id not in live]
        repeated = self._booked_units([line.unit for line in rest if line.unit is not None])
        waiting = [self._waiting(line) for line in rest if line.unit not in repeated]
        if waiting:
            self._connection.execute(upsert(schema.shadows).on_conflict_do_nothing(), waiting)

    def _open_units(self, ids: list[str]) -> dict[str, int | None]:
        """Number of the unit of each request that was booked; None where its answer is known or it has closed."""
        units = schema.units
        found: dict[str, int | None] = {}
        for some in schema.chunks(ids):
            query = select(units.c.id, units.c.number, units.c.stage, units.c.candidate_status).where(
                units.c.trial == self._trial.number, units.c.id.in_(some)
            )
            for row in self._connection.execute(query):
                wanted = row.stage < Stage.CLOSED and row.candidate_status is None
                found[row.id] = row.number if wanted else None
        return found

    def _booked_units(self, wanted: list[str]) -> set[str]:
        units = schema.units
        found: set[str] = set()
        for some in schema.chunks(wanted):
            query = select(units.c.unit).where(
                units.c.trial == self._trial.number, units.c.unit.in_(some), units.c.stretch == Stretch.SHADOW
            )
            found.update(self._connection.execute(query).scalars())
        return found

    def _waiting(self, line: Line) -> dict[str, Any]:
        return {
            "trial": self._trial.number,
            "id": line.id,
            "unit": line.unit,
            "started": line.t,
            "received_at": self._now,
            "status": line.status.value,
            "value": line.value,
            "reason": line.reason,
            "us": line.us,
        }


class _Answer(NamedTuple):
    """A candidate's answer to a copy."""

    status: str
    value: str | None
    reason: str | None
    us: int | None


def _columns(answer: _Answer | None) -> dict[str, str | None]:
    status, value, reason = (None, None, None) if answer is None else answer[:3]
    return {"candidate_status": status, "candidate_value": value, "candidate_reason": reason}
