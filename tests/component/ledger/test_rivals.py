"""Several candidates on the same requests: each beside current, and each beside every simpler one."""

from itertools import product
from pathlib import Path

import pytest

from shadowlift.api.ledger import (
    FIRST_STEP_EPOCH,
    SHADOW_EPOCH,
    WARM_UP_EPOCH,
    WATCH_EPOCH,
    Arm,
    EpochCounters,
    Row,
    RowStatus,
)
from shadowlift.api.objective import Missing, ObjectiveType, PredictionType
from shadowlift.rollout.rivals import seen_by
from shadowlift.stats.counts import Differences
from shadowlift.stats.losses import AbsoluteError
from tests.component.ledger.world import HOUR, MATURITY, RULES, SECOND, START, World, live, shadow

NAMES = ["logreg", "boosted", "stale"]


@pytest.fixture
def several(tmp_path: Path) -> World:
    """A trial of three candidates."""
    return opened(tmp_path)


def opened(folder: Path, **changes: object) -> World:
    world = World(folder)
    world.register(candidates=NAMES, **changes)
    return world


def copy(id_: str, name: str, value: str | None = "B", **changes: object) -> Row:
    return shadow(id_, value, candidate=None if name == "logreg" else name, **changes)


def closed(world: World) -> dict[str, EpochCounters]:
    """All counters of the shadow when everything has matured, by candidate and by two of them."""
    world.now = START + MATURITY + RULES.grace_us + 2 * SECOND
    world.ship()
    world.sweep()
    return {key.partition("/")[2]: epoch for key, epoch in world.counters().epochs.items() if key.split("/")[0] == "2"}


@pytest.mark.parametrize("order", ["copies first", "live first", "together"])
def test_each_candidate_has_its_own_counts(several: World, order: str) -> None:
    """Whatever comes first: logreg right, boosted right, stale wrong, where current is wrong."""
    copies = [copy("a", "logreg"), copy("a", "boosted"), copy("a", "stale", "M")]
    batches = {
        "copies first": [copies, [live("a")]],
        "live first": [[live("a")], copies],
        "together": [[live("a"), *copies]],
    }
    for rows in batches[order]:
        several.ship(rows)
    several.outcomes(("a", "B"))
    seen = closed(several)
    assert [(seen[name].wins, seen[name].losses, seen[name].ties) for name in ("", "boosted", "stale")] == [
        (1, 0, 0), (1, 0, 0), (0, 0, 1),
    ]  # fmt: skip
    pairs = {name: (epoch.wins, epoch.losses, epoch.ties) for name, epoch in seen.items() if ">" in name}
    assert pairs == {"boosted>logreg": (0, 0, 1), "stale>logreg": (0, 1, 0), "stale>boosted": (0, 1, 0)}


def test_what_current_does_is_counted_once(several: World) -> None:
    """A further candidate brings no second live request, and no second failure of current."""
    several.ship([live("a", None, status=RowStatus.FAILED), *(copy("a", name) for name in NAMES)])
    seen = closed(several)
    assert (seen[""].live, seen[""].booked, seen[""].current_failed) == (1, 1, 1)
    assert all(epoch.current_failed == 0 and epoch.wins == 0 for name, epoch in seen.items() if name)


def test_a_failure_is_its_own_processs(several: World) -> None:
    """Boosted fails and stale says nothing: wrong for both, and a win for logreg over each; two that are wrong are equal."""
    several.ship([live("a"), copy("a", "logreg"), copy("a", "boosted", None, status=RowStatus.FAILED)])
    several.outcomes(("a", "B"))
    seen = closed(several)
    assert (seen["boosted"].candidate_failed, seen["boosted"].candidate_silent) == (1, 0)
    assert (seen["stale"].candidate_failed, seen["stale"].candidate_silent) == (1, 1)
    assert [seen[name].losses for name in ("boosted>logreg", "stale>logreg")] == [1, 1]
    assert seen["stale>boosted"].ties == 1


def test_without_an_outcome_only_those_that_differ_are_open(several: World) -> None:
    """Two candidates that agree need no outcome; two that do not count as unlabelled."""
    several.ship([live("a"), copy("a", "logreg"), copy("a", "boosted"), copy("a", "stale", "M")])
    seen = closed(several)
    assert (seen["boosted>logreg"].ties, seen["boosted>logreg"].unlabelled) == (1, 0)
    assert (seen["stale>logreg"].ties, seen["stale>logreg"].unlabelled) == (0, 1)


def test_the_warm_up_shows_how_far_candidates_are_apart(several: World) -> None:
    """Early, without outcomes: the bets on each comparison are placed by it."""
    rows = [live("a", epoch=1), *(copy("a", name, value, epoch=1) for name, value in zip(NAMES, "BBM", strict=True))]
    several.ship(rows, low=START + SECOND)
    several.now = START + RULES.grace_us + 2 * SECOND
    several.sweep()
    epochs = several.counters().epochs
    assert epochs["1/boosted"].candidate_values == {"B": 1}
    assert [
        epochs.get(f"1/{name}", EpochCounters()).disagreements
        for name in ("boosted>logreg", "stale>logreg", "stale>boosted")
    ] == [
        0,
        1,
        1,
    ]


