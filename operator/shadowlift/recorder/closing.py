"""Closing units whose time has come: where pairs meet outcomes. Called by `sweep`; one transaction per step.

A unit closes when its start + maturity + grace is past and every router that is waited for has sent all lines up to its
start. Marking it closed and adding to the counters is one transaction, so a crash at any moment counts it exactly once.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, ScalarSelect, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from shadowlift.api.ledger import WARM_UP_EPOCH, Arm, RowStatus
from shadowlift.recorder import rivals, schema, tally
from shadowlift.recorder.fold import Increments, Pair, Side, admitted, agreement, resolution
from shadowlift.recorder.fold_split import Given, result
from shadowlift.recorder.outcomes import latest_values
from shadowlift.recorder.schema import Stage
from shadowlift.recorder.settings import Rules
from shadowlift.recorder.trials import Trial, trial_of
from shadowlift.recorder.watermark import Gap, RouterState, barrier, may_have_lost
from shadowlift.stats.losses import Loss
from shadowlift.stats.scales import dither

_log = logging.getLogger(__name__)

Unit = Row[Any]  # of schema.units, with its outcome_key
MayBeLost = Callable[[Unit], bool]  # whether the unit's router may have lost a line of it


@dataclass(frozen=True)
class Step:
    """What one step did; `more` asks for another one at once."""

    closed: int
    more: bool


def close_due(connection: Connection, now: int, rules: Rules, limit: int) -> Step:
    """Fold up to `limit` units per trial and stage whose time has come; one trial's trouble is not the others'."""
    closed, more = 0, False
    for row, before in _ripe(connection, now, rules):
        due_before = (min(before, now - rules.grace_us), min(before, now - rules.grace_us - row.maturity_us))
        try:
            with connection.begin_nested():
                step = _close_trial(connection, trial_of(row), due_before, limit)
        except SQLAlchemyError:
            raise  # the transaction itself is in doubt
        except Exception:  # noqa: BLE001 - whatever it is, other namespaces must not wait for it
            _log.exception("a trial could not be folded; it is tried again", extra={"trial": row.uid})
            continue
        closed, more = closed + step.closed, more or step.more
    return Step(closed, more)


def _close_trial(connection: Connection, trial: Trial, before: tuple[int, int], limit: int) -> Step:
    """One trial's units that started before: of the warm-up, and mature."""
    warm = _due(connection, trial, Stage.WARM, before[0], limit)
    if warm:
        _agree(connection, trial, warm)
    due = _due(connection, trial, Stage.OPEN, before[1], limit)
    if due:
        _close(connection, trial, due)
    return Step(len(due), limit in (len(warm), len(due)))


def router_states(connection: Connection, trials: Sequence[int]) -> dict[int, list[RouterState]]:
    """What is known of the routers that are registered for each trial (by its number)."""
    routers, links = schema.routers, schema.trial_routers
    found: dict[int, list[RouterState]] = {trial: [] for trial in trials}
    for some in schema.chunks(trials):
        query = select(links.c.trial, routers.c.low, routers.c.silent).join(routers, routers.c.number == links.c.router)
        for row in connection.execute(query.where(links.c.trial.in_(some))):
            found[row.trial].append(RouterState(row.low, row.silent))
    return found


def _ripe(connection: Connection, now: int, rules: Rules) -> Iterator[tuple[Row[Any], int]]:
    """Trials that may have something to fold, with the start up to which their routers let units close.

    One statement for all trials: with a thousand of them, asking each would keep the writer busy with nothing.
    """
    trials = schema.trials
    oldest = (_oldest(Stage.WARM).label("oldest_warm"), _oldest(Stage.OPEN).label("oldest_open"))
    rows = connection.execute(select(trials, *oldest).where(trials.c.open > 0)).all()
    states = router_states(connection, [row.number for row in rows])
    for row in rows:
        before = barrier(states[row.number])
        warm = row.oldest_warm is not None and row.oldest_warm < min(before, now - rules.grace_us)
        due = row.oldest_open is not None and row.oldest_open < min(before, now - rules.grace_us - row.maturity_us)
        if warm or due:
            yield row, before


