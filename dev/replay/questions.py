"""What is asked of the flights: the objectives of two ModelDeployments, and whom they are asked about. Called by all others here."""

from dataclasses import dataclass

from shadowlift.stats.losses import AbsoluteError, Brier, Loss
from shadowlift.stats.terms import Rates

CURRENT = "rule"
CANDIDATES = ("ridge", "boosted", "stale", CURRENT)
"""Better, somewhat better still, worse, and the rule against itself."""

RATES = Rates(promotion=0.01)
"""alpha 0.01; losses have no exact test, so all of it is the e-process's."""


@dataclass(frozen=True)
class Question:
    """One objective.

    Attributes:
        name: `objective.type`.
        column: the outcome, and the end of the names of the processes' answers.
        loss: as the recorder scores it.
        target_lift: in `unit`s; `minimumLift` is 0.
        unit: what a lift is told in.
    """

    name: str
    column: str
    loss: Loss
    target_lift: float
    unit: str

    @property
    def scale(self) -> float:
        """From the engine's effects, parts of the largest loss, to units."""
        return self.loss.largest


MINUTES = Question("AbsoluteError", "minutes", AbsoluteError(-60.0, 180.0), 1.0, "minutes")
LATE = Question("Brier", "late", Brier(), 0.02, "Brier score")
QUESTIONS = (MINUTES, LATE)
