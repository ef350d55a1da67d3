"""Decision records folded into what is in force now. Called by `decide`; the only reader of records.

The newest Started record is the trial; the newest Promoted record that nothing has ended is the promotion.
"""

from dataclasses import dataclass

from shadowlift.api.record import ENDS_PROMOTION, ENDS_TRIAL, Baseline, Record, RecordKind, StepTaken, TrialTerms
from shadowlift.errors import InvalidInput


@dataclass(frozen=True)
class TrialHistory:
    """One trial as its records tell it."""

    uid: str
    terms: TrialTerms
    started_at: str
    baseline: Baseline | None  # None: still in warm-up
    counting_at: str | None  # when evidence began to count
    end: Record | None  # the record that ended it
    steps: tuple[StepTaken, ...] = ()  # of its canary, in their order
    steps_at: tuple[str, ...] = ()  # when each of them was decided

    @property
    def step(self) -> StepTaken | None:
        """The step under way."""
        return self.steps[-1] if self.steps else None


@dataclass(frozen=True)
class Promotion:
    """A promotion in force."""

    record: Record
    terms: TrialTerms


@dataclass(frozen=True)
class History:
    """All records of a ModelDeployment in the order of their numbers."""

    records: tuple[Record, ...]

    @property
    def next_number(self) -> int:
        """Number of the next record."""
        return max((record.number for record in self.records), default=0) + 1

    def trial(self) -> TrialHistory | None:
        """The newest trial, ended or not."""
        starts = [record for record in self.records if record.kind is RecordKind.STARTED and record.terms]
        if not starts:
            return None
        start = max(starts, key=lambda record: record.number)
        return self._told(start)

    def _told(self, start: Record) -> TrialHistory:
        mine = [record for record in self.records if record.trial == start.trial]
        counting = next((record for record in mine if record.kind is RecordKind.COUNTING), None)
        end = next((record for record in mine if record.kind in ENDS_TRIAL), None)
        if start.terms is None:
            raise ValueError(f"record {start.number}: a Started record without terms")
        baseline = counting.baseline if counting else None
        stepped = sorted((record for record in mine if record.step is not None), key=lambda record: record.number)
        return TrialHistory(
            uid=start.trial,
            terms=start.terms,
            started_at=start.at,
            baseline=baseline,
            counting_at=counting.at if counting else None,
            end=end,
            steps=tuple(record.step for record in stepped if record.step is not None),
            steps_at=tuple(record.at for record in stepped),
        )

    def promotion(self) -> Promotion | None:
        """The promotion in force: the newest Promoted record that nothing has ended since."""
        promoted = [record for record in self.records if record.kind is RecordKind.PROMOTED]
        if not promoted:
            return None
        newest = max(promoted, key=lambda record: record.number)
        if any(record.kind in ENDS_PROMOTION and record.number > newest.number for record in self.records):
            return None
        mine = (record for record in self.records if record.kind is RecordKind.STARTED and record.trial == newest.trial)
        start = next(mine, None)
        if start is None:
            raise InvalidInput(
                f"ControllerRevision of trial {newest.trial}",
                "the record that began the promoted trial is gone; restore it",
            )
        return Promotion(newest, self._told(start).terms)

    def attempts(self, workload: str, against: str) -> int:
        """How often this candidate content has begun a trial against this current."""
        return sum(
            1
            for record in self.records
            if record.terms is not None and record.terms.workload == workload and record.terms.against == against
        )

    def last(self, *kinds: RecordKind) -> Record | None:
        """The newest record of these kinds."""
        mine = [record for record in self.records if record.kind in kinds]
        return max(mine, key=lambda record: record.number, default=None)
