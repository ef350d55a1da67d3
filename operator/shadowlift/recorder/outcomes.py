"""Accepting outcomes: all of a request or none. Called by `http`, and by `booking` for pending ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update

from shadowlift.api.ledger import Fault, OutcomeIn, OutcomesReceipt, TrialRegistration
from shadowlift.errors import NotFound
from shadowlift.recorder import schema
from shadowlift.recorder.problems import Faulty, OverQuota
from shadowlift.recorder.schema import Stage
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.values import vocabulary

LEAST_PENDING_US = 3_600_000_000  # so long an outcome waits at least for its request ...
LEAST_AT_QUOTA_US = 600_000_000  # ... and so long where others want its place


@dataclass(frozen=True)
class Deployment:
    """A ModelDeployment with at least one registered trial, and what the latest one says."""

    number: int
    pending: int
    latest: TrialRegistration


def find_deployment(connection: Connection, namespace: str, name: str) -> Deployment:
    """The ModelDeployment that outcomes are posted to.

    Raises:
        NotFound: no trial of it was ever registered.
    """
    query = (
        select(schema.deployments.c.number, schema.deployments.c.pending, schema.trials.c.registration)
        .join(schema.trials, schema.trials.c.deployment == schema.deployments.c.number)
        .where(schema.deployments.c.namespace == namespace, schema.deployments.c.name == name)
        .order_by(schema.trials.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no trial of ModelDeployment {namespace}/{name} is registered")
    return Deployment(row.number, row.pending, TrialRegistration.model_validate_json(row.registration))


def accept(
    connection: Connection, deployment: Deployment, sent: Sequence[OutcomeIn], now: int, rules: Rules
) -> OutcomesReceipt:
    """Store outcomes; of several for one key the last one before closing counts.

    Raises:
        Faulty: values that are not of the declared type; every one is named and nothing is stored.
        OverQuota: too many outcomes of unknown keys wait already.
    """
    values = _checked(sent, deployment)
    keys = list({outcome.key for outcome in sent})
    known = latest_values(connection, deployment.number, keys)
    met = _stages(connection, deployment.number, keys)
    counts = {"pending": 0, "unchanged": 0, "changed": 0, "late": 0}
    rows: list[dict[str, Any]] = []
    for outcome, value in zip(sent, values, strict=True):
        pending = outcome.key not in met
        counts["pending"] += pending
        if known.get(outcome.key) == value:
            counts["unchanged"] += 1
            continue
        if met.get(outcome.key, Stage.OPEN) >= Stage.CLOSED:
            counts["late"] += 1
        elif outcome.key in known:
            counts["changed"] += 1
        known[outcome.key] = value
        rows.append(
            {
                "deployment": deployment.number,
                "key": outcome.key,
                "value": value,
                "received_at": now,
                "pending": pending,
            }
        )
    waiting = sum(row["pending"] for row in rows)
    excess = deployment.pending + waiting - rules.pending_quota
    forgotten = _forget_pending(connection, deployment.number, excess, now) if waiting and excess > 0 else 0
    if waiting and excess > forgotten:
        raise OverQuota(
            f"{deployment.pending} outcomes of unknown keys are waiting already; the limit is {rules.pending_quota}"
        )
    if rows:
        connection.execute(insert(schema.outcomes), rows)
    more = {"accepted": len(sent), "pending": waiting - forgotten, "changed": counts["changed"], "late": counts["late"]}
    _count(connection, deployment.number, more)
    return OutcomesReceipt(accepted=len(sent), **counts)


def _forget_pending(connection: Connection, deployment: int, excess: int, now: int) -> int:
    """Make room: the oldest of those that have waited so long that their request will hardly come; how many."""
    outcomes = schema.outcomes
    horizon = now - LEAST_AT_QUOTA_US
    old = and_(outcomes.c.deployment == deployment, outcomes.c.pending, outcomes.c.received_at < horizon)
    query = select(outcomes.c.cursor).where(old).order_by(outcomes.c.cursor).limit(excess)
    found = connection.execute(query).scalars().all()
    if len(found) < excess:  # the request is refused, and nothing is forgotten for it
        return 0
    for some in schema.chunks(found):
        connection.execute(delete(outcomes).where(outcomes.c.cursor.in_(some)))
    return len(found)


def count_refused(connection: Connection, namespace: str, name: str, refused: int) -> None:
    """Count refused outcomes of a ModelDeployment; one that is unknown has no counters."""
    deployments = schema.deployments
    is_it = (deployments.c.namespace == namespace) & (deployments.c.name == name)
    connection.execute(update(deployments).where(is_it).values(refused=deployments.c.refused + refused))


def latest_values(connection: Connection, deployment: int, keys: Sequence[str]) -> dict[str, str]:
    """The last accepted value of each key that has one."""
    outcomes = schema.outcomes
    found: dict[str, str] = {}
    for some in schema.chunks(keys):
        query = select(outcomes.c.key, outcomes.c.value).where(
            outcomes.c.deployment == deployment, outcomes.c.key.in_(some)
        )
        found.update((row.key, row.value) for row in connection.execute(query.order_by(outcomes.c.cursor)))
    return found


def settle_pending(connection: Connection, deployment: int, keys: Sequence[str]) -> None:
    """Units with these keys were booked: their outcomes, if any came before them, are pending no longer."""
    outcomes, deployments = schema.outcomes, schema.deployments
    is_it = deployments.c.number == deployment
    if not keys or not connection.execute(select(deployments.c.pending).where(is_it)).scalar_one():
        return
    settled = 0
    for some in schema.chunks(keys):
        waits = and_(outcomes.c.deployment == deployment, outcomes.c.key.in_(some), outcomes.c.pending)
        settled += connection.execute(update(outcomes).where(waits).values(pending=False)).rowcount
    if settled:
        connection.execute(update(deployments).where(is_it).values(pending=deployments.c.pending - settled))


def page(connection: Connection, deployment: int, after: int, limit: int) -> list[Row[Any]]:
    """Accepted outcomes after a cursor, in the order of acceptance."""
    outcomes = schema.outcomes
    query = select(outcomes).where(outcomes.c.deployment == deployment, outcomes.c.cursor > after)
    return list(connection.execute(query.order_by(outcomes.c.cursor).limit(limit)))


def _checked(sent: Sequence[OutcomeIn], deployment: Deployment) -> list[str]:
    values: list[str] = []
    faults: list[Fault] = []
    words = vocabulary(deployment.latest)
    for index, outcome in enumerate(sent):
        try:
            values.append(words.canonical(outcome.value))
        except ValueError as error:
            faults.append(Fault(field=f"outcomes[{index}].value", message=str(error)))
    if faults:
        raise Faulty(faults)
    return values


def _stages(connection: Connection, deployment: int, keys: Sequence[str]) -> dict[str, int]:
    """For each key that a unit carries: the least advanced stage among its units, of whichever trial."""
    units, trials = schema.units, schema.trials
    numbers = connection.execute(select(trials.c.number).where(trials.c.deployment == deployment)).scalars().all()
    found: dict[str, int] = {}
    for some in schema.chunks(keys):
        named = or_(units.c.key.in_(some), and_(units.c.key.is_(None), units.c.id.in_(some)))
        query = select(units.c.id, units.c.key, units.c.stage).where(units.c.trial.in_(numbers), named)
        for row in connection.execute(query):
            key = row.key or row.id
            found[key] = min(row.stage, found.get(key, row.stage))
    return found


def _count(connection: Connection, deployment: int, more: dict[str, int]) -> None:
    deployments = schema.deployments
    values = {name: deployments.c[name] + count for name, count in more.items()}
    connection.execute(update(deployments).where(deployments.c.number == deployment).values(values))
