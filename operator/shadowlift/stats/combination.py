"""Several tests, one verdict: candidates that share an error budget, guardrails that must hold, looks at whole cycles only.

Called by whoever decides about a rollout with more than one question; turns single tests' results into what may follow from all.
"""

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass

from shadowlift.stats.wealth import EProcess, require_error_rate


class Safety(enum.Enum):
    """What is known of a guardrail; exhaustive. Not knowing is neither."""

    SAFE = "Safe"
    HARMFUL = "Harmful"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One guardrail at one look: a test that there is no more than the tolerated harm, and a test that there is harm.

    Attributes:
        no_harm: its null is "worse than tolerated".
        harm: its null is "not worse at all".
    """

    no_harm: EProcess
    harm: EProcess

    def safety(self, no_harm_rate: float, harm_rate: float, among: int) -> Safety:
        """What is known; harm first. `among` guardrails share the harm rate, each has the whole of the other (see `may_promote`)."""
        if self.harm.rejects(shared(harm_rate, among)):
            return Safety.HARMFUL
        return Safety.SAFE if self.no_harm.rejects(no_harm_rate) else Safety.UNKNOWN


def shared(error_rate: float, among: int) -> float:
    """Each one's part of an error rate that several tests share, fixed when they begin (e-Bonferroni).

    P(any of K true nulls ever falls) <= error_rate, however the tests depend on each other: a union over Ville's bounds.

    Raises:
        ValueError: the rate is not in (0, 0.5), or there is nobody to share it.
    """
    require_error_rate("error_rate", error_rate)
    if type(among) is not int or among < 1:
        raise ValueError(f"among must be a positive integer, got {among!r}")
    return error_rate / among


def may_promote(objective_is_proven: bool, guardrails: Iterable[Safety]) -> bool:
    """Promotion needs the objective and every guardrail proven, each at the whole alpha, without correction.

    A false promotion needs all of them to fall, the one with a true null among them, so its probability is at most that one's alpha
    (intersection-union test; Berger 1982, Technometrics 24).
    """
    return objective_is_proven and all(safety is Safety.SAFE for safety in guardrails)


def at_cycle_end(elapsed: float, cycle: float, slack: float) -> bool:
    """Whether a look falls right after a whole number (at least one) of cycles, so that each phase of the cycle weighs the same.

    With an effect that alternates with the time of day, stopping in mid-cycle is right about the average so far and wrong about
    the long run. All in one unit of time; `elapsed` since counting began, `slack` how late a look may still be called punctual.

    Raises:
        ValueError: the cycle is not positive and finite, or the slack is not in (0, cycle).
    """
    if not (math.isfinite(cycle) and cycle > 0):
        raise ValueError(f"cycle must be positive and finite, got {cycle!r}")
    if not 0 < slack < cycle:
        raise ValueError(f"slack must be above 0 and below the cycle, got {slack!r}")
    return elapsed >= cycle and elapsed % cycle < slack
