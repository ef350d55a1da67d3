"""Pending: something that the trial needs is not there yet. Current serves.

The order of `NEEDS` is the order in which a person would look. When all are met the trial is started: a record freezes its terms.
"""

from collections.abc import Callable

from shadowlift.api.quantities import seconds
from shadowlift.api.record import Contender, Record, RecordKind, TrialTerms
from shadowlift.api.spec import SERVE_AUTO, SERVE_CURRENT
from shadowlift.api.status import Phase
from shadowlift.resources.identity import trial_uid
from shadowlift.resources.routers import router_name
from shadowlift.rollout.instants import stamp
from shadowlift.rollout.steps.step import Blocked, Step
from shadowlift.rollout.world import Target, World
from shadowlift.stats.terms import FUTILITY_RATE, HARM_RATE

LOOK_AGAIN = 0.5  # seconds, while effects are on their way
STALLED_AGAIN = 10.0  # while a person is waited for; what they change is told by a watch in most cases

Need = Callable[[World], Blocked | None]


def names_are_free(world: World) -> Blocked | None:
    """No object of somebody else stands where ours must be."""
    if world.observed.taken:
        names = ", ".join(world.observed.taken)
        return Blocked(
            "NameTaken", f"{names} exists and was not made for this ModelDeployment; rename one of them", stalled=True
        )
    return None


def current_exists(world: World) -> Blocked | None:
    """spec.current can be reached, as far as its objects say."""
    wanted = world.spec.current.service
    if wanted is None:
        workload = world.workload(world.current.workload)
        if workload is None or workload.ready == 0:
            return Blocked(
                "CurrentNotReady",
                _trouble(workload.trouble if workload else None, "the bento of spec.current is not ready"),
            )
        return None
    service = world.observed.current_service
    if service is None:
        return Blocked("CurrentNotFound", f"spec.current.service.name: there is no Service {wanted.name}", stalled=True)
    if wanted.port not in service.ports:
        there = ", ".join(str(port) for port in sorted(service.ports)) or "none"
        message = f"spec.current.service.port: Service {wanted.name} has no port {wanted.port}; it has {there}"
        return Blocked("CurrentPortNotFound", message, stalled=True)
    if wanted.port in service.elsewhere:
        message = (
            f"spec.current.service.port: Service {wanted.name} is headless, and its pods listen on targetPort "
            f"{service.elsewhere[wanted.port]}, not on {wanted.port}; give it a cluster IP, or name one number as both"
        )
        return Blocked("CurrentPortNotFound", message, stalled=True)
    return None


def routers_are_ready(world: World) -> Blocked | None:
    """Clients can be answered."""
    if not world.observed.routers.ready:
        trouble = next((pod.trouble for pod in world.observed.routers.pods if pod.trouble), None)
        why = f": {trouble}" if trouble else ""
        return Blocked("RoutersNotReady", f"no pod of {router_name(world.owner)} is ready{why}")
    return None


def there_is_something_to_measure(world: World) -> Blocked | None:
    """The candidate is not what serves already."""
    if world.pointless:
        return Blocked("CandidateServes", "spec.candidates names what serves already; there is nothing to measure")
    return None


def nobody_overrides(world: World) -> Blocked | None:
    """Who answers live requests is the trial's to say; in a shadow it may be current by hand."""
    allowed = (SERVE_AUTO,) if world.stage.splits else (SERVE_AUTO, SERVE_CURRENT)
    if world.spec.serve not in allowed:
        return Blocked(
            "ServeOverride", f"spec.serve is {world.spec.serve}: set it to Auto to begin the trial, or to go on with it"
        )
    return None


def candidate_is_ready(world: World) -> Blocked | None:
    """All pods of all candidates are ready, and those of each run one image."""
    each = (_is_ready(world, candidate) for candidate in world.challengers)
    return next((blocked for blocked in each if blocked is not None), None)


def _is_ready(world: World, candidate: Target) -> Blocked | None:
    workload = world.workload(candidate.workload)
    of = f" of {candidate.name}" if len(world.spec.candidates) > 1 else ""
    if workload is None or candidate.bento is None:
        return Blocked("CandidateNotReady", f"the candidate's pods{of} are being made")
    wanted = candidate.bento.replicas
    place = next(n for n, one in enumerate(world.spec.candidates) if one.name == candidate.name)
    if workload.trouble and "Image" in workload.trouble:
        return Blocked("ImageUnavailable", f"spec.candidates[{place}].bento.image: {workload.trouble}", stalled=True)
    if workload.ready < wanted:
        message = _trouble(workload.trouble, f"{workload.ready} of {wanted} candidate pods{of} are ready")
        if workload.stalled and not workload.trouble:  # they run, and nobody says why they answer no probe
            message += f"; do they answer GET /readyz on spec.candidates[{place}].bento.port, {candidate.bento.port}? see their logs"
        return Blocked("CandidateNotReady", message, stalled=workload.stalled)
    if len(workload.images) != 1:
        return Blocked("CandidateNotReady", f"the candidate's pods{of} run {len(workload.images)} different images")
    return None


