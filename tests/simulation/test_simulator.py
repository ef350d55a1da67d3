"""The whole rule in imagined trials: its promises, its power, and the same result for the same seed."""

import random
from itertools import islice

import pytest

from shadowlift.stats.pairs import Losses, RightOrWrong
from shadowlift.stats.power import promotion_probability
from shadowlift.stats.simulate import Characteristics, Course, End, Setting, trials
from shadowlift.stats.terms import PairedTest, Rates
from shadowlift.stats.verdict import Reason

pytestmark = pytest.mark.timeout(60)  # seconds of a quiet machine are minutes of a busy one

ALPHA = 0.05
SIX_PERCENT = RightOrWrong(0.06)
LOSSES = Losses((10 / 240) ** 2)  # minutes of 240


def setting(course: Course, pairs: RightOrWrong | Losses = SIX_PERCENT, share: float = 0.6) -> Setting:
    target = 0.02 if isinstance(pairs, RightOrWrong) else 2 / 240
    rates = Rates(ALPHA, deadline_share=share if isinstance(pairs, RightOrWrong) else 0.0)
    test = PairedTest.planned(minimum_lift=0.0, target_lift=target, rates=rates, second_moment=pairs.second_moment)
    return Setting(test, pairs, course)


def seen(given: Setting, lift: float, replications: int = 400, seed: int = 7) -> Characteristics:
    return Characteristics.of(lift, list(trials(given, lift, replications, random.Random(seed).random)))


def test_false_promotion_stays_below_alpha() -> None:
    """Without a lift, both stops and the exact look at the deadline included: alpha and three standard errors at most, and not never."""
    none = seen(setting(Course(1169, 30)), 0.0, 1000)
    assert 0.005 <= none.promoted <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / 1000) ** 0.5
    assert none.harmful <= 0.02


def test_the_planning_formula_gives_the_classical_power() -> None:
    """1.27 classical samples at the target: 0.80, less what giving up too early costs; part of it at the deadline only."""
    given = setting(Course(1169, 30))
    target = seen(given, 0.02)
    assert 0.70 <= target.promoted <= 0.84
    assert 0.2 <= target.promoted_at_deadline < target.promoted
    expected = promotion_probability(given.test, given.pairs, 0.02, 1169)
    assert target.promoted == pytest.approx(expected, abs=0.03 + 2 * target.half_width(target.promoted))


def test_with_time_the_target_is_promoted_and_a_worse_candidate_soon_rejected() -> None:
    """Twenty classical samples: nothing is left over; the mean at the target is that of the e-process alone, 1,092 pairs."""
    given = setting(Course(20_000, 20), share=0.0)
    target, worse = seen(given, 0.02), seen(given, -0.02)
    assert target.promoted >= 0.93
    assert target.mean == pytest.approx(1092, rel=0.15)
    assert worse.promoted == 0
    assert worse.futile + worse.harmful == 1
    assert worse.median < 600
    assert target.expired == worse.expired == 0


def test_a_loss_follows_the_same_rule() -> None:
    """Two minutes of 240: proven as a rule; none: given up."""
    given = setting(Course(5000, 40), LOSSES)
    target, none = seen(given, 2 / 240, 60), seen(given, 0.0, 60)
    assert target.promoted >= 0.85
    assert none.promoted <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / 60) ** 0.5
    assert none.futile >= 0.85


def test_the_same_seed_gives_the_same_result() -> None:
    """And another one another."""
    for given in (setting(Course(2000, 50)), setting(Course(2000, 50), LOSSES)):
        lift = given.test.target_lift
        assert seen(given, lift, 30) == seen(given, lift, 30)
        assert seen(given, lift, 30) != seen(given, lift, 30, seed=8)


def test_trials_come_one_by_one() -> None:
    """So that a display can show how far it is: a million of them need not be waited for."""
    few = list(islice(trials(setting(Course(200, 50)), 0.0, 1_000_000, random.Random(1).random), 3))
    assert len(few) == 3


def test_a_cycle_makes_promotion_wait_and_rejection_not() -> None:
    """Promotions at the first look after a whole cycle only; a candidate that is worse goes whenever it is seen."""
    given = setting(Course(6000, 30, cycle=1000), share=0.0)
    chance = random.Random(3).random
    promoted = {end.pairs for end in trials(given, 0.02, 100, chance) if end.reason is Reason.LIFT_PROVEN}
    assert promoted
    assert all(pairs >= 1000 and pairs % 1000 < 30 for pairs in promoted)
    assert any(end.pairs < 1000 for end in trials(given, -0.02, 50, chance))


def test_a_lift_that_is_proven_within_a_cycle_can_expire() -> None:
    """A deadline before the first whole cycle promotes nothing."""
    ends = set(trials(setting(Course(900, 30, cycle=1000), share=0.0), 0.06, 20, random.Random(4).random))
    assert ends == {End(Reason.NOT_ENOUGH_EVIDENCE, 900)}


def test_looks_end_with_the_deadline() -> None:
    """Also where it is no multiple, and where it comes before the first."""
    assert list(Course(100, 30).looks) == [30, 60, 90, 100]
    assert list(Course(90, 30).looks) == [30, 60, 90]
    assert list(Course(10, 30).looks) == [10]


def test_every_end_is_counted_once() -> None:
    """Shares add up to 1; places in the sorted numbers of pairs, from one in ten to nine in ten."""
    reasons = [
        Reason.LIFT_PROVEN,
        Reason.LIFT_PROVEN_AT_DEADLINE,
        Reason.HARM_PROVEN,
        Reason.TARGET_OUT_OF_REACH,
        Reason.NO_DISAGREEMENT,
    ]
    of = Characteristics.of(0.0, [End(reason, 10 * place) for place, reason in enumerate(reasons * 2, 1)])
    assert (of.promoted, of.promoted_at_deadline, of.harmful, of.futile, of.expired) == (0.4, 0.2, 0.2, 0.2, 0.2)
    assert (of.mean, of.tenth, of.median, of.ninetieth) == (55, 10, 50, 90)


def test_the_half_width_knows_that_never_is_not_impossible() -> None:
    """Wilson's interval: 0.031 at a half of 1,000; nearly 0.002 at none of them, where the simple formula says 0."""
    of = Characteristics.of(0.0, [End(Reason.HARM_PROVEN, 1)] * 1000)
    assert of.half_width(0.5) == pytest.approx(0.031, abs=0.0005)
    assert of.half_width(0.0) == of.half_width(1.0) == pytest.approx(0.0019, abs=0.0001)


def test_lifts_that_cannot_be_are_not_tried() -> None:
    """Five by default; twice the target needs more disagreements than three in a hundred."""
    assert setting(Course(100, 10)).lifts == [-0.02, 0.0, 0.01, 0.02, 0.04]
    assert setting(Course(100, 10), RightOrWrong(0.03)).lifts == [-0.02, 0.0, 0.01, 0.02]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (lambda: Course(0, 10), "last"),
        (lambda: Course(10, 0), "every"),
        (lambda: Course(10, 1, cycle=0), "cycle"),
        (lambda: next(trials(setting(Course(10, 1)), 0.1, 10, random.random)), "lift"),
        (lambda: next(trials(setting(Course(10, 1)), 0.0, 0, random.random)), "replications"),
        (lambda: Setting(setting(Course(10, 1)).test, LOSSES, Course(10, 1)), "deadline_share"),
    ],
)
def test_what_cannot_be_names_its_field(given, field: str) -> None:
    """A caller is told which of its numbers is wrong."""
    with pytest.raises(ValueError, match=f"^{field} must"):
        given()
