"""One look at the evidence of the trial under way: what gates, messages, records and status read.

Made by the steps of a trial with the counters that the recorder gave; pure, and the same counters give the same look.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from shadowlift.api.ledger import SHADOW_EPOCH, WARM_UP_EPOCH, WATCH_EPOCH, EpochCounters, TrialCounters
from shadowlift.api.objective import Mode
from shadowlift.api.record import StepTaken
from shadowlift.api.status import Contender, Coverage, Evidence, Trial, VerdictKind
from shadowlift.rollout import arms, cost, guards, interference
from shadowlift.rollout.evidence import case, coverage_of, shown, total, unit_of_lift
from shadowlift.rollout.guards import Known
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.world import Stage, World
from shadowlift.stats import cases
from shadowlift.stats.cases import AnyCase
from shadowlift.stats.verdict import Ruling


@dataclass(frozen=True)
class Shut:
    """Why a gate is shut."""

    kind: VerdictKind
    reason: str
    message: str

    def __post_init__(self) -> None:
        """A status holds 512 characters, and values and reasons come from outside."""
        object.__setattr__(self, "message", self.message[:512])


@dataclass(frozen=True)
class Look:
    """One look at the evidence of the trial under way."""

    world: World
    trial: TrialHistory
    counters: TrialCounters

    @property
    def stage(self) -> Stage:
        """How far the trial has come."""
        return self.world.stage

    def of(self, number: int) -> EpochCounters:
        """What was counted in one epoch."""
        return self.counters.epochs.get(str(number), EpochCounters())

    @cached_property
    def steps(self) -> tuple[tuple[StepTaken, EpochCounters], ...]:
        """The canary's steps so far, each with what was counted in it."""
        return tuple((step, self.of(step.epoch)) for step in self.trial.steps)

    @cached_property
    def epoch(self) -> EpochCounters:
        """All that counts in the present stage: the pairs of the shadow, or the units of all steps."""
        return total([counters for _, counters in self.steps]) if self.steps else self.of(SHADOW_EPOCH)

    @cached_property
    def warm_up(self) -> EpochCounters:
        """What only shows whether things compare, and how current does."""
        return self.of(WARM_UP_EPOCH if self.world.spec.strategy.shadow else WATCH_EPOCH)

    @cached_property
    def alone(self) -> EpochCounters:
        """What current did while nothing was copied or shared."""
        return self.of(WATCH_EPOCH)

    @property
    def decides(self) -> bool:
        """The evidence of this stage is what promotes."""
        wanted = Mode.CANARY if self.steps else Mode.SHADOW
        return self.trial.terms.decided_in == wanted.value

    @property
    def counted(self) -> str:
        """What the evidence counts."""
        return "units" if self.steps else "pairs"

    @cached_property
    def case(self) -> AnyCase | None:
        """What the engine is asked; None where this stage asks it nothing."""
        if self.steps:
            return arms.case(self.trial.terms, self.steps)
        baseline = self.trial.baseline
        if baseline is None or baseline.test is None:
            return None
        return case(self.trial.terms, baseline.test, self.epoch, last=self.world.is_over and self.decides)

    @cached_property
    def ruling(self) -> Ruling | None:
        """What the engine says."""
        return None if self.case is None else cases.rule(self.case)

    @cached_property
    def guards(self) -> list[Known]:
        """What is known of the guardrails in this stage."""
        frozen = self.trial.baseline.guards if self.trial.baseline else []
        tested = guards.known(frozen, self.steps, self.epoch, self.trial.terms.alpha)
        asked = self.world.spec.guardrails
        priced = cost.known(self.world, self.counters, self.trial.terms)
        return [*tested, *guards.contracts(asked, self.epoch), *priced]

    @cached_property
    def interference(self) -> list[Known]:
        """What is known of current since its requests are copied."""
        if not self.trial.watched:
            return []
        copied = total([self.of(WARM_UP_EPOCH), self.of(SHADOW_EPOCH)])
        return interference.known(self.trial.watched, copied, self.trial.terms.alpha)

    @property
    def unit(self) -> float:
        """From the engine's effects to the objective's units."""
        return unit_of_lift(self.trial.terms)

    @property
    def evidence(self) -> Evidence:
        """For status and records."""
        numbers = self.ruling.evidence if self.ruling else None
        evidence = shown(self.epoch, numbers, self.unit) if numbers else Evidence()
        return arms.with_means(evidence, self.trial.terms, self.epoch) if self.steps else evidence

    @cached_property
    def last(self) -> Trial | Contender | None:
        """What status says of the same candidate since the last look; among several each has its own pairs, until one goes on alone."""
        told = self.world.told(self.trial.uid)
        rivals = [] if told is None or self.trial.chosen else told.contenders
        return next((rival for rival in rivals if rival.name == self.trial.terms.candidate), told)

    @property
    def coverage(self) -> Coverage:
        """For status and records."""
        baseline, watches = self.trial.baseline, self.stage is Stage.WATCH
        epoch = self.alone if watches else self.epoch if baseline else self.warm_up
        return coverage_of(epoch, self.counters, baseline)


Gate = Callable[[Look], Shut | None]
