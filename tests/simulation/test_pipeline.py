"""The misleading data through the real recorder and the real rules: a few trials of some rows, seeded.

`python -m dev.bench.pipeline` tries all of them, often. Each row is held against the common rule on the same requests: data that mislead
nobody would prove nothing; and a candidate that is better is promoted, lest a pipeline that is dead pass for a careful one. So few trials
hold the plumbing to the rate, not the rate itself: that is the benchmark's.
"""

from statistics import fmean

import pytest

from dev.bench.pipeline import misleading, table
from dev.bench.pipeline.claims import CLAIMS, Claim
from dev.bench.pipeline.ledger import Ledger
from dev.bench.pipeline.running import read, tried
from dev.bench.pipeline.specs import ALPHA
from dev.bench.pipeline.trial import Trial, anew
from dev.bench.stats.measure import tolerated

pytestmark = pytest.mark.timeout(300)  # seconds of a quiet machine are minutes of a busy one


def claim(name: str) -> Claim:
    return next(one for one in CLAIMS if one.name == name)


@pytest.mark.parametrize(
    ("name", "trials", "mature"),
    [
        ("steep ramp", 8, (2500, 5000)),
        ("faster converter", 8, (2500, 5000)),
        ("sticky users", 14, (400, misleading.USERS)),
        ("crash", 8, (2500, 5000)),
    ],
)
def test_data_that_mislead_a_common_rule_promote_nobody(name: str, trials: int, mature: tuple[int, int]) -> None:
    """At most alpha and three standard errors, whereas the naive rule exceeds that on the same requests; and it is units that count.

    A candidate that crashes is shown as worse: of what it answered alone its lift is +0.0155.
    """
    ends = tried(claim(name), range(trials))
    promoted, naive, units = (
        fmean(each) for each in zip(*((e.promoted, e.naive, e.mature) for e in ends), strict=True)
    )
    print(f"{name}: promoted {promoted:.3f}, naive {naive:.3f}, {units:.0f} mature units")
    assert promoted <= tolerated(ALPHA, trials) < naive
    assert mature[0] <= units <= mature[1]
    assert name != "crash" or fmean(end.lift for end in ends) < 0


@pytest.mark.parametrize("name", ["true lift in shadow", "true lift in canary"])
def test_a_better_candidate_is_promoted(name: str) -> None:
    """By a record, whose reason is the proof."""
    ends = tried(claim(name), range(4))
    assert {(end.kind, end.reason) for end in ends} == {("Promoted", "LiftProven")}


@pytest.mark.parametrize(
    ("name", "reason"),
    [("blocked for ever", "RouterSilent"), ("losing lines", "LinesLost"), ("lines lost", "SampleRatio")],
)
def test_a_trial_that_does_not_see_everything_holds(name: str, reason: str) -> None:
    """A lift that would be proven, and a pipeline that loses something: the reason says so, and nobody is promoted."""
    (end,) = tried(claim(name), range(1))
    assert (end.kind, end.reason) == ("Hold", reason)


def test_a_trial_depends_on_its_seed_alone() -> None:
    """Whatever was tried before it on the same ledger; another seed is another trial."""
    better = claim("true lift in canary")
    ends = tried(better, range(3))
    assert tried(better, range(2, 3)) == ends[2:]
    assert ends[1].looks != ends[2].looks or ends[1].mature != ends[2].mature


def test_another_weight_than_planned_stops_the_run() -> None:
    """The naive rule is told of the weights of the plan: where the operator shares otherwise it would see other requests."""
    scene = misleading.better_arm()
    wrong = anew(scene, steps=((100, 1000), (500, 5000)))
    with Ledger.opened() as ledger, pytest.raises(RuntimeError, match="the operator shares 500 of 1000 at request 500"):
        Trial(wrong, ledger, (1, 1)).run()


def test_the_table_shows_every_row() -> None:
    """Those with a naive rule beside ours, and the others."""
    each = [claim("true lift in canary"), claim("faster converter")]
    lines = [line for one in each for line in read(one, tried(one, range(2)))]
    text = table.text(lines)
    assert all(line.row.what.split(" | ")[0] in text for line in lines)
    assert len(text.splitlines()) == 2 * 3 + 1