def test_losses_are_compared_by_how_much_smaller_they_are(tmp_path: Path) -> None:
    """|100 - 90| for logreg and |80 - 90| + 5 for boosted: the difference of their losses, in parts of the range."""
    loss = AbsoluteError(0.0, 240.0)
    world = opened(
        tmp_path,
        objective=ObjectiveType.ABSOLUTE_ERROR,
        prediction_type=PredictionType.NUMBER,
        minimum=0.0,
        maximum=240.0,
    )
    for n in range(400):
        world.ship([live(f"r{n}", "60.0"), copy(f"r{n}", "logreg", "100.0"), copy(f"r{n}", "boosted", "75.0")])
        world.outcomes((f"r{n}", 90.0))
    seen = closed(world)["boosted>logreg"]
    told = Differences.from_json(seen.differences)
    wanted = loss.difference(100.0, 75.0, 90.0)
    assert told.n == 400
    mean = sum(point * n for point, n in zip(told.points, told.amounts, strict=True)) / told.n
    assert abs(mean - wanted) < 0.005


def test_a_replayed_batch_and_a_restart_change_nothing(tmp_path: Path) -> None:
    """Answers of further candidates are kept in the ledger until their units close."""
    world = opened(tmp_path)
    rows = [live("a"), *(copy("a", name) for name in NAMES)]
    world.ship(rows)
    world.ship(rows, seq=world.seqs["router-1"])
    world.database.close()
    again = World(tmp_path)
    again.seqs = world.seqs
    again.outcomes(("a", "B"))
    assert closed(again)["boosted"].wins == 1


def test_answers_go_when_nobody_asks_for_them(several: World) -> None:
    """Those of closed units and of repeated ones: an hour after they could last have counted."""
    several.ship([live("a"), *(copy("a", name) for name in NAMES), copy("b", "boosted")])
    closed(several)
    assert several.count("answers") == 3
    several.now += 2 * 3600 * SECOND
    several.purge()
    assert several.count("answers") == 0


def test_a_name_that_is_no_candidates_is_nobodys_evidence(several: World) -> None:
    """A row of a candidate that was not registered is dropped."""
    several.ship([live("a"), copy("a", "logreg"), copy("a", "stranger")])
    assert several.count("answers") == 0


def test_missing_outcomes_may_have_a_value(tmp_path: Path) -> None:
    """No event came, and that is the outcome, for two candidates too."""
    world = opened(tmp_path, missing=Missing.VALUE, missing_value="B")
    world.ship([live("a"), copy("a", "logreg"), copy("a", "boosted", "M"), copy("a", "stale", "M")])
    seen = closed(world)
    assert (seen["boosted>logreg"].losses, seen["stale>boosted"].ties) == (1, 1)


EVERY = (
    {},
    {"value": "M"},
    {"value": None, "status": RowStatus.FAILED, "reason": "Status5xx"},
    {"value": None, "status": RowStatus.UNREADABLE, "reason": "NotJson"},
    {"value": None, "status": RowStatus.OURS, "reason": "TooLong"},
    {"value": None, "status": RowStatus.GONE},
    None,  # no line at all
)


@pytest.mark.parametrize("warm", [False, True], ids=["shadow", "warm-up"])
def test_a_further_candidate_is_counted_as_the_first_one_is(several: World, warm: bool) -> None:
    """Whatever the two processes do, equal answers come to equal counts, in every field."""
    epoch, rows = WARM_UP_EPOCH if warm else SHADOW_EPOCH, []
    for n, (ours, theirs) in enumerate(product(EVERY[:-1], EVERY)):
        common = {"epoch": epoch, "shape": f"2xx application/json {{{n % 3}:string}}"}
        rows.append(live(f"a{n}", **{**common, **ours, "reason": None}))
        if theirs is not None:
            rows += [copy(f"a{n}", name, **{"us": 100 * n, **common, **theirs}) for name in NAMES]
    several.ship(rows)
    several.outcomes(*((f"a{n}", "B") for n in range(1, len(EVERY[:-1]) * len(EVERY), 2)))
    several.mature()
    counters = several.counters()
    first, *others = (seen_by(counters, NAMES, name).epochs[str(epoch)] for name in NAMES)
    assert first.unread > 0
    assert first.unmatched > 0
    assert others == [first, first]


def test_units_of_a_split_are_none_of_a_further_candidates(several: World) -> None:
    """The watch before, and the canary after a shadow of several, close as any other."""
    for epoch in (WATCH_EPOCH, FIRST_STEP_EPOCH):
        rows = [live(f"{epoch}-{n}", epoch=epoch, arm=Arm.CURRENT, mirrored=False) for n in range(10)]
        several.ship(rows)
        several.mature()
        assert several.counters().open == 0
        assert several.epoch(epoch).unknown_by_arm == {"current": 10}


def test_answers_wait_as_long_as_their_unit(several: World) -> None:
    """A router that was not heard for hours keeps units open: what further candidates said of them is not forgotten meanwhile."""
    several.register(candidates=NAMES, routers=["router-1", "router-2"])
    several.ship([live("a"), *(copy("a", name) for name in NAMES)])
    several.ship(router="router-2", low=START)
    several.now = START + MATURITY + 3 * HOUR
    several.purge()
    several.ship()
    several.ship(router="router-2")
    several.outcomes(("a", "B"))
    several.sweep(heard_at=several.now)
    counters = several.counters().epochs
    assert [counters[f"2/{name}"].candidate_silent for name in NAMES[1:]] == [0, 0]
    assert [counters[f"2/{name}"].wins for name in NAMES[1:]] == [1, 1]
