"""From a world and a step to the status that a person reads. Called by `decide`; the only builder of status."""

from shadowlift.api.ledger import SHADOW_EPOCH, WARM_UP_EPOCH, WATCH_EPOCH
from shadowlift.api.record import ENDS_TRIAL, RecordKind
from shadowlift.api.status import (
    Condition,
    ConditionType,
    Cost,
    Coverage,
    Decision,
    Epoch,
    Evidence,
    Phase,
    RouterStatus,
    Serving,
    Status,
    Trial,
    Verdict,
    VerdictKind,
)
from shadowlift.errors import InvalidInput
from shadowlift.rollout import cost, routing
from shadowlift.rollout.brevity import brief
from shadowlift.rollout.history import BY_HAND, TrialHistory
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.observed import Resource
from shadowlift.rollout.steps.pending import current_exists, routers_are_ready
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import World

HISTORY_LENGTH = 10
MESSAGE_LENGTH = 512
HISTORY_MESSAGE_LENGTH = 200  # ten of them; the records hold the rest


def report(world: World, step: Step) -> Status:
    """The whole status of one cycle."""
    resource, routers = world.observed.resource, world.observed.routers
    serving = _serving(world)
    whole = Status(
        observed_generation=resource.generation,
        phase=step.phase,
        conditions=_conditions(world, step),
        serving=serving,
        weight=_weight(world),
        trial=_trial(world, step),
        router=RouterStatus(
            wanted=routers.published.version if routers.published else None,
            loaded={pod.name: pod.loaded for pod in routers.ready[:50] if pod.loaded is not None},
            ready=len(routers.ready),
            replicas=world.spec.router.replicas,
        ),
        history=[
            Decision(
                record=record.suffix, kind=record.kind.value, candidate=record.candidate,
                reason=record.reason, message=record.message[:HISTORY_MESSAGE_LENGTH], at=record.at,
            )
            for record in sorted(world.observed.records, key=lambda record: -record.number)[:HISTORY_LENGTH]
        ],
    )  # fmt: skip
    return brief(whole)


def refused(status: Status, resource: Resource, problem: Exception, now: float) -> Status:
    """The plan was right as far as we know, and somebody who knows more refuses it: only a person can help."""
    stalled = _stalled(resource, "Refused", problem, now)
    others = [condition for condition in status.conditions if condition.type != ConditionType.STALLED.value]
    return brief(status.model_copy(update={"conditions": [*others, _dated(resource, stalled)]}))


def stuck(resource: Resource, reason: str, problem: InvalidInput, now: float) -> Status:
    """Something that a decision needs cannot be read: what serves stays, and the status says what to mend."""
    before = resource.status or Status()
    stalled = _stalled(resource, reason, problem, now)
    kept = [
        c for c in before.conditions if c.type not in (ConditionType.STALLED.value, ConditionType.RECONCILING.value)
    ]
    if not any(condition.type == ConditionType.READY.value for condition in kept):
        kept.append(stalled.model_copy(update={"type": ConditionType.READY.value, "status": "False"}))
    dated = [_dated(resource, condition) for condition in (*kept, stalled)]
    trial = None if before.trial is None else _without_rejection(before.trial)
    update = {"observed_generation": resource.generation, "conditions": dated, "trial": trial}
    return brief(before.model_copy(update=update))


def _stalled(resource: Resource, reason: str, problem: Exception, now: float) -> Condition:
    return Condition(
        type=ConditionType.STALLED.value, status="True", reason=reason, message=str(problem)[:MESSAGE_LENGTH],
        observed_generation=resource.generation, last_transition_time=stamp(now),
    )  # fmt: skip


def _serving(world: World) -> Serving:
    """What the routers do, not what they should do: until all have loaded a configuration, what they did before."""
    before = world.observed.resource.status
    if (
        before is not None
        and before.serving is not None
        and world.observed.routers.ready
        and not world.observed.routers.agreed
    ):
        return before.serving
    return _published_serving(world)


def _published_serving(world: World) -> Serving:
    intent, promotion = world.intent, world.promotion
    answering = intent.candidate if intent is not None and intent.serve == "candidate" else None
    if intent is not None and intent.split is not None and world.probation is not None:
        answering = intent.split.candidate  # nearly all of them
    choices = (world.promoted, world.challenger, world.proven_as(answering))
    target = next((one for one in choices if one is not None and one.upstream == answering), world.current)
    reason, record = _why_current(world) if target is world.current else "ServeOverride", None
    if promotion is not None and target is world.promoted:
        reason, record = "Promoted", promotion.record.suffix
    before = world.observed.resource.status
    same = (
        before is not None
        and before.serving is not None
        and (before.serving.name, before.serving.workload) == (target.name, target.workload)
    )
    since = before.serving.since if same and before and before.serving else stamp(world.now)
    return Serving(
        name=target.name,
        workload=target.workload,
        service=world.spec.current.service.name if target is world.current and world.spec.current.service else None,
        image=target.bento.image if target.bento else None,
        since=since,
        reason=reason,
        record=record,
    )


