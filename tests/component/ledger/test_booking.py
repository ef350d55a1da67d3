"""From batches to booked units."""

from pathlib import Path

import pytest

from shadowlift.api.ledger import SHADOW_EPOCH, WATCH_EPOCH, Arm, RowStatus
from shadowlift.errors import Refused
from shadowlift.recorder.upkeep import ORPHAN_US
from tests.component.ledger.world import HOUR, SECOND, START, World, live, shadow


def test_a_replayed_batch_changes_nothing(world: World) -> None:
    """Whatever a repeated (router, seq) carries, it is answered and forgotten."""
    world.ship([live("a"), shadow("a")])
    before = world.stored()
    receipt = world.ship([live("a"), live("b"), shadow("b")], seq=1, lines_lost=7)
    assert (receipt.accepted, receipt.unregistered) == (0, 0)
    assert world.stored() == before


def test_only_the_first_pair_of_a_unit_is_booked(world: World) -> None:
    """Later requests of the same unit are counted as repeated, in the same batch and in later ones, also in later epochs."""
    world.ship([live("a", unit="u1"), shadow("a", unit="u1"), live("b", unit="u1"), shadow("b", unit="u1")])
    world.ship([live("c", unit="u1", epoch=1), shadow("c", unit="u1", epoch=1)])
    assert (world.epoch().live, world.epoch().booked, world.epoch().repeated) == (2, 1, 1)
    assert (world.epoch(1).live, world.epoch(1).booked, world.epoch(1).repeated) == (1, 0, 1)
    assert world.counters().open == 1


def test_units_are_booked_per_trial(world: World) -> None:
    """The same unit in another trial is a unit there."""
    world.register(uid="trial-0002", name="other")
    world.ship([live("a", unit="u1"), live("b", unit="u1", trial="trial-0002")])
    assert (world.epoch().booked, world.epoch(uid="trial-0002").booked) == (1, 1)


def test_requests_without_copy_or_unit_are_counted_and_left(world: World) -> None:
    """Unitless before unmirrored: neither books a unit, and their candidate answers are no orphans."""
    rows = [
        live("a", mirrored=False),
        live("b", unitless=True),
        live("c", mirrored=False, unitless=True),
    ]
    world.ship(rows)
    world.ship([shadow("b", unitless=True)])
    epoch = world.epoch()
    assert (epoch.live, epoch.unmirrored, epoch.unitless, epoch.booked) == (3, 1, 2, 0)
    assert world.count("shadows") == 0


@pytest.mark.parametrize("order", ["shadow first", "live first", "together", "shadow before live in one batch"])
def test_tracks_may_come_in_any_order(world: World, order: str) -> None:
    """A candidate that answers before or after current in another batch makes the same pair."""
    batches = {
        "shadow first": [[shadow("a")], [live("a")]],
        "live first": [[live("a")], [shadow("a")]],
        "together": [[live("a"), shadow("a")]],
        "shadow before live in one batch": [[shadow("a"), live("a")]],
    }[order]
    for rows in batches:
        world.ship(rows)
    world.outcomes(("a", "B"))
    world.mature()
    assert (world.epoch().wins, world.epoch().candidate_failed, world.count("shadows")) == (1, 0, 0)


def test_the_first_answer_of_a_candidate_stays(world: World) -> None:
    """A second line for the same copy does not replace the first one."""
    world.ship([live("a"), shadow("a", "B")])
    world.ship([shadow("a", "M")])
    world.outcomes(("a", "B"))
    world.mature()
    assert world.epoch().wins == 1


def test_candidate_answers_of_repeated_units_are_no_orphans(world: World) -> None:
    """They are dropped quietly, whichever of their lines comes first; an answer without any live line is an orphan."""
    world.ship([live("a", unit="u1")])
    world.ship([shadow("b", unit="u1")])
    assert world.count("shadows") == 0
    world.ship([shadow("c")])
    world.ship([live("c", unit="u1")])
    world.ship([shadow("d")])
    world.ship([shadow("e", unit="u2")])
    world.ship([live("f", unit="u2")])
    expire(world)
    assert (world.counters().orphans, world.count("shadows")) == (1, 0)