def _oldest(stage: Stage) -> ScalarSelect[int]:
    units = schema.units
    query = select(func.min(units.c.started)).where(units.c.trial == schema.trials.c.number, units.c.stage == stage)
    return query.correlate(schema.trials).scalar_subquery()


def _due(connection: Connection, trial: Trial, stage: Stage, before: int, limit: int) -> Sequence[Unit]:
    """Units of a stage that started before a time, oldest first."""
    columns = schema.units.c
    outcome_key = func.coalesce(columns.key, columns.id).label("outcome_key")
    query = select(schema.units, outcome_key).where(
        columns.trial == trial.number, columns.stage == stage, columns.started < before
    )
    return connection.execute(query.order_by(columns.started).limit(limit)).all()


def _agree(connection: Connection, trial: Trial, units: Sequence[Unit]) -> None:
    """First half, for the warm-up epoch: it must show early whether the two answers can be compared at all."""
    added: dict[int, Increments] = defaultdict(Counter)
    policy = trial.policy
    for case, count in _cases(connection, trial, units, {}).items():
        _add(added[case.epoch], agreement(case.pair(policy.loss), policy.loss), count)
    _advance(connection, units, Stage.OPEN)
    tally.add(connection, trial.number, added)
    if trial.further:
        _fold_rivals(connection, trial, units, None)


def _close(connection: Connection, trial: Trial, units: Sequence[Unit]) -> None:
    told = latest_values(connection, trial.deployment, [unit.outcome_key for unit in units])
    # Outcomes are a ModelDeployment's, and were checked against the trial that was the latest then: what this one cannot read is none.
    outcomes = {key: value for key, value in told.items() if trial.words.holds(value)}
    added: dict[int, Increments] = defaultdict(Counter)
    policy = trial.policy
    for case, count in _cases(connection, trial, units, outcomes).items():
        if case.arm is not None:
            _add(added[case.epoch], result(case.given(case.arm), case.outcome, policy), count)
            continue
        pair = case.pair(policy.loss)
        if case.epoch != WARM_UP_EPOCH:
            _add(added[case.epoch], agreement(pair, policy.loss), count)
        _add(added[case.epoch], resolution(pair, case.outcome, policy), count)
    _advance(connection, units, Stage.CLOSED)
    trials = schema.trials
    connection.execute(update(trials).where(trials.c.number == trial.number).values(open=trials.c.open - len(units)))
    tally.add(connection, trial.number, added)
    if trial.further:
        _fold_rivals(connection, trial, units, outcomes)


def _fold_rivals(
    connection: Connection, trial: Trial, units: Sequence[Unit], outcomes: Mapping[str, str] | None
) -> None:
    """The same for the further candidates; without outcomes the first half only, which the warm-up shows early."""
    copied = [unit for unit in units if unit.arm is None]
    if not copied:
        return
    answered = rivals.answers(connection, trial.number, [unit.id for unit in copied])
    lost, ambiguous = _losses(connection, copied), _ambiguous(connection, trial, copied)
    added: dict[str, dict[int, Increments]] = defaultdict(lambda: defaultdict(Counter))
    policy, first = trial.policy, trial.first or ""
    for unit in copied:
        case = _case(trial, unit, outcomes or {}, lost, ambiguous)
        pair, theirs = case.pair(policy.loss), answered.get(unit.id, {})
        further = rivals.pairs(pair, trial.further, theirs, policy)
        told: list[Mapping[str, Increments]] = []
        if outcomes is None or unit.epoch != WARM_UP_EPOCH:
            told += [rivals.agreements((first, pair), further, policy), rivals.timed(further, theirs)]
        if outcomes is not None:
            told.append(rivals.resolutions((first, pair), further, case.outcome, policy))
        for of, increments in ((of, increments) for one in told for of, increments in one.items()):
            added[of][unit.epoch] += increments
    for of, by_epoch in added.items():
        tally.add(connection, trial.number, by_epoch, of)


