"""The promises of the tests of arms, computed exactly over all outcomes: no simulation, no tolerance but rounding."""

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist

import pytest

from shadowlift.stats import arms, events, rate, sample_ratio
from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits, RateCounts
from shadowlift.stats.bets import Bets
from shadowlift.stats.counts import PairedCounts, Rewards
from shadowlift.stats.epochs import Epoch, Epochs
from tests.unit.stats import exact

ALPHA = 0.05
STRONG = Bets((0.3, 0.9), (0.5, 0.5))


def all_amounts(n: int, kinds: int) -> Iterator[tuple[int, ...]]:
    """Every way n things can fall into so many kinds."""
    if kinds == 1:
        yield (n,)
        return
    for first in range(n + 1):
        yield from ((first, *rest) for rest in all_amounts(n - first, kinds - 1))


def mean_over(n: int, chances: Sequence[float], value: Callable[[tuple[int, ...]], float]) -> float:
    """The mean of a value of n independent draws of kinds with these chances."""
    return math.fsum(
        value(amounts)
        * math.factorial(n)
        * math.prod(chance**amount / math.factorial(amount) for chance, amount in zip(chances, amounts, strict=True))
        for amounts in all_amounts(n, len(chances))
    )


def units_of(weight: float, candidate: float, current: float) -> tuple[float, ...]:
    """Chances of a unit: failure and success on the candidate's arm, then on the other."""
    share = weight / 1000
    return (share * (1 - candidate), share * candidate, (1 - share) * (1 - current), (1 - share) * current)


def counted(amounts: Sequence[int]) -> ArmCounts:
    return ArmCounts(amounts[0] + amounts[1], amounts[1], amounts[2] + amounts[3], amounts[3])


class TestLift:
    """Two arms, successes and rewards."""

    @pytest.mark.parametrize("n", [1, 2, 7, 12])
    @pytest.mark.parametrize("weight", [1, 100, 500, 950])
    @pytest.mark.parametrize(("reference", "current", "baseline"), [(0.0, 0.1, 0.1), (0.3, 0.2, 1.0), (-0.2, 0.7, 0.0)])
    def test_at_the_bar_the_mean_e_value_is_one(
        self, n: int, weight: int, reference: float, current: float, baseline: float
    ) -> None:
        """A fair game at any weight, with any baseline: a true lift of exactly the reference earns nothing on average."""
        chances = units_of(weight, current + reference, current)

        def e_value(amounts: tuple[int, ...]) -> float:
            epochs = Epochs((Epoch(0, weight, baseline, counted(amounts)),))
            return math.exp(arms.log_e_value(epochs, STRONG, reference))

        assert mean_over(n, chances, e_value) == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize(("reference", "candidate"), [(0.0, 0.05), (0.3, 0.3), (-0.2, 0.0)])
    def test_below_the_bar_the_mean_e_value_is_below_one(self, reference: float, candidate: float) -> None:
        """A losing game for everything that is not good enough."""

        def e_value(amounts: tuple[int, ...]) -> float:
            epochs = Epochs((Epoch(0, 500, 0.1, counted(amounts)),))
            return math.exp(arms.log_e_value(epochs, STRONG, reference))

        assert mean_over(8, units_of(500, candidate, 0.25), e_value) < 1 - 1e-2

    def test_two_epochs_and_a_trend_are_a_fair_game(self) -> None:
        """Other weight, other baseline, other outcomes of both arms: still 1 on average."""

        def e_value(amounts: tuple[int, ...], later: tuple[int, ...]) -> float:
            epochs = Epochs((Epoch(0, 50, 0.1, counted(amounts)), Epoch(1, 500, 0.4, counted(later))))
            return math.exp(arms.log_e_value(epochs, STRONG, 0.0))

        first, second = units_of(50, 0.1, 0.1), units_of(500, 0.8, 0.8)
        mean = mean_over(4, first, lambda some: mean_over(4, second, lambda later: e_value(some, later)))
        assert mean == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize(("reference", "shift"), [(0.0, 0), (0.25, 32)])
    def test_rewards_are_a_fair_game(self, reference: float, shift: int) -> None:
        """Rewards of three sizes; the candidate's are larger by exactly the reference."""
        weight, sizes = 200, (0, 16, 32)
        raised = tuple(round(64 * math.sqrt((size / 64) ** 2 + (shift / 64) ** 2)) for size in sizes)
        means = [math.fsum((size / 64) ** 2 / 3 for size in some) for some in (raised, sizes)]
        bar = means[0] - means[1]
        assert bar == pytest.approx(reference, abs=0.01)
        chances = [weight / 3000] * 3 + [(1000 - weight) / 3000] * 3

        def e_value(amounts: tuple[int, ...]) -> float:
            arm = [
                Rewards.from_json({str(size): amount for size, amount in zip(some, seen, strict=True)})
                for some, seen in ((raised, amounts[:3]), (sizes, amounts[3:]))
            ]
            return math.exp(arms.log_e_value(Epochs((Epoch(0, weight, 0.1, ArmRewards(*arm)),)), STRONG, bar))

        assert mean_over(6, chances, e_value) == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize("lifts", [(0.0,) * 6, (-0.4, -0.4, 0.4, 0.4, -0.4, 0.4), (-0.2, 0.2) * 3])
    def test_looking_after_every_unit_keeps_the_error_rate(self, lifts: tuple[float, ...]) -> None:
        """All ways 6 units can come, the lift swinging but never above 0 on average so far (weak null); some do cross."""
        error_rate, crossed = 0.49, 0.0
        each = [units_of(500, 0.5 + lift / 2, 0.5 - lift / 2) for lift in lifts]
        for kinds in itertools.product(range(4), repeat=len(lifts)):
            looks = (
                counted([kinds[:look].count(kind) for kind in range(4)]) for look in range(1, len(kinds) + 1)
            )  # fmt: skip
            if any(arms.wealth(Epochs((Epoch(0, 500, 0.5, look),)), STRONG, 0.0).rejects(error_rate) for look in looks):
                crossed += math.prod(chances[kind] for chances, kind in zip(each, kinds, strict=True))
        assert 0.01 < crossed <= error_rate