def _why_current(world: World) -> str:
    last = max(world.observed.records, key=lambda record: record.number, default=None)
    ends = (*ENDS_TRIAL, RecordKind.ROLLED_BACK, RecordKind.SUPERSEDED)
    return last.kind.value if last is not None and last.kind in ends else "ByDefault"


def _trial(world: World, step: Step) -> Trial | None:
    trial = world.trial
    if trial is None:
        return None
    end, told = trial.end, world.told(trial.uid)
    evidence = step.evidence or (end.evidence if end else None)
    coverage = step.coverage or (end.coverage if end else None)
    previous = None if told is None else _without_rejection(told)
    loaded = (
        trial.baseline.loaded if trial.baseline else stamp(world.loaded_at) if world.loaded_at is not None else None
    )
    known = list(step.guardrails) if step.guardrails is not None else end.guardrails if end else None
    if evidence is None and previous is not None:  # not looked at in this cycle: the last look stands
        evidence, coverage = previous.evidence, previous.coverage
    contenders = list(step.contenders) if step.contenders is not None else previous.contenders if previous else []
    if known is None and previous is not None:
        known = previous.guardrails
    unchanged = previous is not None and (previous.evidence, previous.coverage) == (evidence, coverage)
    return Trial(
        uid=trial.uid,
        attempt=trial.terms.attempt,
        candidate=trial.terms.candidate,
        workload=trial.terms.workload,
        frozen=trial.terms.frozen,
        started=loaded,
        deadline=None if world.deadline is None else stamp(world.deadline),
        alpha=f"{trial.terms.alpha:g}",
        disagreement=_disagreement(trial),
        epochs=_epochs(world, trial, loaded),
        verdict=step.verdict
        or _taken_back(world, trial)
        or _recorded(trial)
        or (previous.verdict if previous else None),
        evidence=evidence or Evidence(),
        coverage=coverage or Coverage(),
        costs=_costs(world, previous),
        contenders=contenders,
        guardrails=known or [],
        evidence_at=previous.evidence_at if unchanged and previous else stamp(world.now) if evidence else None,
        ledger=trial.terms.ledger,
        senders=trial.terms.senders,
    )


def _without_rejection(trial: Trial) -> Trial:
    """The last look as it stands where there is no new one: whether every look asked for a rejection is not known then."""

    def cleared(verdict: Verdict | None) -> Verdict | None:
        return None if verdict is None else verdict.model_copy(update={"rejecting_since": None})

    contenders = [one.model_copy(update={"verdict": cleared(one.verdict)}) for one in trial.contenders]
    return trial.model_copy(update={"verdict": cleared(trial.verdict), "contenders": contenders})


def _costs(world: World, previous: Trial | None) -> list[Cost]:
    counters = world.observed.evidence.counters
    if world.open_trial is None or counters is None:  # the last look stands
        return previous.costs if previous else []
    return cost.shown(world, counters)


def _taken_back(world: World, trial: TrialHistory) -> Verdict | None:
    """Why its promotion is in force no more, where it was harm within the probation."""
    found = world.history.last(RecordKind.ROLLED_BACK)
    if (
        found is None
        or (found.kind, found.reason) == BY_HAND  # which says nothing of the candidate
        or found.trial != trial.uid
        or (world.promotion is not None and world.promotion.record.trial == trial.uid)
    ):
        return None
    return Verdict(kind=VerdictKind.REJECT, reason=found.reason, message=found.message[:MESSAGE_LENGTH])


def _recorded(trial: TrialHistory) -> Verdict | None:
    """The verdict that ended the trial, by its record."""
    kinds = {RecordKind.PROMOTED: VerdictKind.PROMOTE, RecordKind.REJECTED: VerdictKind.REJECT}
    end = trial.end
    if end is None or end.kind not in kinds:
        return None
    return Verdict(kind=kinds[end.kind], reason=end.reason, message=end.message[:MESSAGE_LENGTH])


def _disagreement(trial: TrialHistory) -> str | None:
    baseline = trial.baseline
    return None if baseline is None or not baseline.pairs else f"{baseline.disagreements / baseline.pairs:.4f}"