def _advance(connection: Connection, units: Sequence[Unit], stage: Stage) -> None:
    for some in schema.chunks([unit.number for unit in units]):
        connection.execute(update(schema.units).where(schema.units.c.number.in_(some)).values(stage=stage))


class _Case(NamedTuple):
    """What decides how a unit is folded. Most units are alike, so each case is folded once and counted."""

    epoch: int
    arm: str | None
    live: tuple[str, str | None, str | None]
    candidate: tuple[str | None, str | None, str | None]
    lines_lost: bool
    ambiguous: bool
    outcome: str | None
    chance: float

    def pair(self, loss: Loss | None) -> Pair:
        status, value, reason = self.candidate
        candidate = None if status is None else Side(RowStatus(status), value, reason)
        return admitted(Pair(self._live, candidate, self.lines_lost, self.ambiguous, self.chance), loss)

    def given(self, arm: str) -> Given:
        return Given(Arm(arm), self._live, self.ambiguous, self.chance)

    @property
    def _live(self) -> Side:
        return Side(RowStatus(self.live[0]), *self.live[1:])


def _cases(
    connection: Connection, trial: Trial, units: Sequence[Unit], outcomes: Mapping[str, str]
) -> Mapping[_Case, int]:
    lost, ambiguous = _losses(connection, units), _ambiguous(connection, trial, units)
    return Counter(_case(trial, unit, outcomes, lost, ambiguous) for unit in units)


def _case(trial: Trial, unit: Unit, outcomes: Mapping[str, str], lost: MayBeLost, ambiguous: set[str]) -> _Case:
    rounds = trial.policy.loss is not None or trial.policy.reward is not None
    return _Case(
        unit.epoch,
        unit.arm,
        (unit.live_status, unit.live_value, unit.live_reason),
        (unit.candidate_status, unit.candidate_value, unit.candidate_reason),
        lost(unit),
        unit.outcome_key in ambiguous,
        outcomes.get(unit.outcome_key),
        dither(f"{trial.uid}/{unit.unit or unit.id}") if rounds else 0.0,
    )


def _add(added: Increments, of_one: Increments, count: int) -> None:
    for name, increment in of_one.items():
        added[name] += increment * count


def _losses(connection: Connection, units: Sequence[Unit]) -> MayBeLost:
    numbers, routers, columns = sorted({unit.router for unit in units}), schema.routers, schema.gaps.c
    known = connection.execute(select(routers.c.number, routers.c.low).where(routers.c.number.in_(numbers)))
    lows = {row.number: row.low for row in known}
    gaps: dict[int, list[Gap]] = defaultdict(list)
    meets = and_(columns.start <= units[-1].started, or_(columns.end.is_(None), columns.end >= units[0].started))
    for row in connection.execute(select(schema.gaps).where(columns.router.in_(numbers), meets)):
        gaps[row.router].append(Gap(row.start, row.end))
    return lambda unit: may_have_lost(lows.get(unit.router), gaps[unit.router], unit.started)


def _ambiguous(connection: Connection, trial: Trial, units: Sequence[Unit]) -> set[str]:
    """Outcome keys that name more than one unit of the trial: a router's ids cannot repeat, a client's header can."""
    if trial.registration.key_header is None and not any(unit.key for unit in units):
        return set()
    seen: dict[str, set[str]] = defaultdict(set)
    columns = schema.units.c
    for some in schema.chunks(sorted({unit.outcome_key for unit in units})):
        named = or_(columns.key.in_(some), and_(columns.key.is_(None), columns.id.in_(some)))
        query = select(columns.id, columns.key, columns.unit).where(columns.trial == trial.number, named)
        for row in connection.execute(query):
            seen[row.key or row.id].add(row.unit or row.id)  # one unit may be counted in several stretches
    return {key for key, units in seen.items() if len(units) > 1}
