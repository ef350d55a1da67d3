"""Decision records folded into what is in force now. Called by `decide`; the only reader of records.

The newest Started record is the trial; the newest Promoted record that nothing has ended is the promotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from shadowlift.api.record import ENDS_TRIAL, Baseline, FrozenGuard, Record, RecordKind, StepTaken, TrialTerms
from shadowlift.errors import InvalidInput

BY_HAND = (RecordKind.ROLLED_BACK, "ServeCurrent")


@dataclass(frozen=True)
class TrialHistory:
    """One trial as its records tell it."""

    uid: str
    terms: TrialTerms
    started_at: str
    baseline: Baseline | None  # None: still in warm-up
    counting_at: str | None  # when evidence began to count
    end: Record | None  # the record that ended it
    watched: tuple[FrozenGuard, ...] | None = None  # what current is held to; None: it has not been watched alone
    watched_at: str | None = None
    proposal: Record | None = None  # a person has been asked
    steps: tuple[StepTaken, ...] = ()  # of its canary, in their order
    steps_at: tuple[str, ...] = ()  # when each of them was decided
    names: tuple[str, ...] = ()  # of all its candidates, simplest first
    dropped: Mapping[str, Record] = field(
        default_factory=dict
    )  # those out of the running, with the records that say so
    chosen: str | None = None  # the candidate that goes on, of which terms and baseline then are

    def seen_by(self, name: str) -> "TrialHistory":
        """The trial as if that candidate were the only one."""
        baseline = self.baseline.seen_by(name) if self.baseline else None
        return replace(self, terms=self.terms.seen_by(name), baseline=baseline)

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
        watched = next((record for record in mine if record.kind is RecordKind.WATCHED), None)
        end = next((record for record in mine if record.kind in ENDS_TRIAL), None)
        if start.terms is None:
            raise ValueError(f"record {start.number}: a Started record without terms")
        baseline = counting.baseline if counting else None
        stepped = sorted((record for record in mine if record.step is not None), key=lambda record: record.number)
        proposal = next((record for record in mine if record.kind is RecordKind.PROPOSED), None)
        promoted = end if end is not None and end.kind is RecordKind.PROMOTED else None
        chosen = next((record.candidate for record in (promoted, proposal, *stepped) if record is not None), None)
        told = TrialHistory(
            uid=start.trial,
            terms=start.terms,
            started_at=start.at,
            baseline=baseline,
            counting_at=counting.at if counting else None,
            end=end,
            watched=tuple(watched.watched or ()) if watched else None,
            watched_at=watched.at if watched else None,
            proposal=proposal,
            steps=tuple(record.step for record in stepped if record.step is not None),
            steps_at=tuple(record.at for record in stepped),
            names=tuple(contender.candidate for contender in start.terms.contenders),
            dropped={record.candidate: record for record in mine if record.kind is RecordKind.DROPPED},
            chosen=chosen,
        )
        return told if chosen is None else told.seen_by(chosen)

    @cached_property
    def promotions(self) -> tuple[Promotion, ...]:
        """The promotion in force, last, and under it those to which a roll-back would return.

        Who takes a promotion back by hand, or changes spec.current, wants what is not promoted at all.

        Raises:
            InvalidInput: the record that began a promoted trial is gone.
        """
        standing: list[Record] = []
        for record in sorted(self.records, key=lambda record: record.number):
            if record.kind is RecordKind.PROMOTED:
                standing.append(record)
            elif record.kind is RecordKind.SUPERSEDED or (record.kind, record.reason) == BY_HAND:
                standing.clear()
            elif record.kind is RecordKind.ROLLED_BACK:
                standing = [promoted for promoted in standing if promoted.trial != record.trial]
        return tuple(Promotion(record, self._terms_of(record)) for record in standing)

    @property
    def promotion(self) -> Promotion | None:
        """The promotion in force."""
        return self.promotions[-1] if self.promotions else None

    def _terms_of(self, promoted: Record) -> TrialTerms:
        mine = (record for record in self.records if record.trial == promoted.trial and record.terms is not None)
        start = next(mine, None)
        if start is None or start.terms is None:
            raise InvalidInput(
                f"ControllerRevision of trial {promoted.trial}",
                "the record that began the promoted trial is gone; restore it",
            )
        return start.terms.seen_by(promoted.candidate)

    def settled(self, promotion: Promotion) -> bool:
        """Its probation is over."""
        return any(
            record.kind is RecordKind.SETTLED and record.trial == promotion.record.trial for record in self.records
        )

    def attempts(self, workload: str, against: str) -> int:
        """How often this candidate content has begun a trial against this current."""
        return sum(
            1
            for record in self.records
            if record.terms is not None
            and record.terms.against == against
            and any(contender.workload == workload for contender in record.terms.contenders)
        )

    def last(self, *kinds: RecordKind) -> Record | None:
        """The newest record of these kinds."""
        mine = [record for record in self.records if record.kind in kinds]
        return max(mine, key=lambda record: record.number, default=None)