def recorder_is_reached(world: World) -> Blocked | None:
    """The ledger is there to take the evidence."""
    evidence = world.observed.evidence
    if evidence.ledger is None or evidence.error is not None:
        return Blocked("RecorderUnavailable", _trouble(evidence.error, "the recorder has not been reached yet"))
    return None


SERVE: tuple[Need, ...] = (names_are_free, current_exists, routers_are_ready)
START: tuple[Need, ...] = (
    there_is_something_to_measure,
    nobody_overrides,
    candidate_is_ready,
    recorder_is_reached,
)


def unserved(world: World) -> Blocked | None:
    """What is missing for current, or what was promoted, to be served."""
    return next((shut for need in SERVE if (shut := need(world)) is not None), None)


def pending(world: World) -> Step:
    """Say what is missing, or start the trial, or wait until the routers have loaded it."""
    for need in (*SERVE, *START):
        blocked = need(world)
        if blocked is not None:
            started = world.observed.routers.published is not None or need not in (names_are_free, current_exists)
            return Step(
                Phase.PENDING,
                blocked=blocked,
                run_candidate=started and not world.pointless,
                requeue_after=STALLED_AGAIN if blocked.stalled else LOOK_AGAIN,
                register=world.open_trial is not None,
            )
    if world.open_trial is None:
        return Step(Phase.PENDING, record=_started(world))
    blocked = Blocked("LoadingTrial", "the routers are loading the trial")
    return Step(Phase.PENDING, measured=True, register=True, blocked=blocked, requeue_after=LOOK_AGAIN)


def _started(world: World) -> Record:
    objective, against = world.spec.objective, world.baseline.identity
    first, *rivals = (_contender(world, target) for target in world.challengers)
    attempt = max(world.history.attempts(one.workload, against) for one in (first, *rivals)) + 1
    terms = TrialTerms(
        candidate=first.candidate,
        bento=first.bento,
        workload=first.workload,
        images=first.images,
        rivals=rivals,
        against=against,
        current=world.current.identity,
        frozen=world.frozen,
        attempt=attempt,
        alpha=float(objective.false_promotion_rate) * 2.0 ** (1 - attempt) / (1 + len(rivals)),
        minimum_lift=float(objective.minimum_lift),
        target_lift=objective.lift_worth_waiting_for,
        harm_rate=HARM_RATE,
        futility_rate=FUTILITY_RATE,
        maturity_s=seconds(objective.outcome.maturity),
        deadline_s=seconds(world.spec.deadline),
        objective=objective.type.value,
        minimum=float(objective.range.min) if objective.range else None,
        maximum=float(objective.range.max) if objective.range else None,
        deadline_share=world.spec.kept_for_the_deadline,
        decided_in=world.spec.decided_in.value,
        cycle_s=seconds(objective.cycle) if objective.cycle else None,
        missing=objective.outcome.missing.value,
        missing_value=objective.outcome.missing_value,
        senders=[sender.service_account for sender in objective.outcome.from_],
        ledger=world.observed.evidence.ledger or "",
    )
    images = first.images | {one.candidate: one.images["bento"] for one in rivals}
    names = ", ".join(one.candidate for one in (first, *rivals))
    each = " each" if rivals else ""
    return Record(
        kind=RecordKind.STARTED,
        number=world.history.next_number,
        trial=trial_uid(world.owner.uid, world.frozen, images, attempt, against),
        candidate=first.candidate,
        reason="TrialStarted",
        message=f"attempt {attempt} of {names} against {world.baseline.name}, alpha {terms.alpha:g}{each}",
        at=stamp(world.now),
        terms=terms,
    )


def _contender(world: World, target: Target) -> Contender:
    workload = world.workload(target.workload)
    if workload is None or target.workload is None or target.bento is None:
        raise ValueError("a trial starts only when its candidates' workloads are ready")
    images = {"bento": next(iter(workload.images))}
    return Contender(candidate=target.name, bento=target.bento, workload=target.workload, images=images)


def _trouble(trouble: str | None, otherwise: str) -> str:
    return trouble or otherwise
