"""The circuit breaker: takes the traffic from a candidate that fails outright. No statistics, and no proof.

Called by the steps in which clients meet the candidate, before anything else is asked. It looks at all requests of the last seconds,
not at units: a proof would be careful for longer than users can wait, and a burst of failures is none.
"""

from shadowlift.api.quantities import seconds
from shadowlift.api.status import Verdict, VerdictKind
from shadowlift.api.strategy import CircuitBreaker
from shadowlift.rollout.observed import Traffic
from shadowlift.rollout.world import World


def failing(world: World) -> Verdict | None:
    """The rejection at this moment; what the recorder said before it was away is nothing new."""
    view = world.observed.evidence
    return tripped(world.breaker, view.traffic) if view.error is None else None


def tripped(breaker: CircuitBreaker, traffic: tuple[Traffic, ...]) -> Verdict | None:
    """The rejection, where more of the candidate's requests failed within the window than may."""
    if not traffic:
        return None
    newest, window = traffic[-1], seconds(breaker.window)
    before = [sample for sample in traffic if sample.at <= newest.at - window]
    start = before[-1] if before else traffic[0]
    requests, failures = newest.requests - start.requests, newest.failures - start.failures
    if requests < breaker.minimum_requests or failures <= float(breaker.max_error_rate) * requests:
        return None
    return Verdict(
        kind=VerdictKind.REJECT,
        reason="CircuitBreaker",
        message=f"{failures} of {requests} requests of the candidate failed within {newest.at - start.at:.0f} s; "
        f"strategy.canary.circuitBreaker allows {float(breaker.max_error_rate):.0%}",
    )