def _epochs(world: World, trial: TrialHistory, loaded: str | None) -> list[Epoch]:
    if loaded is None:
        return []
    shadow = world.spec.strategy.shadow
    epochs = [Epoch(number=WATCH_EPOCH, weight="0%", mirror="0%", since=loaded)]
    if shadow is not None:
        copied = [Epoch(number=WARM_UP_EPOCH, weight="0%", mirror=shadow.percent, since=trial.watched_at or loaded)]
        if not world.spec.watches_current:
            epochs = copied
        elif trial.watched is not None:
            epochs += copied
        if trial.counting_at is not None:
            epochs.append(Epoch(number=SHADOW_EPOCH, weight="0%", mirror=shadow.percent, since=trial.counting_at))
    taken = zip(trial.steps, trial.steps_at, strict=True)
    return epochs + [
        Epoch(number=step.epoch, weight=f"{step.weight / 10:g}%", mirror="0%", since=at) for step, at in taken
    ]


def _weight(world: World) -> str:
    """Share of live requests that a candidate answers; until all routers have loaded another one, the one before."""
    before, routers = world.observed.resource.status, world.observed.routers
    if before is not None and before.weight is not None and routers.ready and not routers.agreed:
        return before.weight
    return f"{world.intent.weight / 10:g}%" if world.intent else "0%"


def _conditions(world: World, step: Step) -> list[Condition]:
    out = [_ready(world), _progressing(step)]
    if not routing.settled(world, step) or step.record is not None:
        out.append(
            _condition(world, ConditionType.RECONCILING, "True", "Moving", "effects are on their way to the routers")
        )
    if step.blocked is not None and step.blocked.stalled:
        out.append(_condition(world, ConditionType.STALLED, "True", step.blocked.reason, step.blocked.message))
    if world.promoted is not None:
        message = f"{world.promoted.name} serves; write it into spec.current to make Git say so"
        out.append(_condition(world, ConditionType.ADOPTED, "False", "NotAdopted", message))
    elif world.history.records and _why_current(world) == "Superseded" and world.pointless:
        out.append(_condition(world, ConditionType.ADOPTED, "True", "Adopted", "spec.current names what was promoted"))
    completed = [c if c.observed_generation else _complete(world, c) for c in out]
    return [_dated(world.observed.resource, condition) for condition in completed]


def _ready(world: World) -> Condition:
    """The process that should serve is serving."""
    gone = (current_exists(world) if world.serving is world.current else None) or routers_are_ready(world)
    if gone is not None:
        return _condition(world, ConditionType.READY, "False", gone.reason, gone.message)
    seen = _serving(world)
    if not world.moved or (seen.name, seen.workload) != (world.serving.name, world.serving.workload):
        return _condition(world, ConditionType.READY, "False", "Moving", f"traffic is moving to {world.serving.name}")
    return _condition(world, ConditionType.READY, "True", "Serving", f"{world.serving.name} answers live requests")


def _progressing(step: Step) -> Condition:
    under_way = step.phase in (Phase.PENDING, Phase.SHADOWING, Phase.CANARY)
    reason, message = step.phase.value, ""
    if step.blocked is not None:
        reason, message = step.blocked.reason, step.blocked.message
    elif step.verdict is not None:
        reason, message = step.verdict.reason, step.verdict.message
    status = (
        "Unknown"
        if step.verdict is not None and step.verdict.kind is VerdictKind.ERROR
        else "True"
        if under_way
        else "False"
    )
    return Condition(
        type=ConditionType.PROGRESSING.value,
        status=status,
        reason=reason,
        message=message[:MESSAGE_LENGTH],
        last_transition_time="",
    )


def _condition(world: World, kind: ConditionType, status: str, reason: str, message: str) -> Condition:
    return _complete(
        world,
        Condition(
            type=kind.value, status=status, reason=reason, message=message[:MESSAGE_LENGTH], last_transition_time=""
        ),
    )


def _complete(world: World, condition: Condition) -> Condition:
    return condition.model_copy(
        update={"observed_generation": world.observed.resource.generation, "last_transition_time": stamp(world.now)}
    )


def _dated(resource: Resource, condition: Condition) -> Condition:
    """Keep the time of the last transition where the status of the condition has not changed."""
    before = resource.status.conditions if resource.status else []
    same = next((c for c in before if c.type == condition.type and c.status == condition.status), None)
    return (
        condition if same is None else condition.model_copy(update={"last_transition_time": same.last_transition_time})
    )