def test_orphans_are_not_guessed(world: World) -> None:
    """Where copies do not carry the unit's header, an answer of a repeated unit cannot be told from an orphan."""
    world.register(uid="trial-0002", unit_header="authorization")
    world.ship([live("a", unit="u1", trial="trial-0002"), live("b", unit="u1", trial="trial-0002")])
    world.ship([shadow("b", trial="trial-0002"), shadow("c", unit="u9", trial="trial-0002")])
    expire(world)
    assert (world.counters("trial-0002").orphans, world.count("shadows")) == (1, 0)


def test_a_candidates_answer_waits_for_a_long_live_answer(world: World) -> None:
    """It is shipped long after its copy's; `low` may have passed it, but the candidate has answered."""
    world.ship([shadow("a")])
    world.now += ORPHAN_US - 1
    world.ship()
    world.sweep(heard_at=world.now)
    world.ship([live("a")])
    world.mature()
    assert (world.epoch().candidate_silent, world.epoch().disagreements, world.counters().orphans) == (0, 1, 0)


def test_an_orphan_is_not_declared_before_the_watermark(world: World) -> None:
    """`low` says that its live line is still under way."""
    world.ship([shadow("a")], low=START)
    world.now += HOUR
    world.ship(low=START)
    world.sweep(heard_at=world.now)
    assert (world.counters().orphans, world.count("shadows")) == (0, 1)


def expire(world: World) -> None:
    world.now += ORPHAN_US
    world.ship()
    world.sweep()


def test_rows_of_unregistered_closed_and_foreign_trials_are_dropped_and_counted(world: World) -> None:
    """A router writes only into open trials that list it, in its own namespace."""
    world.register(uid="trial-closed", name="closed", closed=True)
    world.register(uid="trial-others", name="others", routers=["router-2"])
    world.register(uid="trial-foreign", namespace="other", routers=["router-1"])
    rows = [live(uid, trial=uid) for uid in ("trial-closed", "trial-others", "trial-foreign", "trial-unknown")]
    receipt = world.ship([*rows, live("a")])
    assert (receipt.accepted, receipt.unregistered) == (1, 4)
    assert world.count("units") == 1


@pytest.mark.parametrize(("router", "namespace"), [("router-9", "clinic"), ("router-1", "other")])
def test_a_router_that_is_not_registered_is_refused(world: World, router: str, namespace: str) -> None:
    """Unknown, or of another namespace: it keeps its batch."""
    with pytest.raises(Refused, match="not registered"):
        world.ship([live("a")], router=router, namespace=namespace)


def test_counts_of_a_router_are_kept(world: World) -> None:
    """Totals since the pod began, gaps in `seq`, and how far its clock is off."""
    world.ship(seq=1, lines_lost=2, shed=3)
    world.now += SECOND
    world.ship(seq=4, lines_lost=2, shed=5, sent_at=world.now - 7 * SECOND)
    router = world.counters().routers[0]
    assert (router.lines_lost, router.shed, router.batches_lost) == (2, 5, 2)
    assert (router.clock_off_us, router.last_seen, router.last_loss) == (-7 * SECOND, world.now, world.now)


def test_failed_answers_are_rows_like_others(world: World) -> None:
    """Reasons of both tracks are counted at closing."""
    late = {"status": RowStatus.FAILED, "reason": "Late"}
    world.ship(
        [
            live("a"),
            shadow("a", None, **late),
            live("b", None, status=RowStatus.UNREADABLE, reason="NotJson"),
            shadow("b"),
        ]
    )
    world.mature()
    assert world.epoch().reasons == {"Late": 1, "NotJson": 1}
    assert (world.epoch().candidate_failed, world.epoch().current_unreadable) == (1, 1)


def test_who_was_seen_in_the_watch_is_a_new_unit_of_the_shadow(tmp_path: Path) -> None:
    """Also where the answer to the copy comes before the live line: it waits, and is no repeated one's."""
    world = World(tmp_path)
    world.register(unit_header="x-user-id")
    world.ship([live("w", epoch=WATCH_EPOCH, arm=Arm.CURRENT, mirrored=False, unit="u1")])
    world.ship([shadow("a", "B", unit="u1")])
    world.ship([live("a", "M", unit="u1")])
    world.outcomes(("a", "B"))
    world.mature()
    assert (world.epoch(SHADOW_EPOCH).wins, world.epoch(SHADOW_EPOCH).candidate_silent) == (1, 0)
    world.database.close()