class TestEvents:
    """Events by arm, followed from event to event."""

    @pytest.mark.parametrize("n", [1, 2, 7, 20])
    @pytest.mark.parametrize(("weight", "null"), [(500, 1.0), (100, 1.0), (50, 1.3), (999, 0.8)])
    def test_at_the_null_the_mean_e_value_is_one(self, n: int, weight: int, null: float) -> None:
        """The candidate has exactly its share: a fair game; with less of them a losing one."""
        bets, share = events.planned_bets(null, 1.5 * null), weight / 1000

        def e_value(amounts: tuple[int, ...]) -> float:
            return math.exp(events.wealth(epochs_of(*amounts, weight=weight), bets, null).log_e_value)

        chance = share * null / (share * null + 1 - share)
        assert mean_over(n, (chance, 1 - chance), e_value) == pytest.approx(1, abs=1e-9)
        assert mean_over(n, (chance * 0.9, 1 - chance * 0.9), e_value) < 1

    def test_two_weights_are_a_fair_game(self) -> None:
        """The same ratio at two weights."""
        bets = events.planned_bets(1.2, 2.0)

        def e_value(few: tuple[int, ...], many: tuple[int, ...]) -> float:
            epochs = Epochs((Epoch(0, 50, 0.0, ArmEvents(*few)), Epoch(1, 500, 0.0, ArmEvents(*many))))
            return math.exp(events.wealth(epochs, bets, 1.2).log_e_value)

        first, second = 0.06 / (0.06 + 0.95), 0.6 / 1.1
        mean = mean_over(
            6,
            (first, 1 - first),
            lambda few: mean_over(6, (second, 1 - second), lambda many: e_value(few, many)),
        )
        assert mean == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize("weight", [500, 100])
    def test_equal_arms_are_seldom_called_harmful(self, weight: int) -> None:
        """1,500 looks at every event: at most alpha, and not never."""
        assert 0.015 <= harm(weight, 1.0, 1500).crossed <= ALPHA

    @pytest.mark.parametrize(
        ("weight", "ratio", "base", "requests"),
        [
            (500, 1.5, 0.01, 12_000),
            (500, 2.0, 0.01, 3_900),
            (100, 1.5, 0.01, 31_108),
            (100, 2.0, 0.01, 10_164),
            (100, 2.0, 0.001, 111_060),
            (100, 5.0, 0.01, 1_540),
        ],
    )
    def test_harm_is_found_soon(self, weight: int, ratio: float, base: float, requests: int) -> None:
        """Half of the trials know after so many requests, looking every few hundred of them; here after each event."""
        share = weight / 1000
        each = base * (share * ratio + 1 - share)
        assert 0.8 * requests <= harm(weight, ratio, 1000).median_looks / each <= requests

    def test_no_relevant_harm_is_proven_at_its_price(self) -> None:
        """Margin 20 % on errors of 1 %: equal arms after about 74,500 requests; at the margin at most alpha are called safe."""
        null = 1 / 1.2
        bets = events.planned_bets(null, 1.0)

        def safe(counts: PairedCounts) -> bool:
            return events.wealth(epochs_of(counts.losses, counts.wins).mirrored(), bets, null).rejects(ALPHA)

        equal = exact.follow([0.5] * 2500, safe)
        assert equal.median_looks / 0.01 == pytest.approx(74_500, rel=0.1)
        at_the_margin = exact.follow([1 / 2.2] * 2500, safe)
        assert 0.01 <= at_the_margin.crossed <= ALPHA

    @pytest.mark.parametrize(("slower", "requests"), [(1.2, 2_431), (1.5, 375), (1.1, 9_500)])
    def test_a_slower_quantile_is_found_by_the_answers_beyond_it(self, slower: float, requests: int) -> None:
        """Log-normal answers (sigma 0.5), half and half, the 99th percentile of the current process as threshold."""
        normal = NormalDist()
        beyond = 1 - normal.cdf(normal.inv_cdf(0.99) - math.log(slower) / 0.5)
        path = harm(500, beyond / 0.01, 1000)
        assert 0.75 * requests <= path.median_looks / (0.5 * (0.01 + beyond)) <= requests

    @pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
    def test_the_bounds_cover_the_true_ratio_at_all_looks_together(self, ratio: float) -> None:
        """Also far from the null, each side misses at some look of 120 with a probability of its error rate at most."""
        bets, error_rate, chance = events.planned_bets(1.0, 1.5), 0.1, 0.2 * ratio / (0.2 * ratio + 0.8)

        def lower_misses(counts: PairedCounts) -> bool:
            seen = events.wealth(epochs_of(counts.wins, counts.losses, weight=200), bets, 1.0)
            return seen.lower_bound(error_rate) > ratio

        def upper_misses(counts: PairedCounts) -> bool:
            seen = epochs_of(counts.wins, counts.losses, weight=200)
            return events.upper_bound(seen, bets, 1.0, error_rate) < ratio

        assert 0 < exact.follow([chance] * 120, lower_misses).crossed <= error_rate
        assert 0 < exact.follow([chance] * 120, upper_misses, upwards=False).crossed <= error_rate


