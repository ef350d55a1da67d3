"""Which configuration the routers should have next. Called by `decide` with the step's wish; make before break, one swap at a time."""

from shadowlift.api.guardrails import GuardrailType
from shadowlift.api.names import HEADER_ID
from shadowlift.api.quantities import millionths, seconds
from shadowlift.api.spec import SERVE_AUTO
from shadowlift.resources.identity import trial_salt
from shadowlift.resources.router.intent import Rival, RouterIntent, Split, TrialRoute
from shadowlift.resources.router.steps import next_intent
from shadowlift.resources.routers import router_name
from shadowlift.rollout.observed import Published
from shadowlift.rollout.plan import RouterUpdate
from shadowlift.rollout.steps.pending import current_exists
from shadowlift.rollout.steps.step import Step
from shadowlift.rollout.world import Share, Stage, World

IN_FLIGHT_S = 5.0  # for what else a request may wait for before its try begins


def desired(world: World, step: Step) -> RouterIntent:
    """What the routers should do in the end, as far as it can be done.

    While a new spec.current cannot be reached, who answers now goes on: Envoy would take a name without endpoints for a cluster
    that is ready, and the old processes are alive.
    """
    wish, intent = _wish(world, step), world.intent
    if intent is None or wish.current == intent.current or current_exists(world) is None:
        return wish
    stays = {"current": intent.current, "candidate": intent.candidate, "serve": intent.serve}
    return wish.model_copy(update={**stays, "shadow": None, "split": None, "trial": None})


def _wish(world: World, step: Step) -> RouterIntent:
    wish, intent = _moving(world, step), world.intent
    if (
        not (world.spec.paused and world.spec.serve == SERVE_AUTO and world.measuring and step.measured)
        or intent is None
    ):
        return wish
    # A pause holds what is copied and shared as it is, and not as the newest record wants it.
    held = ("shadow", "rivals", "split", "trial")
    return wish.model_copy(update={name: getattr(intent, name) for name in held})


def _moving(world: World, step: Step) -> RouterIntent:
    # The recorder must know the trial before its first line; a probation shares on, whoever counts.
    known = world.measuring or world.observed.evidence.registered or world.probation is not None
    measured = step.measured and known and world.measured is not None
    share = world.share if measured and world.spec.serve == SERVE_AUTO else None
    # While an override answers, pairs would not compare what the trial is about.
    copies = measured and world.share is None and world.serving is world.baseline
    answering = share.rest if share else world.serving
    copied = world.challengers if copies else ()
    simplest = world.measured.names[0] if world.measured else ""
    first = next((one for one in copied if one.name == simplest), None)  # whose copies bear no name
    # Kept ready behind no route: what was promoted while current serves, else what may be promoted next.
    beside = world.promoted or (world.challenger if measured else None)
    candidate = beside if answering is world.current else answering
    return RouterIntent(
        current=world.current.upstream,
        candidate=candidate.upstream if candidate else None,
        serve="current" if answering is world.current else "candidate",
        fail_open=world.fails_open,
        shadow=first.upstream if first else None,
        rivals=tuple(Rival(name=one.name, upstream=one.upstream) for one in copied if one is not first),
        split=_split(world, share) if share else None,
        trial=_trial(world, share) if copies or share else None,
        try_timeout_ms=world.try_timeout_ms,
        recorder_url=world.observed.installation.recorder_url,
    )


def _split(world: World, share: Share) -> Split:
    return Split(candidate=share.candidate.upstream, weight=share.weight, fail_open=world.fails_open)


def _trial(world: World, share: Share | None) -> TrialRoute:
    trial = world.measured
    if trial is None:
        raise ValueError("a measured route without a trial")
    key, shadow = world.spec.objective.outcome.key.header, world.spec.strategy.shadow
    return TrialRoute(
        uid=trial.uid,
        epoch=share.epoch if share else world.epoch,
        percent_millionths=millionths(shadow.percent) if shadow and share is None else 1_000_000,
        salt=trial_salt(world.owner.uid, trial.uid),
        unit_header=world.spec.unit.header if world.spec.unit else None,
        key_header=None if key == HEADER_ID else key,
        answer_within_us=round(seconds(world.spec.answer_within) * 1e6),
        alone=shadow is not None and world.open_trial is not None and world.stage is Stage.WATCH,
        shapes=any(guardrail.type is GuardrailType.CONTRACT for guardrail in world.spec.guardrails),
        current=share.rest.extraction if share else world.baseline.extraction,
        candidate=share.candidate.extraction if share else world.challenger.extraction,
    )


def update(world: World, step: Step) -> RouterUpdate | None:
    """The ConfigMap to publish now; None where the published one is right or must first be loaded."""
    published, routers = world.observed.routers.published, world.observed.routers
    wish = desired(world, step)
    if published is None and (current_exists(world) is not None or _name_is_taken(world)):
        return None
    if published is None:
        intent, number = next_intent(None, published_is_loaded=False, desired=wish, spare_is_idle=True), 1
    else:
        intent = next_intent(published.intent, routers.agreed, wish, spare_is_idle=_spare_is_idle(world, published))
        if intent == published.intent and published.fresh:
            return None
        number = published.number + 1
    return RouterUpdate(world.owner, number, intent)


def _spare_is_idle(world: World, published: Published) -> bool:
    """Every router has sent nothing there for as long as a try may take."""
    agreed, longest_ms = world.observed.routers.agreed_since, max(published.intent.spare_try_ms, world.try_timeout_ms)
    return agreed is not None and world.now >= agreed + IN_FLIGHT_S + longest_ms / 1000


def _name_is_taken(world: World) -> bool:
    return f"ConfigMap/{router_name(world.owner)}" in world.observed.taken


def stale_pods(world: World) -> tuple[str, ...]:
    """Ready routers that have not loaded what is published: their volume is to be refreshed."""
    published = world.observed.routers.published
    if published is None:
        return ()
    return tuple(pod.name for pod in world.observed.routers.ready if pod.loaded != published.version)


def settled(world: World, step: Step) -> bool:
    """The routers have loaded what the step wishes: nothing is on its way."""
    return world.observed.routers.agreed and world.intent == desired(world, step)
