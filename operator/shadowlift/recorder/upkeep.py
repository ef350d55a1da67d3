"""Housekeeping of the ledger: silent routers, orphans, pending outcomes, retention. Called by `sweep`; small steps."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from shadowlift.recorder import schema
from shadowlift.recorder.closing import router_states
from shadowlift.recorder.outcomes import LEAST_PENDING_US
from shadowlift.recorder.schema import Stage
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.trials import Trial, trial_of
from shadowlift.recorder.watermark import barrier

STEP = 500  # rows per table and step: a purge must not hold up batches
ORPHAN_US = 600_000_000  # a live answer may take this long; until then its copy's answer waits for it


def mark_silent(connection: Connection, now: int, rules: Rules, heard_at: Callable[[str], int]) -> int:
    """Declare routers lost that were not heard for too long, and open a gap for each; return how many are silent now.

    `heard_at` tells when a router last reached this process, stored or not: our trouble is not the router's silence.
    """
    routers, links, trials = schema.routers, schema.trial_routers, schema.trials
    linked = and_(links.c.router == routers.c.number, links.c.trial == trials.c.number)
    waited_for = exists().where(linked, trials.c.closed.is_(False))
    holds_up = exists().where(
        linked, or_(trials.c.closed.is_(False), trials.c.open > 0)
    )  # also the last units of one that is over
    horizon = now - rules.silent_after_us
    quiet = and_(routers.c.silent.is_(False), func.coalesce(routers.c.last_seen, routers.c.known_since) < horizon)
    for row in connection.execute(select(routers).where(quiet, holds_up)).all():
        if max(row.known_since, heard_at(row.uid)) < horizon:
            lost = {"silent": True, "last_loss": now}
            connection.execute(update(routers).where(routers.c.number == row.number).values(lost))
            connection.execute(insert(schema.gaps).values(router=row.number, start=row.low or 0, end=None))
    return int(connection.execute(select(func.count()).where(routers.c.silent, waited_for)).scalar_one())


def expire_orphans(connection: Connection, now: int) -> None:
    """Count and drop candidate answers whose live line cannot come any more, except those of repeated units."""
    shadows, trials = schema.shadows, schema.trials
    old = shadows.c.received_at <= now - ORPHAN_US
    waiting = connection.execute(select(shadows.c.trial).where(old).distinct()).scalars().all()
    states = router_states(connection, waiting)
    for row in connection.execute(select(trials).where(trials.c.number.in_(waiting))).all():
        before = barrier(states[row.number])
        query = select(shadows.c.id, shadows.c.unit).where(
            old, shadows.c.trial == row.number, shadows.c.started < before
        )
        expired = connection.execute(query.limit(STEP)).all()
        orphans = _count_orphans(connection, trial_of(row), [shadow.unit for shadow in expired])
        ids = [shadow.id for shadow in expired]
        connection.execute(delete(shadows).where(shadows.c.trial == row.number, shadows.c.id.in_(ids)))
        connection.execute(
            update(trials).where(trials.c.number == row.number).values(orphans=trials.c.orphans + orphans)
        )


def _count_orphans(connection: Connection, trial: Trial, found: Sequence[str | None]) -> int:
    """Those that belong to no booked unit. Where copies do not carry the unit's header, nobody can tell: none is counted."""
    units = schema.units
    wanted = [unit for unit in found if unit is not None]
    query = select(units.c.unit).where(units.c.trial == trial.number, units.c.unit.in_(wanted))
    booked = set(connection.execute(query).scalars())
    cannot_tell = trial.registration.unit_header is not None
    return sum(unit not in booked for unit in found if not (cannot_tell and unit is None))


def expire_pending(connection: Connection, now: int, rules: Rules) -> bool:
    """Forget outcomes whose unit did not come; whether there is more to do."""
    outcomes, deployments, trials = schema.outcomes, schema.deployments, schema.trials
    newest = select(func.max(trials.c.number)).group_by(trials.c.deployment)
    query = select(trials).join(deployments, deployments.c.number == trials.c.deployment)
    more = False
    for row in connection.execute(query.where(trials.c.number.in_(newest), deployments.c.pending > 0)).all():
        maturity = trial_of(row).registration.maturity_us
        horizon = now - max(LEAST_PENDING_US, 2 * (maturity + rules.grace_us))
        expired = and_(outcomes.c.deployment == row.deployment, outcomes.c.pending, outcomes.c.received_at < horizon)
        some = connection.execute(select(outcomes.c.cursor).where(expired).limit(STEP)).scalars().all()
        if some:
            connection.execute(delete(outcomes).where(outcomes.c.cursor.in_(some)))
            left = deployments.c.pending - len(some)
            connection.execute(update(deployments).where(deployments.c.number == row.deployment).values(pending=left))
        more = more or len(some) == STEP
    return more


