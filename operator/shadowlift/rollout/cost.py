"""What a model costs to run: what its pods request, at the installation's prices, for 1,000 predictions at the measured rate.

Called by `look` for status and for the guardrail Cost. No statistics, and no more than requests tell: what a node costs beside them, and
what a process costs that is not ours, nobody here knows.
"""

from dataclasses import dataclass

from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import TrialCounters
from shadowlift.api.quantities import amount
from shadowlift.api.record import TrialTerms
from shadowlift.api.spec import Bento
from shadowlift.api.status import Cost
from shadowlift.rollout.guards import Known
from shadowlift.rollout.observed import Prices
from shadowlift.rollout.world import World
from shadowlift.stats.combination import Safety

ENOUGH_REQUESTS = 100
ENOUGH_S = 60.0  # of traffic, before a rate is one
GIB = 2.0**30


@dataclass(frozen=True)
class Rate:
    """Live requests since the routers had loaded the trial."""

    requests: int
    seconds: float

    @property
    def per_second(self) -> float | None:
        """None: too little was seen."""
        enough = self.requests >= ENOUGH_REQUESTS and self.seconds >= ENOUGH_S
        return self.requests / self.seconds if enough else None


def rate_of(world: World, counters: TrialCounters) -> Rate:
    """At which live requests come."""
    began = world.loaded_at
    live = sum(epoch.live for key, epoch in counters.epochs.items() if "/" not in key)
    return Rate(live, 0.0 if began is None else world.now - began)


def per_hour(bento: Bento, prices: Prices) -> float | None:
    """Of all its pods; None where it does not say what it requests. As in Kubernetes, a limit without a request is one."""
    total = 0.0
    for name, price in (("cpu", prices.cpu_hour), ("memory", prices.gib_hour / GIB)):
        if not price:
            continue
        asked, most = bento.resources and bento.resources.requests, bento.resources and bento.resources.limits
        text = (asked and getattr(asked, name)) or (most and getattr(most, name))
        if not text:
            return None
        total += float(amount(text)) * price
    return total * bento.replicas


def shown(world: World, counters: TrialCounters) -> list[Cost]:
    """What current and the candidates in the running cost, as far as it is known; nothing without prices."""
    prices, per_second = world.observed.installation.prices, rate_of(world, counters).per_second
    if prices is None or per_second is None:
        return []
    each = ((one.name, per_hour(one.bento, prices)) for one in (world.current, *world.challengers) if one.bento)
    return [
        Cost(name=name, per_thousand=f"{_per_thousand(hourly, per_second):.3g}", currency=prices.currency or None)
        for name, hourly in each
        if hourly is not None
    ]


def known(world: World, counters: TrialCounters, terms: TrialTerms) -> list[Known]:
    """Safe or not known: what is too dear at this rate may not be at another, and is for a person to judge."""
    guardrails, prices = world.spec.guardrails, world.observed.installation.prices
    named = world.candidate_named(terms.candidate)  # how many of its pods run may change at any time
    bento = named.bento if named is not None and named.bento is not None else terms.bento
    rate = rate_of(world, counters)
    return [_known(one, bento, rate, prices) for one in guardrails if one.type is GuardrailType.COST]


def _known(guardrail: Guardrail, bento: Bento, rate: Rate, prices: Prices | None) -> Known:
    if prices is None:
        return Known(guardrail.name, Safety.UNKNOWN, "the operator knows no prices: set prices in the chart's values")
    hourly, per_second = per_hour(bento, prices), rate.per_second
    if hourly is None:
        return Known(guardrail.name, Safety.UNKNOWN, "set bento.resources.requests: what is not requested has no price")
    if per_second is None:
        wanted = f"{ENOUGH_REQUESTS} live requests in {ENOUGH_S:.0f} s"
        return Known(guardrail.name, Safety.UNKNOWN, f"{wanted} are wanted before a rate is known")
    cost, most = _per_thousand(hourly, per_second), float(guardrail.max_per_thousand or 0)
    safety = Safety.SAFE if cost <= most else Safety.UNKNOWN
    said = f"{cost:.3g} {prices.currency}".strip()
    return Known(guardrail.name, safety, f"{said} per 1,000 predictions at {per_second:.3g} a second; {most:g} allowed")


def _per_thousand(hourly: float, per_second: float) -> float:
    return hourly / 3.6 / per_second
