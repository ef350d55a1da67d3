"""`triage_slow` asks the regression through this: a case that was measured badly gets a second look, which takes its time.

The data has a standard error beside each mean. Where that of the radius is large, the answer is the mean over measurements
that could have been as well.
"""

import random
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from triage.features import ERROR, FEATURES, MEAN
from triage.linear import LinearModel

BADLY = 0.055
"""Standard error of the radius, as a share of it, from which on a case is looked at twice: one in thirty of the traffic."""

PAIRS = 3200
"""Of measurements drawn. The log-odds are linear, so one integral in closed form would do: drawing is what makes it slow."""

SEED = 0
"""Of every second look, so that the same case always gets the same answer."""


def is_unsure(case: Any) -> bool:
    """Whether the case was measured so badly that it gets a second look."""
    return bool(case.radius_error >= BADLY * case.mean_radius)


@dataclass(frozen=True)
class SecondLook:
    """The linear model, asked once about most cases and 6,400 times about an unsure one."""

    model: LinearModel

    def probability(self, case: object) -> float:
        """Probability of malignancy, 0 to 1; of an unsure case the mean over its errors of measurement.

        Errors come in pairs of opposite sign, so the diagnosis is that of the single answer: the model is linear, and
        logistic(x + d) + logistic(x - d) is above 1 exactly when x is above 0.
        """
        if not is_unsure(case):
            return self.model.probability(case)
        chance = random.Random(SEED)
        measured = {name: getattr(case, name) for name in FEATURES}
        total = 0.0
        for _ in range(PAIRS):
            errors = [chance.gauss(0, measured[error]) for error in ERROR]
            for sign in (1, -1):
                moved = {name: measured[name] + sign * error for name, error in zip(MEAN, errors, strict=True)}
                total += self.model.probability(SimpleNamespace(**measured | moved))
        return total / (2 * PAIRS)
