"""When units close, and what a missing line means then."""

from typing import Any

import pytest

from tests.component.ledger.world import HOUR, MATURITY, RULES, SECOND, START, World, live, shadow

DUE = START + MATURITY + RULES.grace_us + 1


def test_a_unit_closes_when_it_is_mature_and_not_before(world: World) -> None:
    """Start + maturity + grace; an outcome on the last moment still counts."""
    world.ship([live("a"), shadow("a")], low=START + HOUR)
    world.now = DUE - 2
    world.sweep()
    assert (world.counters().open, world.epoch().disagreements) == (1, 0)
    world.outcomes(("a", "B"))
    world.now = DUE
    world.sweep()
    assert (world.counters().open, world.epoch().wins) == (0, 1)


def test_closing_waits_for_the_slowest_router(world: World) -> None:
    """Lines under way at any router that is not silent may still belong to units of that time."""
    world.register(routers=["router-1", "router-2"])
    world.ship([live("a"), shadow("a")])
    world.ship(router="router-2", low=START)
    world.now = DUE
    world.ship()
    world.ship(router="router-2", low=START)
    world.sweep()
    assert (world.counters().open, world.counters().watermark) == (1, START)
    world.ship(router="router-2", low=START + 1)
    world.sweep()
    assert world.counters().open == 0


def test_only_units_before_the_watermark_close(world: World) -> None:
    """Of mature units, and of warm-up pairs, those that started later wait."""
    rows = [live("a"), live("b", t=START + 1), live("c", epoch=1), live("d", epoch=1, t=START + 1)]
    world.ship(rows, low=START + 1)
    world.now = DUE + 1
    world.sweep(heard_at=world.now)
    assert world.counters().open == 2
    assert (world.epoch(1).candidate_silent, world.epoch(2).candidate_silent) == (1, 1)
    assert (world.epoch(1).unmatched, world.epoch(2).unmatched) == (0, 0)


def test_closing_waits_for_a_router_that_was_never_heard_until_it_is_silent(world: World) -> None:
    """A router just registered may hold lines of long ago."""
    world.now = DUE - SECOND
    world.register(routers=["router-1", "router-2"])
    world.ship([live("a"), shadow("a")])
    world.now = DUE
    world.sweep()
    assert (world.counters().open, world.counters().watermark) == (1, None)
    world.now += RULES.silent_after_us + SECOND
    world.ship()
    world.sweep()
    assert world.counters().open == 0
    assert [router.silent for router in world.counters().routers] == [False, True]


def test_a_silent_router_is_not_waited_for_and_its_missing_lines_are_gaps(world: World) -> None:
    """Nobody knows what it still held, so the candidate is not blamed; a complete pair counts all the same."""
    world.ship([live("a"), live("b"), shadow("b")], low=START)
    world.now = DUE + RULES.silent_after_us
    world.sweep()
    counters = world.counters()
    assert (counters.open, counters.watermark, counters.routers[0].silent) == (0, None, True)
    assert (world.epoch().unmatched, world.epoch().disagreements, world.epoch().candidate_silent) == (1, 1, 0)
    assert counters.routers[0].last_loss == world.now


def test_the_gap_of_a_silent_router_ends_when_it_speaks_again(world: World) -> None:
    """Requests of the silence without answer line are unmatched, requests after it are the candidate's silence."""
    world.ship(low=START)
    world.now = START + RULES.silent_after_us + SECOND
    world.sweep()
    assert world.counters().routers[0].silent
    world.now += SECOND
    world.ship([live("a", t=world.now - SECOND), live("b", t=world.now + 1)])
    assert not world.counters().routers[0].silent
    world.mature()
    assert (world.epoch().unmatched, world.epoch().candidate_silent) == (1, 1)


def test_the_recorders_own_trouble_is_not_a_routers_silence(world: World) -> None:
    """A router that reached the process, though nothing could be stored, or had no process to reach, is not silent."""
    world.ship(low=START)
    world.now = START + HOUR
    world.sweep(heard_at=world.now - SECOND)
    assert not world.counters().routers[0].silent


def test_routers_of_closed_trials_are_not_expected(world: World) -> None:
    """Their pods go away with the trial."""
    world.register(closed=True)
    world.now = START + HOUR
    world.sweep()
    assert not world.counters().routers[0].silent


def test_the_last_units_of_a_trial_that_is_over_close_without_their_router(world: World) -> None:
    """Its pod died just before another trial began, which it never heard of: nothing waits for it for ever."""
    world.ship([live("a"), shadow("a")], low=START)
    world.register(uid="trial-0002", routers=["router-2"])
    world.now = DUE + RULES.silent_after_us
    world.sweep()
    world.sweep()
    assert world.counters().open == 0
    assert world.epoch().booked == 1


