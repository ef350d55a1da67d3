"""The next safe configuration on the way from what is published to what is wanted. Called by `rollout` in every cycle.

Why there is an order at all: Envoy loads cluster and route files independently. A route that arrives before its cluster
is refused, and stays refused until the next change; a cluster that leaves before its route answers 503.
"""

from shadowlift.resources.router.intent import Chain, RouterIntent


def next_intent(
    published: RouterIntent | None, published_is_loaded: bool, desired: RouterIntent, *, spare_is_idle: bool
) -> RouterIntent:
    """What to publish now: `published` itself where there is only to wait, `desired` itself at the end.

    Args:
        published: what the ConfigMap holds; None before the first time, or where it is lost.
        published_is_loaded: every router has loaded exactly that.
        desired: what shall be in force in the end, without spare chains.
        spare_is_idle: no request can be under way any more to what only spare chains name. One that hangs there is asked
            of current when its time is over, through the very clusters that would be gone.

    Three rules give make-before-break. Routes lead only to clusters that every router is known to have. A cluster goes
    only when a configuration without a route to it is loaded and the last request to it is over. While something is not
    loaded, no cluster goes and no route is added. A roll-back to current only takes routes away, so it never waits.

    Raises:
        ValueError: `desired` names spare chains; what is kept beside is decided here.
    """
    if desired.spare:
        raise ValueError("desired.spare: must be empty; what is kept beside is decided here")
    if published is None:
        return _beside(_retreat(desired), desired.chains, 0)
    known = published.clusters if published_is_loaded else published.routed
    if desired.routed <= known:
        arrived = published_is_loaded and spare_is_idle and _alone(published) == desired
        return desired if arrived else _beside(desired, published.chains, _longest_try(published))
    return _beside(_meanwhile(published, known, desired), (*published.chains, *desired.chains), _longest_try(published))


def _meanwhile(published: RouterIntent, known: frozenset[str], desired: RouterIntent) -> RouterIntent:
    """What is in force until every router knows all that is wanted: a candidate that shall answer nobody any more leaves at once."""
    retreat = _retreat(desired)
    falls = published.serve == "candidate" and desired.serve == "current"
    shares = published.weight > 0 and not desired.weight
    if (falls or shares) and retreat.routed <= known:
        return retreat
    if shares and published.split is not None:  # the current that is wanted is another one, and not known yet
        return published.model_copy(update={**_NOTHING_BESIDE, "spare": (), "spare_try_ms": 0})
    return _alone(published)


_NOTHING_BESIDE = {"shadow": None, "rivals": (), "split": None, "trial": None}


def _retreat(intent: RouterIntent) -> RouterIntent:
    """The same with all traffic on current and nothing beside it."""
    alone = {"serve": "current", "candidate": None, **_NOTHING_BESIDE, "spare": (), "spare_try_ms": 0}
    return intent.model_copy(update=alone)


def _alone(intent: RouterIntent) -> RouterIntent:
    return intent.model_copy(update={"spare": (), "spare_try_ms": 0})


def _longest_try(published: RouterIntent) -> int:
    return max(published.try_timeout_ms, published.spare_try_ms)


def _beside(intent: RouterIntent, chains: tuple[Chain, ...], longest_try_ms: int) -> RouterIntent:
    """`intent` with those chains kept spare whose clusters it does not know itself, in their order."""
    spare: list[Chain] = []
    have = set(intent.clusters)
    for chain in chains:
        if not chain.clusters <= have:
            spare.append(chain)
            have |= chain.clusters
    return intent.model_copy(update={"spare": tuple(spare), "spare_try_ms": longest_try_ms if spare else 0})
