"""Sample ratio: whether units came to the two arms as designed, or something on the way loses some of one arm.

Called by whoever guards a trial; turns `Epochs` of `ArmUnits` into an e-value against "every unit was given to the candidate with its
epoch's weight". A trial whose sample ratio is off measures whatever lost the units: its other results are void.

The e-value is the Dirichlet-multinomial likelihood of the sequence of arms over that of the design (Lindon and Malek), multiplied over
the epochs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shadowlift.stats import odds
from shadowlift.stats.arm_counts import ArmUnits
from shadowlift.stats.epochs import WHOLE, Epoch, Epochs

PRIOR_STRENGTH = 100.0
"""Units that the belief "as designed" is worth at the start. 100 finds 55 : 45 in place of 50 : 50 after about 1,700 units and
51 : 49 after about 46,000; 10,000 would find the first only after 4,600, and little sooner what is smaller than the second."""

ERROR_RATE = 0.001
"""Default bound on calling a good sample ratio bad, at any look: the word voids a trial, and real defects are found soon anyway."""


def log_bayes_factor(counts: Sequence[int], shares: Sequence[float], prior: Sequence[float]) -> float:
    """Log of (Dirichlet-multinomial / multinomial) likelihood of any sequence with these counts.

    log B(prior + counts) - log B(prior) - sum_i counts_i log shares_i, with B the multivariate beta function.

    Args:
        counts: of each kind, >= 0.
        shares: designed probability of each kind, in (0, 1), summing to 1.
        prior: Dirichlet parameter of each kind, > 0.
    """
    posterior = [weight + count for weight, count in zip(prior, counts, strict=True)]
    likelihood = math.fsum(count * math.log(share) for count, share in zip(counts, shares, strict=True))
    return _log_beta(posterior) - _log_beta(prior) - likelihood


@dataclass(frozen=True)
class SampleRatio:
    """The test after the units counted so far; the effect is |log(odds of the candidate / designed odds)|, where it is largest.

    Attributes:
        epochs: units by arm.
    """

    epochs: Epochs[ArmUnits]

    @cached_property
    def log_e_value(self) -> float:
        """Natural logarithm of the evidence against the design."""
        return math.fsum(_log_e_value(epoch, 0.0) for epoch in self.epochs.telling)

    def rejects(self, error_rate: float) -> bool:
        """Whether the design falls now, at any look: E >= 1 / error_rate (Ville)."""
        return self.log_e_value >= -math.log(error_rate)

    def lower_bound(self, error_rate: float) -> float:
        """Lower confidence bound for the effect, if the odds of each epoch stay as they are; above 0 exactly where `rejects` is true.

        The same e-value is taken against all odds that are nowhere farther off than this, each epoch's at their likeliest: the
        smallest distance at which these do not fall.
        """
        if not self.rejects(error_rate):
            return 0.0
        shift = math.log(error_rate)
        each = [(epoch, odds.likeliest([epoch]) or 0.0) for epoch in self.epochs.telling]

        def evidence(distance: float) -> float:
            return shift + math.fsum(_log_e_value(epoch, max(-distance, min(distance, best))) for epoch, best in each)

        return max(odds.falling_root(evidence, *odds.bracket(evidence)), math.ulp(0.0))


def estimate(epochs: Epochs[ArmUnits]) -> float | None:
    """The candidate's odds over the designed odds, in all epochs together: 1 as designed, 0 and inf where an arm is missing.

    None while no epoch tells.
    """
    log_ratio = odds.likeliest(epochs.telling)
    return None if log_ratio is None else math.exp(log_ratio)


def units_without_chance(epochs: Epochs[ArmUnits]) -> int:
    """Units in an arm that had no chance of getting any, at weight 0 or 1000: more than none is a defect for certain.

    No e-value says so, as it would have to be infinite.
    """
    candidate = sum(epoch.counts.candidate for epoch in epochs.epochs if epoch.weight == 0)
    return candidate + sum(epoch.counts.current for epoch in epochs.epochs if epoch.weight == WHOLE)


def _log_e_value(epoch: Epoch[ArmUnits], log_ratio: float) -> float:
    design = (epoch.candidate_share, epoch.current_share)
    prior = [PRIOR_STRENGTH * share for share in design]
    tested = (odds.tilted(design[0], log_ratio), odds.tilted(design[1], -log_ratio))
    return log_bayes_factor((epoch.counts.candidate, epoch.counts.current), tested, prior)


def _log_beta(parameters: Sequence[float]) -> float:
    return math.fsum(map(math.lgamma, parameters)) - math.lgamma(math.fsum(parameters))