def test_no_answer_line_means_a_silent_candidate_where_the_router_lost_nothing(world: World) -> None:
    """The copy was sent, every line has arrived, none is the candidate's: it is wrong."""
    world.ship([live("a")])
    world.outcomes(("a", "M"))
    world.mature()
    epoch = world.epoch()
    assert (epoch.candidate_silent, epoch.candidate_failed, epoch.losses, epoch.unmatched) == (1, 1, 1, 0)


@pytest.mark.parametrize("loss", [{"lines_lost": 1}, {"seq": 3}], ids=["line", "batch"])
def test_a_loss_covers_the_time_since_the_previous_low(world: World, loss: dict[str, Any]) -> None:
    """Requests from the previous `low` to the sending of the batch that tells of the loss may lack a line."""
    world.ship([live("before", t=START - 1)], low=START)
    world.now += 10 * SECOND
    world.ship([live("within", t=START), live("last", t=world.now), live("after", t=world.now + 1)], **loss)
    world.ship(seq=4, lines_lost=loss.get("lines_lost", 0))
    world.now += MATURITY + RULES.grace_us + SECOND
    world.ship(seq=5, lines_lost=loss.get("lines_lost", 0))
    world.sweep()
    assert (world.epoch().unmatched, world.epoch().candidate_silent) == (2, 2)


def test_lines_that_a_router_may_have_kept_are_not_the_candidates_silence(world: World) -> None:
    """A router that left without saying that it had sent everything is not waited for, and not trusted either."""
    world.register(routers=["router-1", "router-2"])
    world.ship([live("a"), live("b", t=START - 1)], router="router-2", low=START)
    world.mature()
    assert (world.counters().open, world.epoch().unmatched, world.epoch().candidate_silent) == (0, 1, 1)


def test_closing_twice_is_impossible(world: World) -> None:
    """What has closed is not folded again, and late lines change nothing."""
    world.ship([live("a"), shadow("a")])
    world.mature()
    before = world.epoch()
    world.ship([shadow("a", "M")])
    world.mature()
    assert world.epoch() == before


def test_large_backlogs_close_in_steps(world: World) -> None:
    """Each step folds a bounded number of units; together they fold all."""
    world.ship([row for n in range(25) for row in (live(f"r{n}"), shadow(f"r{n}"))])
    world.now = DUE
    world.ship()
    world.sweep(limit=10)
    assert (world.counters().open, world.epoch().unlabelled) == (0, 25)


def test_a_trial_that_has_ended_closes_what_it_has(world: World) -> None:
    """Its stored pairs stay evidence; rows are no longer taken."""
    world.ship([live("a"), shadow("a")])
    world.register(closed=True)
    world.mature()
    assert world.counters().open == 0


def test_warm_up_shows_agreement_early_and_outcomes_at_maturity(world: World) -> None:
    """Epoch 0: values and disagreements as soon as the watermark has passed, wins and labels when their time has come."""
    world.ship(
        [live("a", epoch=1), shadow("a", epoch=1), live("b", epoch=1), shadow("b", "M", epoch=1)], low=START + SECOND
    )
    world.outcomes(("a", "B"), ("b", "b"))
    world.now += RULES.grace_us + 1
    world.sweep()
    early = world.epoch(1)
    assert (early.current_values, early.candidate_values, early.disagreements) == ({"M": 2}, {"B": 1, "M": 1}, 1)
    assert (early.wins, early.ties, early.outcome_values, world.counters().open) == (0, 0, {}, 2)
    world.mature()
    late = world.epoch(1)
    assert (late.wins, late.ties, late.labelled, late.outcome_values) == (1, 1, 1, {"B": 1, "b": 1})
    assert (late.current_values, late.disagreements, world.counters().open) == ({"M": 2}, 1, 0)


def test_warm_up_waits_for_the_watermark(world: World) -> None:
    """A pair whose second line is under way is not folded as a silent candidate."""
    world.ship([live("a", epoch=1)], low=START)
    world.now += RULES.grace_us + SECOND
    world.sweep()
    assert world.epoch(1).candidate_silent == 0
    world.ship([shadow("a", epoch=1)])
    world.sweep()
    assert (world.epoch(1).candidate_silent, world.epoch(1).disagreements) == (0, 1)


def test_other_epochs_show_nothing_before_maturity(world: World) -> None:
    """Evidence is folded with its outcome, or as missing one, never in between."""
    world.ship([live("a"), shadow("a")])
    world.now += RULES.grace_us + SECOND
    world.ship()
    world.sweep()
    assert world.epoch().disagreements == 0