def epochs_of(candidate: int, current: int, weight: int = 500) -> Epochs[ArmEvents]:
    return Epochs((Epoch(0, weight, 0.0, ArmEvents(candidate, current)),))


@functools.cache
def harm(weight: int, ratio: float, looks: int) -> exact.Path:
    """The harm test with its bets around 1.5, looked at after every event."""
    bets, share = events.planned_bets(1.0, 1.5), weight / 1000

    def harmful(counts: PairedCounts) -> bool:
        return events.wealth(epochs_of(counts.wins, counts.losses, weight), bets, 1.0).rejects(ALPHA)

    return exact.follow([share * ratio / (share * ratio + 1 - share)] * looks, harmful)


class TestRate:
    """One rate against a limit."""

    @pytest.mark.parametrize("n", [1, 7, 20])
    @pytest.mark.parametrize(("limit", "target"), [(0.01, 0.02), (0.5, 0.6), (0.99, 0.995)])
    def test_at_the_limit_the_mean_e_value_is_one(self, n: int, limit: float, target: float) -> None:
        """A rate of exactly the limit earns nothing; below it loses."""
        bets = rate.planned_bets(limit, target)

        def e_value(amounts: tuple[int, ...]) -> float:
            return math.exp(rate.wealth(RateCounts(n, amounts[1]), bets, limit).log_e_value)

        assert mean_over(n, (1 - limit, limit), e_value) == pytest.approx(1, abs=1e-9)
        assert mean_over(n, (1 - 0.9 * limit, 0.9 * limit), e_value) < 1

    def test_looking_all_the_time_keeps_the_error_rate(self) -> None:
        """A rate of exactly the limit, 2,000 looks."""
        bets = rate.planned_bets(0.9, 0.95)

        def proven(counts: PairedCounts) -> bool:
            return rate.wealth(RateCounts(counts.n, counts.wins), bets, 0.9).rejects(ALPHA)

        assert 0.015 <= exact.follow([0.9] * 2000, proven).crossed <= ALPHA
        assert exact.follow([0.95] * 2000, proven).crossed > 0.99


class TestSampleRatio:
    """Units by arm against the design."""

    @pytest.mark.parametrize("n", [1, 2, 7, 20])
    @pytest.mark.parametrize("weight", [1, 50, 500, 999])
    def test_as_designed_the_mean_e_value_is_one(self, n: int, weight: int) -> None:
        """A fair game at any weight."""

        def e_value(amounts: tuple[int, ...]) -> float:
            epochs = Epochs((Epoch(0, weight, 0.0, ArmUnits(*amounts)),))
            return math.exp(sample_ratio.SampleRatio(epochs).log_e_value)

        assert mean_over(n, (weight / 1000, 1 - weight / 1000), e_value) == pytest.approx(1, abs=1e-9)

    def test_two_epochs_are_a_fair_game(self) -> None:
        """The e-values of the epochs multiply."""

        def e_value(some: tuple[int, ...], later: tuple[int, ...]) -> float:
            epochs = Epochs((Epoch(0, 50, 0.0, ArmUnits(*some)), Epoch(1, 500, 0.0, ArmUnits(*later))))
            return math.exp(sample_ratio.SampleRatio(epochs).log_e_value)

        mean = mean_over(6, (0.05, 0.95), lambda some: mean_over(6, (0.5, 0.5), lambda later: e_value(some, later)))
        assert mean == pytest.approx(1, abs=1e-9)
