"""When is a candidate rejected? When its harm or its futility is proven; what ends a shadow must have stood for a while.

Called by `gates`, which says when nothing may be concluded at all.
"""

from shadowlift.api.quantities import seconds
from shadowlift.api.status import Verdict, VerdictKind
from shadowlift.api.strategy import Shadow
from shadowlift.rollout import guards
from shadowlift.rollout.evidence import signed
from shadowlift.rollout.instants import parse, stamp
from shadowlift.rollout.look import Look, Shut
from shadowlift.stats.verdict import Reason
from shadowlift.stats.verdict import Verdict as Says

FUTILITY = "Futility"


def rejection(look: Look) -> Verdict | None:
    """Harm or futility, where it is proven; a stage that does not decide can only harm."""
    harmful = guards.harmful(look.guards)
    if harmful is not None:
        message = f"guardrail {harmful.name}: proven worse than current: {harmful.message}"
        return Verdict(kind=VerdictKind.REJECT, reason="Guardrail", message=message)
    ruling = look.ruling
    if ruling is None or ruling.evidence is None or ruling.evidence.n == 0 or ruling.verdict is not Says.REJECT:
        return None
    upper, n = signed(ruling.evidence.upper * look.unit), ruling.evidence.n
    if ruling.reason is Reason.HARM_PROVEN:
        message = f"proven worse than what serves: lift at most {upper} after {n} {look.counted}"
        return Verdict(kind=VerdictKind.REJECT, reason="Harm", message=message)
    if not look.decides:
        return None
    message = f"lift is at most {upper}, below spec.objective.targetLift, after {n} {look.counted}"
    return Verdict(kind=VerdictKind.REJECT, reason=FUTILITY, message=message)


def in_its_time(look: Look, rejected: Verdict, waits: Shut | None) -> Verdict:
    """The rejection, or Hold where something is in its way or it has not stood long enough.

    That of a canary, whose candidate answers clients, does not wait for `rejectAfter`.
    """
    shadow = None if look.steps else look.world.spec.strategy.shadow
    since = None if shadow is None else _rejecting_since(look) or stamp(look.world.now)
    if waits is None and shadow is not None and since is not None and look.world.now < confirmed_at(since, shadow):
        stands = f"what asks for an end must have stood for {shadow.reject_after}, at every look"
        waits = Shut(VerdictKind.HOLD, "Confirming", stands)
    if waits is None:
        return rejected
    message = f"{waits.message}; it would be a rejection: {rejected.message}"[:512]
    return Verdict(kind=waits.kind, reason=waits.reason, message=message, rejecting_since=since)


def confirmed_at(since: str, shadow: Shadow) -> float:
    """When a rejection that is asked for since then has stood long enough (unix seconds)."""
    return parse(since) + seconds(shadow.reject_after)


def _rejecting_since(look: Look) -> str | None:
    """Since when every look has asked for a rejection."""
    said = look.last.verdict if look.last is not None else None
    return said.rejecting_since if said is not None else None
