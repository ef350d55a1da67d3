"""Before a trial: how many pairs it will want, how many days those are, and how probable a promotion is by the deadline.

Called by whoever plans a paired trial; turns the frozen test, how pairs come out and the traffic into `Planned`. A forecast only: nothing
is decided by it.

Three numbers of pairs stand side by side:
    classical    the fixed sample of a one-sided z-test with the same alpha and 80 % power
    wanted       1.27 times that, from which the rule has the classical power; more where no exact test is kept for the deadline
    on average   the mean number until the e-process alone promotes a candidate at the target (Wald, `forecast`)
"""

import math
from dataclasses import dataclass

from shadowlift.stats import forecast, power
from shadowlift.stats.pairs import Pairs
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.wealth import Wealth

DEADLINE_FACTOR = 1.27
"""Classical samples within which a trial with an exact look at the deadline has the classical power (measured: 0.80 to 0.82)."""

FACTOR_WITHOUT_EXACT_LOOK = 1.9
"""The same where all of alpha is with the e-process (measured: 0.80 power at 1.7 to 1.9 classical samples)."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes by while the trial is under way, and how long it may take.

    Attributes:
        per_day: independent units a day, > 0 and finite; each can be counted once.
        deadline: days from the first unit to the last look, > 0 and finite.
        maturity: days until a unit may be counted, >= 0 and below the deadline.
        warm_up: first units, which place the bets and are not counted, >= 0.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    per_day: float
    deadline: float
    maturity: float = 0.0
    warm_up: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no traffic."""
        for name in ("per_day", "deadline"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be finite and above 0, got {value!r}")
        if not 0 <= self.maturity < self.deadline:
            raise ValueError(f"maturity must be >= 0 and below the deadline ({self.deadline!r}), got {self.maturity!r}")
        if self.warm_up < 0:
            raise ValueError(f"warm_up must be at least 0, got {self.warm_up!r}")

    @property
    def countable(self) -> int:
        """Units that can be counted by the deadline."""
        return max(0, math.floor(self.per_day * (self.deadline - self.maturity)) - self.warm_up)

    def days(self, counted: float) -> float:
        """When so many units will have been counted, in days from the first."""
        return (counted + self.warm_up) / self.per_day + self.maturity


@dataclass(frozen=True, slots=True)
class Power:
    """Probability of a promotion by the deadline, by true lift (`power.promotion_probability`).

    Attributes:
        at_target: if the lift is the target.
        at_half: if it is half of the target.
        at_none: if there is none; at most alpha, as the promise is for any number of looks.
    """

    at_target: float
    at_half: float
    at_none: float


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be expected of a trial. Days count from its first unit, warm-up and maturity included.

    Attributes:
        classical: pairs of the fixed sample with the same alpha and 80 % power.
        wanted: pairs that the deadline should leave room for.
        on_average: pairs until the e-process promotes a candidate at the target; None if that is never expected.
        countable: pairs that the deadline does leave room for.
        days_wanted: the shortest deadline with room for `wanted`.
        days_on_average: when `on_average` are counted; None as there.
        power: probability of a promotion by the deadline.
    """

    classical: int
    wanted: int
    on_average: int | None
    countable: int
    days_wanted: float
    days_on_average: float | None
    power: Power

    @property
    def is_short(self) -> bool:
        """The deadline leaves less room than is wanted."""
        return self.countable < self.wanted


def plan(test: PairedTest, pairs: Pairs, traffic: Traffic) -> Planned:
    """What is to be expected of this test, as it would be frozen, with these pairs and this traffic.

    Raises:
        ValueError: these pairs cannot have the target lift; the message names the field.
    """
    classical = power.classical_sample(test, pairs)
    factor = DEADLINE_FACTOR if test.rates.deadline_share else FACTOR_WITHOUT_EXACT_LOOK
    wanted, on_average = math.ceil(factor * classical), _on_average(test, pairs)
    at_target, at_half, at_none = (
        power.promotion_probability(test, pairs, lift, traffic.countable)
        for lift in (test.target_lift, test.target_lift / 2, 0.0)
    )
    return Planned(
        classical=classical,
        wanted=wanted,
        on_average=on_average,
        countable=traffic.countable,
        days_wanted=traffic.days(wanted),
        days_on_average=None if on_average is None else traffic.days(on_average),
        power=Power(at_target, at_half, at_none),
    )


def _on_average(test: PairedTest, pairs: Pairs) -> int | None:
    nothing = Wealth(test.bets, (0.0,) * len(test.bets.fractions), 0.0, test.minimum_lift)
    growth = power.mean_growth(pairs, test.target_lift, test.bets, test.minimum_lift)
    return forecast.further_observations(nothing, growth, test.rates.at_any_look)
