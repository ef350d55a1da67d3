"""Several candidates: the simplest that is proven goes on, a later one must be better than it, and who is worse is dropped."""

from typing import Any

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from tests.support.world import BETTER, EQUAL, WORSE, spec
from tests.unit.rollout.given import CANARY, VALUES, WARM, Life

NAMES = ("logreg", "boosted", "stale")
CANDIDATES = [{"name": name, "bento": {"image": f"{name}:1", "replicas": 2}} for name in NAMES]
PAIRS = ("boosted>logreg", "stale>logreg", "stale>boosted")
SOME = {**EQUAL, "wins": 20, "losses": 12, "ties": 968}  # neither proven nor given up
ALIKE = {"wins": 10, "losses": 10, "ties": 980}
BEATS = {"wins": 60, "losses": 5, "ties": 935}


def counting(**changes: Any) -> Life:
    """A trial of three candidates whose evidence counts."""
    life = Life(spec=spec(candidates=CANDIDATES, **changes)).settled()
    life.count(1, WARM)
    for name in ("boosted", "stale"):
        life.count(f"1/{name}", EpochCounters(candidate_values=VALUES, disagreements=10))
    for pair in PAIRS:
        life.count(f"1/{pair}", EpochCounters(disagreements=4))
    return life.settled()


def seen(life: Life, logreg: dict, boosted: dict, stale: dict = SOME, **pairs: dict) -> Life:
    """The recorder has counted this of each candidate, and of two of them."""
    life.count(2, EpochCounters(**logreg))
    own = {"live": 0, "booked": 0, "current_values": {}}
    for name, counts in (("boosted", boosted), ("stale", stale)):
        life.count(f"2/{name}", EpochCounters(**{**counts, **own, "candidate_values": VALUES}))
    for pair in PAIRS:
        life.count(f"2/{pair}", EpochCounters(**pairs.get(pair.replace(">", "_over_"), ALIKE)))
    return life


def ends(life: Life) -> list[tuple[str, str]]:
    """What was decided after counting began, of whom."""
    return [(record.kind.value, record.candidate) for record in life.records[2:]]


def test_all_are_shadowed_and_share_the_error_rate():
    """Copies for each, the first one's without a name; each has a third of alpha."""
    life = counting()
    assert life.published is not None
    intent = life.published.intent
    assert intent.shadow is not None
    assert [rival.name for rival in intent.rivals] == ["boosted", "stale"]
    assert life.records[0].terms is not None
    assert life.records[0].terms.alpha == pytest.approx(0.01 / 3)
    assert life.records[1].baseline is not None
    assert set(life.records[1].baseline.rivals) == {"boosted", "stale", *PAIRS}


def test_the_simplest_that_is_proven_goes_on_and_the_record_says_why():
    """Logreg and boosted are both proven; boosted is not proven better than logreg."""
    life = seen(counting(), BETTER, BETTER)
    status = life.settle()
    assert (status.phase, ends(life)) == (Phase.PROMOTED, [("Promoted", "logreg")])
    assert "boosted not proven better than logreg" in life.records[-1].message
    assert life.published is not None
    assert (life.published.intent.shadow, life.published.intent.rivals) == (None, ())
    assert sorted(life.workloads) == [life.world().challenger.workload], "the others are gone"


def test_a_later_one_that_is_better_than_the_simplest_takes_the_lead():
    """At the same bar."""
    life = seen(counting(), BETTER, BETTER, boosted_over_logreg=BEATS)
    assert life.settle().phase is Phase.PROMOTED
    assert ends(life) == [("Promoted", "boosted")]
    assert life.status is not None
    assert life.status.serving is not None
    assert life.status.serving.name == "boosted"


def test_a_later_one_waits_for_a_simpler_one_of_which_nothing_is_known():
    """Boosted is proven, logreg is open: hold; until logreg is proven, is given up, or is proven to be worse."""
    life = seen(counting(), SOME, BETTER)
    status = life.settle()
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert (status.trial.verdict.reason, ends(life)) == ("SimplerFirst", [])
    passed = seen(life.copy(), SOME, BETTER, boosted_over_logreg=BEATS)
    passed.settle()
    assert ends(passed) == [("Promoted", "boosted")]
    given_up = seen(life.copy(), WORSE, BETTER)
    given_up.settle()
    assert ends(given_up) == [("Dropped", "logreg"), ("Promoted", "boosted")]
    assert given_up.records[-1].message.endswith("; logreg dropped (Harm)"), "who is out of the running, and why"


