"""Which objects should exist and which may go. Called by `decide`; a workload goes only when nothing routes to it, verified."""

from shadowlift.api.ledger import MOST_ROUTERS, TrialRegistration
from shadowlift.api.names import HEADER_ID
from shadowlift.api.objective import PredictionType
from shadowlift.api.spec import Bento
from shadowlift.resources.routers import router_manifests
from shadowlift.resources.workload import workload_manifests
from shadowlift.rollout.instants import parse
from shadowlift.rollout.observed import Manifest
from shadowlift.rollout.steps.pending import current_exists, names_are_free
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import Target, World


def manifests(world: World, step: Step) -> tuple[Manifest, ...]:
    """All objects of this ModelDeployment but the ConfigMap."""
    if names_are_free(world) is not None:
        return ()
    out: list[Manifest] = []
    for name, (bento, replicas) in wanted_workloads(world, step).items():
        out += workload_manifests(world.owner, name, bento, replicas)
    # Clients are not given a router that leads nowhere; one that exists stays, whatever becomes of current.
    if world.observed.routers.published is not None or current_exists(world) is None:
        out += router_manifests(
            world.owner, world.spec.router, world.spec.service.port, world.observed.installation.routers
        )
    return tuple(out)


def wanted_workloads(world: World, step: Step) -> dict[str, tuple[Bento, int]]:
    """Workload name -> what it runs and how many pods of it."""
    out: dict[str, tuple[Bento, int]] = {}
    for target, runs in (
        *((challenger, _candidate_runs(world, step, challenger)) for challenger in world.challengers),
        (world.candidate_named(world.spec.serve), True),
        (world.promoted, True),
        (world.standby if world.on_probation else None, True),
        (world.current, True),
    ):
        if target is None or target.workload is None or target.bento is None:
            continue
        if runs or out.get(target.workload, (target.bento, 0))[1]:
            out[target.workload] = (target.bento, target.bento.replicas)
        elif target.workload in world.observed.workloads:
            out[target.workload] = (target.bento, 0)  # kept at zero, so that its record still has an object
    return out


def _candidate_runs(world: World, step: Step, candidate: Target) -> bool:
    return step.run_candidate or _routed(world, candidate.workload)


def _routed(world: World, workload: str | None) -> bool:
    """A router may still send requests there: its configuration names it, or is not verified."""
    intent = world.intent
    if workload is None or intent is None:
        return False
    if not world.observed.routers.agreed:
        return True
    return any(upstream.host == world.host(workload) for upstream in intent.upstreams)


def unused_workloads(world: World, step: Step) -> tuple[str, ...]:
    """Workloads that the spec and the records no longer know and nothing routes to."""
    wanted = wanted_workloads(world, step)
    return tuple(name for name in sorted(world.observed.workloads) if name not in wanted and not _routed(world, name))


def registrations(world: World, step: Step) -> tuple[TrialRegistration, ...]:
    """The trial under way, as the recorder must know it before the first line comes."""
    trial = world.measured
    if trial is None or not step.register or world.observed.evidence.registered:
        return ()
    spec, terms = world.spec, trial.terms
    key = spec.objective.outcome.key.header
    return (
        TrialRegistration(
            uid=trial.uid,
            namespace=world.owner.namespace,
            name=world.owner.name,
            resource_uid=world.owner.uid,
            frozen_hash=terms.frozen,
            started_at=round(parse(trial.started_at) * 1e6),
            prediction_type=spec.prediction.type if spec.prediction else PredictionType.STRING,
            objective=spec.objective.type,
            minimum=terms.minimum,
            maximum=terms.maximum,
            missing=spec.objective.outcome.missing,
            missing_value=terms.missing_value,
            maturity_us=round(terms.maturity_s * 1e6),
            unit_header=spec.unit.header if spec.unit else None,
            key_header=None if key == HEADER_ID else key,
            senders=list(terms.senders),
            candidates=list(trial.names) if len(trial.names) > 1 else [],
            probation_epoch=world.probation_epoch,
            routers=list(world.observed.routers.shipping[:MOST_ROUTERS]),
        ),
    )
