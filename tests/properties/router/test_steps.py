"""Make before break, whatever is wanted next and however late the routers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.resources.router.intent import RouterIntent, Split
from shadowlift.resources.router.steps import next_intent
from tests.unit.router.intents import intent, process, trial

PROCESSES = [process(name) for name in "abc"]


@st.composite
def splits(draw: st.DrawFn) -> Split:
    """Any share of the units."""
    return Split(
        candidate=draw(st.sampled_from(PROCESSES)), weight=draw(st.integers(0, 1000)), fail_open=draw(st.booleans())
    )


@st.composite
def wishes(draw: st.DrawFn) -> RouterIntent:
    """Any configuration that `rollout` could want."""
    candidate = draw(st.none() | st.sampled_from(PROCESSES))
    shadow, split = draw(st.tuples(st.none() | st.sampled_from(PROCESSES), st.none()) | st.tuples(st.none(), splits()))
    return intent(
        current=draw(st.sampled_from(PROCESSES)),
        candidate=candidate,
        serve=draw(st.sampled_from(["current", "candidate"])) if candidate else "current",
        shadow=shadow,
        split=split,
        trial=trial(epoch=draw(st.integers(0, 4))) if shadow or split else None,
    )


class Router:
    """What one router has loaded. A swap's files load one by one, so that each order must be safe."""

    def __init__(self, first: RouterIntent) -> None:
        self.loaded = first

    def load(self, new: RouterIntent) -> None:
        assert new.routed <= self.loaded.clusters, "a route came before its cluster"
        assert self.loaded.routed <= new.clusters, "a cluster went before its route"
        self.loaded = new


class Fleet:
    """Two routers and the published configuration; a cycle publishes at most once."""

    def __init__(self, first: RouterIntent) -> None:
        self.published = next_intent(None, False, first, spare_is_idle=True)
        self.routers = [Router(self.published), Router(self.published)]

    @property
    def loaded(self) -> bool:
        return all(router.loaded == self.published for router in self.routers)

    def cycle(self, wish: RouterIntent) -> None:
        self.published = next_intent(self.published, self.loaded, wish, spare_is_idle=True)


EVENTS = st.lists(st.one_of(wishes(), st.sampled_from(["cycle", "first loads", "second loads"])), max_size=25)


@given(first=wishes(), events=EVENTS, last=wishes())
def test_no_router_ever_has_a_route_without_its_cluster(
    first: RouterIntent, events: list[RouterIntent | str], last: RouterIntent
) -> None:
    """Wishes change at any time, routers load late, skip versions, load a swap's files in any order; then it settles."""
    fleet, wish = Fleet(first), first
    for event in [*events, last]:
        match event:
            case "cycle":
                fleet.cycle(wish)
            case "first loads" | "second loads":
                fleet.routers[event == "second loads"].load(fleet.published)
            case RouterIntent():
                wish = event
                fleet.cycle(wish)
    for _ in range(4):
        for router in fleet.routers:
            router.load(fleet.published)
        fleet.cycle(wish)
    assert fleet.published == wish
    assert next_intent(wish, True, wish, spare_is_idle=True) == wish


@given(first=wishes(), wish=wishes(), loaded=st.booleans())
def test_asking_twice_publishes_once(first: RouterIntent, wish: RouterIntent, loaded: bool) -> None:
    """What was just published and is not loaded yet is not published again."""
    published = next_intent(next_intent(None, False, first, spare_is_idle=True), loaded, wish, spare_is_idle=True)
    assert next_intent(published, False, wish, spare_is_idle=True) == published


@given(promoted=wishes().filter(lambda wish: wish.serve == "candidate"), spare=wishes(), loaded=st.booleans())
def test_a_roll_back_waits_for_nothing(promoted: RouterIntent, spare: RouterIntent, loaded: bool) -> None:
    """Traffic goes back to current with the very next publication, loaded or not, whatever else is wanted beside."""
    back = spare.model_copy(update={"current": promoted.current, "serve": "current"})
    assert next_intent(promoted, loaded, back, spare_is_idle=True).serve == "current"


@given(
    canary=wishes().filter(lambda wish: wish.split is not None and wish.weight > 0),
    wish=wishes().filter(lambda wish: not wish.weight),
    loaded=st.booleans(),
)
def test_a_share_that_is_wanted_no_more_ends_at_once(canary: RouterIntent, wish: RouterIntent, loaded: bool) -> None:
    """Whatever is wanted in its place, a current that no router knows too: until then who serves the rest serves all."""
    assert next_intent(canary, loaded, wish, spare_is_idle=True).split in (None, wish.split)


@given(wish=wishes())
def test_the_first_publication_serves_current(wish: RouterIntent) -> None:
    """Nothing is known of the routers, so nothing but current is routed to; the clusters are prepared."""
    first = next_intent(None, False, wish, spare_is_idle=True)
    assert first.routed == {wish.current.cluster}
    assert first.clusters >= wish.clusters


def test_a_new_candidate_replaces_the_serving_one_in_three_steps() -> None:
    """Prepare, move, take away; each step waits for the one before."""
    a, b, current = PROCESSES
    old = intent(current=current, candidate=a, serve="candidate")
    new = intent(current=current, candidate=b, serve="candidate")
    prepared = next_intent(old, True, new, spare_is_idle=True)
    assert (prepared.candidate, prepared.serve) == (a, "candidate")
    assert prepared.clusters >= old.clusters | new.clusters
    assert next_intent(prepared, False, new, spare_is_idle=True) == prepared
    moved = next_intent(prepared, True, new, spare_is_idle=True)
    assert moved.routed == new.routed
    assert moved.clusters >= old.clusters
    assert next_intent(moved, False, new, spare_is_idle=True) == moved
    assert next_intent(moved, True, new, spare_is_idle=True) == new


def test_spare_chains_are_not_for_the_caller() -> None:
    """A wish that names spare chains is a mistake, not a wish."""
    prepared = next_intent(None, False, intent(candidate=PROCESSES[0]), spare_is_idle=True)
    with pytest.raises(ValueError, match="spare"):
        next_intent(None, False, prepared, spare_is_idle=True)


def test_a_cluster_stays_as_long_as_a_request_may_hang_in_it() -> None:
    """Traffic has left the candidate and every router knows; what is still under way there must find current behind it."""
    old = intent(current=PROCESSES[0], candidate=PROCESSES[1], serve="candidate")
    new = intent(current=PROCESSES[0])
    left = next_intent(old, True, new, spare_is_idle=False)
    assert left.routed == new.routed
    assert next_intent(left, True, new, spare_is_idle=False) == left
    assert left.clusters == old.clusters
    assert next_intent(left, True, new, spare_is_idle=True) == new