def test_who_is_worse_is_dropped_and_the_others_go_on():
    """Its copies and its pods end; the trial, its deadline and the others' evidence do not."""
    life = seen(counting(), SOME, SOME, WORSE)
    before = life.status.trial.deadline if life.status and life.status.trial else None
    status = life.settle()
    assert (status.phase, ends(life)) == (Phase.SHADOWING, [("Dropped", "stale")])
    assert status.trial is not None
    assert status.trial.deadline == before
    assert [one.name for one in status.trial.contenders] == ["logreg", "boosted"]
    assert life.published is not None
    assert [rival.name for rival in life.published.intent.rivals] == ["boosted"]
    assert len(life.workloads) == 2


def test_each_is_held_against_what_was_seen_of_itself():
    """That another one's pairs are more is no sign of a ledger that has shrunk; that its own are fewer is."""
    fewer = {**SOME, "ties": 900, "unlabelled": 68}
    life = seen(counting(), SOME, BETTER, fewer).settled()
    assert life.status is not None
    assert life.status.trial is not None
    assert {one.name: one.verdict.kind.value for one in life.status.trial.contenders if one.verdict} == {
        "logreg": "Hold",
        "boosted": "Promote",
        "stale": "Hold",
    }
    life.count("2/stale", EpochCounters(**{**fewer, "ties": 899, "candidate_values": VALUES}))
    life.settle()
    [stale] = [one for one in life.status.trial.contenders if one.name == "stale"]
    assert stale.verdict is not None
    assert stale.verdict.reason == "EvidenceLost"


def test_the_simplest_one_may_be_dropped_too():
    """Then its copies end, and those of the others keep their names."""
    life = seen(counting(), WORSE, SOME)
    assert life.settle().phase is Phase.SHADOWING
    assert life.published is not None
    assert life.published.intent.shadow is None
    assert [rival.name for rival in life.published.intent.rivals] == ["boosted", "stale"]


def test_when_the_last_one_is_given_up_the_trial_is_over():
    """Two are dropped, the third ends it."""
    life = seen(counting(), WORSE, WORSE, WORSE)
    assert life.settle().phase is Phase.REJECTED
    assert [kind for kind, _ in ends(life)] == ["Dropped", "Dropped", "Rejected"]


def test_the_one_that_goes_on_meets_the_canary_alone():
    """Its record names it; the canary's counts are those of the trial."""
    life = seen(counting(strategy={"shadow": {"percent": "100%"}, **CANARY}), SOME, BETTER, boosted_over_logreg=BEATS)
    status = life.settle()
    assert (status.phase, set(ends(life))) == (Phase.CANARY, {("Stepped", "boosted")})
    assert status.trial is not None
    assert status.trial.candidate == "boosted"
    assert life.published is not None
    assert life.published.intent.split is not None
    assert life.published.intent.split.candidate == life.world().candidate_named("boosted").upstream  # type: ignore[union-attr]


def test_an_operator_that_starts_anew_knows_who_was_dropped():
    """By the records, not by status."""
    life = seen(counting(), SOME, SOME, WORSE).settled()
    life.status = None
    assert life.settle().phase is Phase.SHADOWING
    assert [record.kind for record in life.records].count(RecordKind.DROPPED) == 1


def test_all_must_be_ready_before_the_trial_begins():
    """A candidate without pods is named."""
    life = Life(spec=spec(candidates=CANDIDATES), starts=False)
    life.settle()
    condition = life.condition("Progressing")
    assert condition is not None
    assert (condition.reason, "logreg" in condition.message) == ("CandidateNotReady", True)


def warming(**changes: Any) -> Life:
    """Three candidates, of which the second never answered anything that could be read."""
    life = Life(spec=spec(candidates=CANDIDATES, **changes)).settled()
    many = EpochCounters(**{**WARM.model_dump(), "current_values": {"B": 700, "M": 300}, "live": 1000, "booked": 1000})
    life.count(1, many)
    life.count("1/boosted", EpochCounters(candidate_failed=1000, reasons={"Status5xx": 1000}))
    life.count("1/stale", EpochCounters(candidate_values=VALUES, disagreements=10))
    return life


def test_one_that_says_nothing_does_not_keep_the_others_from_being_counted():
    """It is dropped after a thousand requests, with the reason; evidence counts for the rest."""
    life = warming()
    life.settle()
    assert [(one.kind.value, one.candidate, one.reason) for one in life.records[1:]] == [
        ("Dropped", "boosted", "Incomparable"),
        ("Counting", "logreg", "WarmUpDone"),
    ]
    assert "Status5xx: 1000" in life.records[1].message


def test_one_that_still_starts_is_waited_for():
    """At 999 requests it may yet come."""
    life = warming()
    life.count(1, EpochCounters(**{**WARM.model_dump(), "current_values": {"B": 699, "M": 300}}))
    life.settle()
    assert len(life.records) == 1
