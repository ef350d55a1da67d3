"""Registering trials and keeping their decision records. Called by `http` for the operator; one transaction each."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic.alias_generators import to_camel
from sqlalchemy import Connection, Row, delete, insert, select, update

from shadowlift.api.ledger import MOST_ROUTERS, DecisionCopy, TrialRegistration
from shadowlift.api.objective import Missing
from shadowlift.errors import Conflict, InvalidInput, NotFound
from shadowlift.recorder import schema
from shadowlift.recorder.fold import Policy
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.values import Vocabulary, vocabulary

_MAY_CHANGE = {"routers", "closed"}


@dataclass(frozen=True)
class Trial:
    """A registered trial as the other parts need it."""

    number: int
    uid: str
    deployment: int
    closed: bool
    registered_at: int
    registration: TrialRegistration

    @property
    def first(self) -> str | None:
        """Name of the simplest of several candidates; None where there is one."""
        return self.registration.candidates[0] if self.registration.candidates else None

    @property
    def further(self) -> list[str]:
        """Names of the other candidates, simplest first."""
        return self.registration.candidates[1:]

    @cached_property
    def words(self) -> Vocabulary:
        """What its outcomes may be."""
        return vocabulary(self.registration)

    @cached_property
    def policy(self) -> Policy:
        """How its pairs are folded."""
        words, registration = self.words, self.registration
        return Policy(registration.missing, registration.missing_value, words.loss, words.reward)


def trial_of(row: Row[Any]) -> Trial:
    """A row of `schema.trials` as a value."""
    registration = TrialRegistration.model_validate_json(row.registration)
    return Trial(row.number, row.uid, row.deployment, row.closed, row.registered_at, registration)


def register(connection: Connection, wanted: TrialRegistration, now: int, rules: Rules) -> None:
    """Register a trial, or add routers to it, or close it. Repeatable. A new one closes those before it of its ModelDeployment.

    Raises:
        InvalidInput: the recorder cannot keep this trial's evidence, or the registration contradicts itself.
        Conflict: it is registered with another value of a frozen field; the message names it.
    """
    _check(wanted, rules)
    row = connection.execute(select(schema.trials).where(schema.trials.c.uid == wanted.uid)).one_or_none()
    if row is None:
        number = _create(connection, wanted, now)
    else:
        number = row.number
        stored = TrialRegistration.model_validate_json(row.registration)
        if stored != wanted:
            _refuse_frozen(stored, wanted)
            values = {"registration": wanted.model_dump_json(by_alias=True), "closed": wanted.closed}
            connection.execute(update(schema.trials).where(schema.trials.c.number == number).values(values))
    _add_routers(connection, number, set(wanted.routers), now)


def store_record(connection: Connection, uid: str, record: DecisionCopy) -> None:
    """Keep a decision record as it is. Repeatable.

    Raises:
        NotFound: the trial is not registered.
        Conflict: a record of that name with other content is stored.
    """
    trial = connection.execute(select(schema.trials.c.number).where(schema.trials.c.uid == uid)).scalar_one_or_none()
    if trial is None:
        raise NotFound(f"trial {uid} is not registered")
    is_it = (schema.records.c.trial == trial) & (schema.records.c.name == record.name)
    stored = connection.execute(select(schema.records.c.data).where(is_it)).scalar_one_or_none()
    if stored is None:
        connection.execute(insert(schema.records).values(trial=trial, name=record.name, data=json.dumps(record.data)))
    elif json.loads(stored) != record.data:
        raise Conflict(f"record {record.name} of trial {uid} is stored with other content; records never change")


def _check(wanted: TrialRegistration, rules: Rules) -> None:
    if wanted.maturity_us > rules.retention_us:
        raise InvalidInput(
            "maturityUs",
            f"outcomes may take {wanted.maturity_us / 3.6e9:g} h, rows are kept for {rules.retention_us / 3.6e9:g} h: "
            "lower objective.outcome.maturity or raise the recorder's retention (SHADOWLIFT_RETENTION)",
        )
    if (wanted.missing is Missing.VALUE) != (wanted.missing_value is not None):
        raise InvalidInput("missingValue", "goes with missing: Value, and only with it")
    words = _vocabulary(wanted)
    if wanted.missing_value is not None and not words.holds(wanted.missing_value):
        raise InvalidInput(
            "missingValue",
            f"{wanted.missing_value!r} is no outcome of prediction.type {wanted.prediction_type} "
            f"and objective.type {wanted.objective}",
        )


def _vocabulary(wanted: TrialRegistration) -> Vocabulary:
    try:
        return vocabulary(wanted)
    except ValueError as error:
        raise InvalidInput("objective", str(error)) from error


def _refuse_frozen(stored: TrialRegistration, wanted: TrialRegistration) -> None:
    for field in TrialRegistration.model_fields.keys() - _MAY_CHANGE:
        if getattr(stored, field) != getattr(wanted, field):
            raise Conflict(
                f"{to_camel(field)} of trial {wanted.uid} is frozen at {getattr(stored, field)!r}: register a new trial"
            )


def _create(connection: Connection, wanted: TrialRegistration, now: int) -> int:
    deployment, trials = _deployment(connection, wanted.namespace, wanted.name), schema.trials
    connection.execute(update(trials).where(trials.c.deployment == deployment.number).values(closed=True))
    values = {
        "uid": wanted.uid,
        "deployment": deployment.number,
        "registration": wanted.model_dump_json(by_alias=True),
        "registered_at": now,
        "maturity_us": wanted.maturity_us,
        "closed": wanted.closed,
        "accepted_before": deployment.accepted,
        "late_before": deployment.late,
        "changed_before": deployment.changed,
        "refused_before": deployment.refused,
    }
    return int(connection.execute(insert(schema.trials).values(values).returning(schema.trials.c.number)).scalar_one())


def _deployment(connection: Connection, namespace: str, name: str) -> Row[Any]:
    is_it = (schema.deployments.c.namespace == namespace) & (schema.deployments.c.name == name)
    row = connection.execute(select(schema.deployments).where(is_it)).one_or_none()
    if row is not None:
        return row
    connection.execute(insert(schema.deployments).values(namespace=namespace, name=name))
    return connection.execute(select(schema.deployments).where(is_it)).one()


def _add_routers(connection: Connection, trial: int, wanted: set[str], now: int) -> None:
    """Routers that may ship for a trial from now on.

    One that is gone stays: its last lines may be under way, and what it lost is part of the trial. Above `MOST_ROUTERS` those go that
    are wanted no more and were not heard for longest.
    """
    routers, links = schema.routers, schema.trial_routers
    listed = select(routers.c.uid, routers.c.number, routers.c.last_seen).join(
        links, links.c.router == routers.c.number
    )
    present = {row.uid: row for row in connection.execute(listed.where(links.c.trial == trial)).all()}
    for uid in sorted(wanted - present.keys()):
        router = connection.execute(select(routers.c.number).where(routers.c.uid == uid)).scalar_one_or_none()
        if router is None:
            added = insert(routers).values(uid=uid, known_since=now).returning(routers.c.number)
            router = connection.execute(added).scalar_one()
        connection.execute(insert(links).values(trial=trial, router=router))
    others = [row for uid, row in present.items() if uid not in wanted]
    excess = max(0, len(others) + len(wanted) - MOST_ROUTERS)
    oldest = sorted(others, key=lambda row: row.last_seen or 0)[:excess]
    gone = links.c.router.in_([row.number for row in oldest])
    connection.execute(delete(links).where(links.c.trial == trial, gone))
