"""The ratio of events by arm: what moves the e-value and its bounds, that they agree, and that no count breaks them."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowlift.stats import events
from shadowlift.stats.arm_counts import ArmEvents
from shadowlift.stats.bets import GRID_SIZE, Bets
from shadowlift.stats.epochs import Epoch, Epochs
from tests.unit.stats.given import error_rates, repeatable
from tests.unit.stats.given_arms import TERMS, arm_events, epoch, event_epochs

BETS = events.planned_bets(1.0, 1.5)
nulls = st.one_of(st.just(1.0), st.floats(0.1, 10))
grids = st.builds(lambda excess: events.planned_bets(1.0, 1 + excess), st.floats(0.01, 10))
cases = st.tuples(event_epochs, grids, nulls)
Case = tuple[Epochs, Bets, float]


def one_epoch(candidate: int, current: int, weight: int = 500) -> Epochs:
    return Epochs((Epoch(1, weight, 0.0, ArmEvents(candidate, current)),))


def likelihood_ratio(happened: tuple, bets: Bets, null: float) -> Fraction:
    """The definition, in exact arithmetic: the chance of each event under each alternative over that under the null."""
    total = Fraction(0)
    for fraction, weight in zip(bets.fractions, bets.weights, strict=True):
        value = Fraction(weight)
        for number, arm in happened:
            share = Fraction(TERMS[number][0], 1000)
            odds = [share * Fraction(null), share * Fraction(null) * (1 + Fraction(fraction))]
            tested, other = (one / (one + 1 - share) for one in odds)
            value *= other / tested if arm else (1 - other) / (1 - tested)
        total += value
    return total


@pytest.mark.parametrize("null", [1.0, 1.2, 0.5])
def test_the_e_value_is_the_likelihood_ratio_event_by_event(null: float) -> None:
    """Counters lose nothing: every sequence of up to 4 events at two weights."""
    for n in range(5):
        for happened in itertools.combinations_with_replacement(itertools.product((1, 2), (0, 1)), n):
            counts = (epoch(number, ArmEvents(arm, 1 - arm)) for number, arm in happened)
            found = events.wealth(sum(counts, Epochs()), BETS, null).log_e_value
            assert math.exp(found) == pytest.approx(float(likelihood_ratio(happened, BETS, null)), rel=1e-12)


@pytest.mark.parametrize("weight", [1, 100, 500, 999])
@pytest.mark.parametrize("null", [1.0, 1.3])
def test_an_event_pays_as_a_bet_on_the_chance(weight: int, null: float) -> None:
    """1 + b (A - s) with b = f / (1 + s f): what makes the promise one for the average chance so far."""
    share = weight / 1000 * null / (weight / 1000 * null + 1 - weight / 1000)
    for arm in (0, 1):
        logs = events.wealth(one_epoch(arm, 1 - arm, weight), BETS, null).logs
        paid = [1 + f / (1 + share * f) * (arm - share) for f in BETS.fractions]
        assert [math.exp(log) for log in logs] == pytest.approx(paid, rel=1e-12)


@repeatable
@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_the_shards_never_shows(case: Case, chance: object) -> None:
    """Any order of merging gives the same e-value, to the last bit."""
    epochs, bets, null = case
    shards = [Epochs((one,)) for one in epochs.epochs] + [epochs]
    chance.shuffle(shards)
    forth, back = sum(shards, Epochs()), sum(reversed(shards), Epochs())
    assert events.wealth(forth, bets, null).log_e_value == events.wealth(back, bets, null).log_e_value


@repeatable
@given(cases)
def test_logs_add_as_counts_do(case: Case) -> None:
    """Twice the events are twice the log wealth of each bet."""
    epochs, bets, null = case
    once, twice = (events.wealth(some, bets, null) for some in (epochs, epochs + epochs))
    assert twice.logs == pytest.approx([2 * log for log in once.logs], rel=1e-12, abs=1e-12)
    assert twice.information == 2 * once.information


@repeatable
@given(arm_events, grids, nulls, st.sampled_from([1, 2, 3, 4, 9]), error_rates)
def test_an_event_speaks_against_its_arm(
    counts: ArmEvents, bets: Bets, null: float, number: int, error_rate: float
) -> None:
    """One more of the candidate raises the e-value and the bound on the ratio, one more of the other arm lowers both."""
    now, worse, better = (
        events.wealth(epoch(number, counts + more), bets, null)
        for more in (ArmEvents(), ArmEvents(1, 0), ArmEvents(0, 1))
    )
    rounding = 1e-9 * max(1.0, abs(now.log_e_value))
    assert better.log_e_value - rounding <= now.log_e_value <= worse.log_e_value + rounding
    bounds = [one.lower_bound(error_rate) for one in (better, now, worse)]
    assert bounds[0] <= bounds[1] * (1 + 1e-7)
    assert bounds[1] <= bounds[2] * (1 + 1e-7)


def test_single_events_move_the_e_value_strictly() -> None:
    """A dead engine would pass a test of "not less"."""
    better, now, worse = (
        events.wealth(one_epoch(*counts), BETS, 1.0).log_e_value for counts in ((30, 21), (30, 20), (31, 20))
    )
    assert better + 1e-2 < now < worse - 1e-2


@repeatable
@given(cases, error_rates)
def test_the_bounds_and_the_e_values_say_the_same(case: Case, error_rate: float) -> None:
    """Each bound is beyond the null exactly where its null falls, to the last bit, at any counts."""
    epochs, bets, null = case
    more = events.wealth(epochs, bets, null)
    assert (more.lower_bound(error_rate) > null) == more.rejects(error_rate)
    less = events.wealth(epochs.mirrored(), bets, 1 / null)
    upper = events.upper_bound(epochs, bets, null, error_rate)
    assert (upper < null) == less.rejects(error_rate)
    assert more.lower_bound(error_rate) >= 0


@pytest.mark.parametrize("seen", [(20, 9), (31, 14), (700, 600)])
def test_they_say_the_same_also_a_rounding_away_from_the_bar(seen: tuple[int, int]) -> None:
    """Where the e-value all but meets the bar, the bound is on the side that the decision is on."""
    wealth = events.wealth(one_epoch(*seen), BETS, 1.0)
    assert wealth.log_e_value > 1
    for offset in range(-40, 41):
        error_rate = math.exp(-wealth.log_e_value) * (1 + offset * 2**-52)
        assert (wealth.lower_bound(error_rate) > 1) == wealth.rejects(error_rate)


@pytest.mark.parametrize("null", [0.3, 1.02, 1.05, 1.07, 1.1, 1.13, 1.2, 1.7, 3.0])
def test_the_upper_side_says_the_same_a_rounding_away_from_the_bar(null: float) -> None:
    """Also where 1 / (1 / null) is not the null."""
    epochs = one_epoch(90, 500)
    wealth = events.wealth(epochs.mirrored(), BETS, 1 / null)
    bar = math.exp(-wealth.log_e_value) if wealth.log_e_value > 1 else 0.3
    for offset in range(-8, 9):
        error_rate = min(0.49, bar * (1 + offset * 2**-52))
        assert (events.upper_bound(epochs, BETS, null, error_rate) < null) == wealth.rejects(error_rate)


@repeatable
@given(arm_events, grids, nulls, st.sampled_from([1, 2, 3, 4, 9]), error_rates)
def test_the_bounds_enclose_the_estimate(
    counts: ArmEvents, bets: Bets, null: float, number: int, error_rate: float
) -> None:
    """With one weight the likeliest ratio is never outside."""
    some = epoch(number, counts)
    seen = events.estimate(some)
    if seen is not None:
        assert events.wealth(some, bets, null).lower_bound(error_rate) <= seen * (1 + 1e-7)
        assert events.upper_bound(some, bets, null, error_rate) >= seen * (1 - 1e-7)


@pytest.mark.parametrize("null", [1.0, 1.2])
@pytest.mark.parametrize("few", [(3, 90), (20, 100), (0, 2)])
def test_the_bound_is_the_root_of_its_definition(null: float, few: tuple[int, int]) -> None:
    """sum_j w_j exp(log W_j - sum_e b_je n_e (chance_e(r) - chance_e(null))) = 1 / error_rate, over two weights, by bisection."""
    epochs = one_epoch(60, 40) + Epochs((Epoch(2, 50, 0.0, ArmEvents(*few)),))
    wealth = events.wealth(epochs, BETS, null)

    def chance(share: float, ratio: float) -> float:
        return share * ratio / (share * ratio + 1 - share)

    def total(ratio: float) -> float:
        terms = []
        for f, weight, log in zip(BETS.fractions, BETS.weights, wealth.logs, strict=True):
            moved = [
                n * f / (1 + chance(share, null) * f) * (chance(share, ratio) - chance(share, null))
                for n, share in ((100, 0.5), (sum(few), 0.05))
            ]
            terms.append(weight * math.exp(log - sum(moved)))
        return sum(terms)

    low, high = 1e-9, 1e9
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if total(middle) >= 1 / 0.05 else (low, middle)
    assert wealth.lower_bound(0.05) == pytest.approx(low, rel=1e-8)


def test_ever_more_events_close_in_on_the_ratio() -> None:
    """At a constant ratio of 1.5 and a weight of 10 %."""
    widths = []
    for n in (100, 1000, 10_000, 100_000):
        candidate = round(n * 0.15 / (0.15 + 0.9))
        epochs = one_epoch(candidate, n - candidate, 100)
        lower = events.wealth(epochs, BETS, 1.0).lower_bound(0.025)
        upper = events.upper_bound(epochs, BETS, 1.5, 0.025)
        assert lower < 1.5 < upper
        widths.append(upper - lower)
    assert widths == sorted(widths, reverse=True)


class TestPlan:
    """Bets on a ratio."""

    def test_alternatives_lie_geometrically_around_the_target(self) -> None:
        """An excess of 50 %: from 1/32 to 8, so ratios from 1.03 to 9, most weight beside 1.5."""
        assert len(BETS.fractions) == GRID_SIZE
        assert (BETS.fractions[0], BETS.fractions[-1]) == pytest.approx((0.5 / 16, 0.5 * 16))
        heaviest = BETS.fractions[BETS.weights.index(max(BETS.weights))]
        assert heaviest == pytest.approx(0.5, rel=0.25)
        assert events.planned_bets(1 / 1.2, 1.0).fractions == pytest.approx(events.planned_bets(1.0, 1.2).fractions)

    @pytest.mark.parametrize(
        ("null", "target", "name"),
        [
            (0.0, 1.0, "null"),
            (-1.0, 1.0, "null"),
            (math.nan, 1.0, "null"),
            (math.inf, 1.0, "null"),
            (1.0, 1.0, "target"),
            (1.0, 0.9, "target"),
            (1.0, math.inf, "target"),
            (1.0, math.nan, "target"),
        ],
    )
    def test_a_bad_argument_is_refused_by_name(self, null: float, target: float, name: str) -> None:
        """A target on the wrong side of the null is none."""
        with pytest.raises(ValueError, match=f"^{name} must be"):
            events.planned_bets(null, target)


class TestEdges:
    """Counts at the edge of what can be counted."""

    def test_no_events_say_nothing(self) -> None:
        """E is 1, the ratio can be anything, and there is no estimate."""
        for nothing in (Epochs(), one_epoch(0, 0)):
            wealth = events.wealth(nothing, BETS, 1.0)
            assert wealth.log_e_value == pytest.approx(0, abs=1e-12)
            assert wealth.lower_bound(0.05) == 0
            assert events.upper_bound(nothing, BETS, 1.0, 0.05) == math.inf
            assert events.estimate(nothing) is None

    @repeatable
    @given(arm_events, st.sampled_from([0, 5]), nulls, error_rates)
    def test_a_weight_without_chance_says_nothing(
        self, counts: ArmEvents, number: int, null: float, error_rate: float
    ) -> None:
        """At weights 0 and 1000 every event is known to be on its arm: nothing moves."""
        some, more = epoch(number, counts), epoch(2, ArmEvents(10, 9))
        wealth = events.wealth(some, BETS, null)
        assert wealth.log_e_value == pytest.approx(0, abs=1e-12)
        assert (wealth.lower_bound(error_rate), events.upper_bound(some, BETS, null, error_rate)) == (0, math.inf)
        assert events.estimate(some) is None
        assert events.wealth(some + more, BETS, null) == events.wealth(more, BETS, null)

    @pytest.mark.parametrize("weight", [1, 500, 999])
    def test_events_of_one_arm_only_bound_one_side(self, weight: int) -> None:
        """Only the candidate's: the ratio may be infinite; only the other's: it may be 0."""
        mine, theirs = one_epoch(100, 0, weight), one_epoch(0, 100, weight)
        assert events.estimate(mine) == math.inf
        assert events.estimate(theirs) == 0
        assert 0 < events.wealth(mine, BETS, 1.0).lower_bound(0.05) < math.inf
        assert events.upper_bound(mine, BETS, 1.0, 0.05) == math.inf
        assert events.wealth(theirs, BETS, 1.0).lower_bound(0.05) == 0
        assert 0 < events.upper_bound(theirs, BETS, 1.0, 0.05) < math.inf

    @pytest.mark.parametrize("null", [0.1, 1.0, 10.0])
    def test_huge_evidence_is_a_number(self, null: float) -> None:
        """The e-value itself overflows, or vanishes; its logarithm and the bounds are numbers."""
        mine, theirs, even = one_epoch(10**9, 0), one_epoch(0, 10**9), one_epoch(10**9, 10**9)
        assert 700 < events.wealth(mine, BETS, null).log_e_value < 1e10
        assert -1e10 < events.wealth(theirs, BETS, null).log_e_value < -700
        assert null < events.wealth(mine, BETS, null).lower_bound(0.05) < math.inf
        assert 0 < events.upper_bound(theirs, BETS, null, 0.05) < null
        assert events.wealth(even, BETS, 1.0).lower_bound(0.05) < 1 < events.upper_bound(even, BETS, 1.0, 0.05)

    def test_tiny_and_huge_bets_stay_numbers(self) -> None:
        """A likelihood ratio is never negative, so no stake is too large; the decision and the bound still agree."""
        for bets in (Bets((1e-12,), (1.0,)), Bets((1e12,), (1.0,))):
            for counts in ((1, 0), (50, 0), (0, 50), (50, 50)):
                wealth = events.wealth(one_epoch(*counts), bets, 1.0)
                assert math.isfinite(wealth.log_e_value)
                assert (wealth.lower_bound(0.05) > 1) == wealth.rejects(0.05)

    @pytest.mark.parametrize("null", [0.0, -1.0, math.nan, math.inf])
    def test_a_null_out_of_range_is_refused(self, null: float) -> None:
        """A ratio is a number above 0."""
        with pytest.raises(ValueError, match=r"^null must be finite and > 0"):
            events.wealth(Epochs(), BETS, null)
        with pytest.raises(ValueError, match=r"^null must be finite and > 0"):
            events.upper_bound(Epochs(), BETS, null, 0.05)

    @pytest.mark.parametrize("error_rate", [0.0, 0.5, math.nan, 1])
    def test_an_error_rate_out_of_range_is_refused(self, error_rate: float) -> None:
        """A half or more is no promise at all."""
        with pytest.raises(ValueError, match=r"^error_rate must be"):
            events.upper_bound(Epochs(), BETS, 1.0, error_rate)
