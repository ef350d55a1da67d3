"""The frozen test: everything about a paired trial that must be fixed before the first counted pair.

Made when a trial's warm-up is over, stored with it, read back bit for bit by `verdict` at every look.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shadowlift.stats import bets as bets_module
from shadowlift.stats import paired
from shadowlift.stats.bets import Bets
from shadowlift.stats.wealth import require_error_rate

HARM_RATE = 0.01
"""Default bound on rejecting, for harm, a candidate that is not worse at all; at any look. Small, as the word is an accusation."""

FUTILITY_RATE = 0.05
"""Default bound on giving up a candidate whose lift is the target or more; at any look. It is paid in power, never in safety."""

DEADLINE_SHARE = 0.6
"""Default part of the false promotion rate that is kept for the exact test at the deadline, where there is one. The exact test is discrete
and spends less than it may, so a little more than half gives it the power that half would give an approximate one."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a trial may err, each bound over all looks together.

    Attributes:
        promotion: alpha, in (0, 0.5): of promoting while the average lift so far is <= minimum_lift.
        harm: in (0, 0.5), see `HARM_RATE`.
        futility: in (0, 0.5), see `FUTILITY_RATE`.
        deadline_share: in [0, 1): part of `promotion` that is kept for the exact test at the deadline; 0: there is none.

    Raises:
        ValueError: a rate is out of its range; the message names it.
    """

    promotion: float
    harm: float = HARM_RATE
    futility: float = FUTILITY_RATE
    deadline_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no rate."""
        for name in ("promotion", "harm", "futility"):
            require_error_rate(name, getattr(self, name))
        if not 0 <= self.deadline_share < 1:
            raise ValueError(f"deadline_share must be in [0, 1), got {self.deadline_share!r}")

    @property
    def at_any_look(self) -> float:
        """Part of alpha with which the e-process may promote."""
        return self.promotion * (1 - self.deadline_share)

    @property
    def at_the_deadline(self) -> float:
        """Part of alpha with which the exact test at the deadline may promote."""
        return self.promotion * self.deadline_share

    def to_json(self) -> dict[str, str]:
        """Plain data for a JSON encoder; every number a string with its shortest exact decimal."""
        return {name: repr(float(value)) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, bit for bit.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        require_fields("rates", data, [field.name for field in dataclasses.fields(cls)])
        return cls(**{name: bets_module.number(name, value) for name, value in data.items()})


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A paired test. Effects are means of D, in [-1, 1]: a difference in accuracy, or in loss as a part of the loss's range.

    Attributes:
        bets: bets for the promotion test.
        harm_bets: bets for the tests against the candidate, harm and futility.
        minimum_lift: the bar, in [0, 1): promote when the lift is proven to be above it.
        target_lift: the lift worth waiting for, in (minimum_lift, 1].
        rates: how often it may err.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    bets: Bets
    harm_bets: Bets
    minimum_lift: float
    target_lift: float
    rates: Rates

    def __post_init__(self) -> None:
        """Refuse what is no test."""
        require_lifts(self.minimum_lift, self.target_lift)
        if self.rates.deadline_share and self.minimum_lift:
            raise ValueError(
                "deadline_share must be 0 with a minimum_lift above 0: no exact test is known for that bar"
            )
        paired.require_stakes("bets", self.bets, self.minimum_lift)
        paired.require_stakes("harm_bets", self.harm_bets, 0.0)

    @classmethod
    def planned(
        cls, *, minimum_lift: float, target_lift: float, rates: Rates, second_moment: float | None = None
    ) -> Self:
        """A test with the bets that reach the target lift soonest.

        Args:
            minimum_lift: see the class.
            target_lift: see the class.
            rates: see the class.
            second_moment: mean of D squared, in [0, 1], or a bound on it, from pairs that are *not* counted later. For right and wrong
                the share of pairs with unequal predictions, which needs no outcomes. A wrong one costs speed, never validity. None:
                unknown.

        Raises:
            ValueError: an argument is out of its range; the message names it.
        """
        require_lifts(minimum_lift, target_lift)
        if second_moment is not None and not 0 <= second_moment <= 1:
            raise ValueError(f"second_moment must be in [0, 1] or None, got {second_moment!r}")
        # E[D^2] >= E[D]^2: with less than that the target could not be reached.
        square = None if second_moment is None else max(second_moment, target_lift**2)
        distance = target_lift - minimum_lift
        excess = None if square is None else max(square - 2 * minimum_lift * target_lift + minimum_lift**2, distance**2)
        return cls(
            bets=bets_module.log_grid(distance, excess, 1 + minimum_lift),
            harm_bets=bets_module.log_grid(target_lift, square, 1.0),
            minimum_lift=minimum_lift,
            target_lift=target_lift,
            rates=rates,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON encoder; every number a string with its shortest exact decimal."""
        return {
            "bets": self.bets.to_json(),
            "harm_bets": self.harm_bets.to_json(),
            "minimum_lift": repr(float(self.minimum_lift)),
            "target_lift": repr(float(self.target_lift)),
            "rates": self.rates.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, bit for bit.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        require_fields("a paired test", data, [field.name for field in dataclasses.fields(cls)])
        return cls(
            bets=Bets.from_json(data["bets"]),
            harm_bets=Bets.from_json(data["harm_bets"]),
            minimum_lift=bets_module.number("minimum_lift", data["minimum_lift"]),
            target_lift=bets_module.number("target_lift", data["target_lift"]),
            rates=Rates.from_json(data["rates"]),
        )


def require_fields(what: str, data: Mapping[str, Any], names: list[str]) -> None:
    """Raise ValueError unless stored data has exactly these fields."""
    if set(data) != set(names):
        raise ValueError(f"{what} needs exactly {', '.join(names)}; got {sorted(data)}")


def require_lifts(minimum_lift: float, target_lift: float) -> None:
    """Raise ValueError, naming the field, unless 0 <= minimum < target <= 1."""
    if not 0 <= minimum_lift < 1:
        raise ValueError(f"minimum_lift must be in [0, 1), got {minimum_lift!r}")
    if not 0 < target_lift <= 1:
        raise ValueError(f"target_lift must be in (0, 1], got {target_lift!r}")
    if target_lift <= minimum_lift:
        raise ValueError(f"target_lift must be above minimum_lift ({minimum_lift!r}), got {target_lift!r}")