def purge(connection: Connection, now: int, rules: Rules) -> bool:
    """Delete raw rows past retention with their outcomes; whether there is more to do.

    A unit that is not its own request must stay known as booked while its trial runs, or its next request would be
    taken for a first one: such rows lose all values instead.
    """
    units, trials = schema.units, schema.trials
    horizon = now - rules.retention_us
    more = False
    for trial in connection.execute(select(trials.c.number, trials.c.deployment, trials.c.closed)).all():
        stages = (Stage.CLOSED, Stage.THINNED) if trial.closed else (Stage.CLOSED,)
        old = select(units.c.number, units.c.id, units.c.unit, units.c.key).where(
            units.c.trial == trial.number, units.c.stage.in_(stages), units.c.started < horizon
        )
        rows = connection.execute(old.limit(STEP)).all()
        if not rows:  # of most trials nothing is old, and the statements below cost more than asking
            continue
        kept = [] if trial.closed else [row.number for row in rows if row.unit is not None]
        connection.execute(delete(units).where(units.c.number.in_({row.number for row in rows}.difference(kept))))
        connection.execute(update(units).where(units.c.number.in_(kept)).values(_THIN))
        _purge_outcomes(connection, trial.deployment, [row.key or row.id for row in rows])
        more = more or len(rows) == STEP
    connection.execute(delete(schema.gaps).where(schema.gaps.c.end < horizon))
    more = _purge_answers(connection, now, rules) or more
    _purge_routers(connection, horizon)
    return more


def _purge_answers(connection: Connection, now: int, rules: Rules) -> bool:
    """Answers of further candidates whose units have closed, or were never booked; a unit that waits for its routers is still open."""
    answers, trials, units = schema.answers, schema.trials, schema.units
    old = answers.c.started < now - rules.grace_us - trials.c.maturity_us - LEAST_PENDING_US
    waits = exists().where(
        units.c.trial == answers.c.trial, units.c.id == answers.c.id, units.c.stage.in_((Stage.WARM, Stage.OPEN))
    )
    query = select(answers.c.trial, answers.c.id).join(trials, trials.c.number == answers.c.trial).where(old, ~waits)
    rows = connection.execute(query.limit(STEP)).all()
    for number in {row.trial for row in rows}:
        ids = [row.id for row in rows if row.trial == number]
        connection.execute(delete(answers).where(answers.c.trial == number, answers.c.id.in_(ids)))
    return len(rows) == STEP


def _purge_routers(connection: Connection, horizon: int) -> None:
    """Routers of no trial that runs, and not heard for so long that no row of theirs is left."""
    routers, links, trials = schema.routers, schema.trial_routers, schema.trials
    runs = and_(trials.c.number == links.c.trial, or_(trials.c.closed.is_(False), trials.c.open > 0))
    listed = exists().where(links.c.router == routers.c.number, runs)
    gone = and_(~listed, func.coalesce(routers.c.last_seen, routers.c.known_since) < horizon)
    numbers = connection.execute(select(routers.c.number).where(gone).limit(STEP)).scalars().all()
    connection.execute(delete(links).where(links.c.router.in_(numbers)))
    connection.execute(delete(schema.gaps).where(schema.gaps.c.router.in_(numbers)))
    connection.execute(delete(routers).where(routers.c.number.in_(numbers)))


_THIN = {
    "stage": Stage.THINNED,
    "key": None,
    "live_status": "",
    "live_value": None,
    "live_reason": None,
    "candidate_status": None,
    "candidate_value": None,
    "candidate_reason": None,
}


def _purge_outcomes(connection: Connection, deployment: int, keys: list[str]) -> None:
    """An outcome goes with the last unit that it names; one that is pending has its own horizon."""
    outcomes, units, trials = schema.outcomes, schema.units, schema.trials
    numbers = select(trials.c.number).where(trials.c.deployment == deployment)
    named = or_(units.c.key.in_(keys), and_(units.c.key.is_(None), units.c.id.in_(keys)))
    rows = connection.execute(
        select(units.c.id, units.c.key).where(units.c.trial.in_(numbers), units.c.stage < Stage.THINNED, named)
    )
    gone = set(keys) - {row.key or row.id for row in rows}
    is_one = and_(outcomes.c.deployment == deployment, outcomes.c.key.in_(gone), outcomes.c.pending.is_(False))
    connection.execute(delete(outcomes).where(is_one))
