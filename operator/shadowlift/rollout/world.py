"""Facts derived from one observation, named once for all steps: the trial that matters, what should serve, where traffic is.

Made by `decide` from `Observed` and the time; read by the steps, the gates and the builders of route and status.
"""

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from shadowlift.api.capture import Extraction
from shadowlift.api.ledger import FIRST_STEP_EPOCH, SHADOW_EPOCH, WARM_UP_EPOCH, WATCH_EPOCH
from shadowlift.api.quantities import seconds
from shadowlift.api.record import Record, RecordKind
from shadowlift.api.spec import SERVE_AUTO, SERVE_CURRENT, Bento, PromotionPolicy, Spec
from shadowlift.api.status import Trial
from shadowlift.api.strategy import DEFAULT_BREAKER, CanaryStep, CircuitBreaker
from shadowlift.resources.identity import bento_identity, current_identity, frozen_hash, workload_name
from shadowlift.resources.owner import Owner
from shadowlift.resources.router.intent import RouterIntent, Upstream
from shadowlift.rollout.history import History, Promotion, TrialHistory
from shadowlift.rollout.instants import parse
from shadowlift.rollout.observed import Observed, Workload


class Stage(Enum):
    """How a trial under way meets live traffic."""

    WATCH = "Watch"  # current alone is watched
    WARM_UP = "WarmUp"  # requests are copied; nothing counts yet
    SHADOW = "Shadow"  # requests are copied, and count
    CANARY = "Canary"  # units are shared

    @property
    def splits(self) -> bool:
        """Live requests are given to one of two arms; while current is watched, all to one."""
        return self in (Stage.WATCH, Stage.CANARY)


_EPOCHS = {Stage.WATCH: WATCH_EPOCH, Stage.WARM_UP: WARM_UP_EPOCH, Stage.SHADOW: SHADOW_EPOCH}


@dataclass(frozen=True)
class Target:
    """A process that can serve: spec.current, or a candidate's content."""

    name: str  # "current", or the candidate's name
    identity: str
    upstream: Upstream
    workload: str | None = None
    bento: Bento | None = None
    extraction: Extraction = field(default_factory=Extraction)


@dataclass(frozen=True)
class Share:
    """Who answers how much of the units."""

    candidate: Target
    rest: Target  # answers all other units, and what cannot be split
    weight: int  # of the candidate, in thousandths
    epoch: int


@dataclass(frozen=True)
class World:
    """One ModelDeployment at one moment; `spec` is readable."""

    observed: Observed
    spec: Spec
    now: float  # unix seconds

    @property
    def owner(self) -> Owner:
        """The ModelDeployment."""
        return self.observed.resource.owner

    @cached_property
    def history(self) -> History:
        """Its decision records."""
        return History(self.observed.records)

    @cached_property
    def frozen(self) -> str:
        """Hash of the fields that a trial freezes, as the spec has them now."""
        return frozen_hash(self.spec)

    def host(self, service: str) -> str:
        """Fully qualified name of a Service in our namespace; the trailing dot spares the search domains."""
        return f"{service}.{self.owner.namespace}.svc.cluster.local."

    def target_of_bento(self, name: str, bento: Bento) -> Target:
        """A bento as something that can serve."""
        workload = workload_name(self.owner.name, bento)
        upstream = Upstream(host=self.host(workload), port=bento.port)
        return Target(name, bento_identity(bento), upstream, workload, bento, self._extraction)

    @property
    def _extraction(self) -> Extraction:
        """Where a candidate's answer carries its prediction; nothing is read where nothing is predicted."""
        prediction = self.spec.prediction
        if prediction is None:
            return Extraction()
        return Extraction(body=prediction.body, header=prediction.header, type=prediction.type, map=prediction.map)

    @cached_property
    def current(self) -> Target:
        """spec.current."""
        current = self.spec.current
        if current.bento is not None:
            base = self.target_of_bento("current", current.bento)
            upstream, workload = base.upstream, base.workload
        elif current.service is not None:
            upstream, workload = Upstream(host=self.host(current.service.name), port=current.service.port), None
        else:
            raise ValueError("spec.current has neither service nor bento: the schema refuses that")
        override = current.prediction
        common = self._extraction
        placed = override is not None and (override.body is not None or override.header is not None)
        extraction = Extraction(
            body=override.body if override and placed else common.body,
            header=override.header if override and placed else common.header,
            type=common.type,
            map=common.map if override is None or override.map is None else override.map,
        )
        return Target("current", current_identity(current), upstream, workload, current.bento, extraction)

    @cached_property
    def promotion(self) -> Promotion | None:
        """The promotion in force."""
        return self.history.promotion

    @cached_property
    def promoted(self) -> Target | None:
        """What the promotion in force put in place, from its snapshot."""
        return self._target_of(self.promotion) if self.promotion else None

    def _target_of(self, promotion: Promotion) -> Target:
        terms = promotion.terms
        # The same content, where the spec still names it: then the spec says how many of it run.
        named = (
            one.bento for one in self.spec.candidates if workload_name(self.owner.name, one.bento) == terms.workload
        )
        return self.target_of_bento(terms.candidate, next(named, terms.bento))

    @cached_property
    def probation(self) -> TrialHistory | None:
        """The trial whose promotion is on probation: some units stay with what served before."""
        return self.trial if self.on_probation and self.spec.serve == SERVE_AUTO else None

    @property
    def on_probation(self) -> bool:
        """The newest trial's promotion is not settled: its probation goes on, or may again when the spec says so."""
        trial, promotion = self.history.trial(), self.promotion
        if promotion is None or trial is None or trial.uid != promotion.record.trial or not promotion.record.probation:
            return False
        return not self.history.settled(promotion)

    @cached_property
    def standby(self) -> Target:
        """What served before the promotion in force."""
        under = self.history.promotions[:-1]
        return self._target_of(under[-1]) if under else self.current

    @property
    def probation_epoch(self) -> int:
        """Number of the epoch of a probation."""
        canary = self.spec.strategy.canary
        return FIRST_STEP_EPOCH + (len(canary.steps) if canary else 0)

    @cached_property
    def share(self) -> Share | None:
        """How live requests are to be shared; None where one process answers all of them."""
        trial = self.open_trial
        asked = self.promotion.record.probation if self.promotion and self.probation else None
        if trial is None and asked is not None and self.promoted is not None:
            return Share(self.promoted, self.standby, asked.weight, self.probation_epoch)
        if trial is None or not self.stage.splits:
            return None
        return Share(self.challenger, self.baseline, trial.step.weight if trial.step else 0, self.epoch)

    @property
    def breaker(self) -> CircuitBreaker:
        """The circuit breaker that was asked for, or its defaults."""
        canary = self.spec.strategy.canary
        return canary.circuit_breaker if canary else DEFAULT_BREAKER

    @property
    def fails_open(self) -> bool:
        """Current is asked where the candidate fails."""
        canary = self.spec.strategy.canary
        return canary is None or canary.fail_open

    @property
    def measured(self) -> TrialHistory | None:
        """The trial whose requests routers tell of: the one under way, or on probation."""
        return self.open_trial or self.probation

    @cached_property
    def baseline(self) -> Target:
        """What a candidate is measured against: what serves by decision, whatever `serve` overrides."""
        return self.promoted or self.current

    @cached_property
    def challengers(self) -> tuple[Target, ...]:
        """The candidates in the running, simplest first: one alone from the moment at which it goes on."""
        every = tuple(self.target_of_bento(one.name, one.bento) for one in self.spec.candidates)
        trial, serving = self.trial, (self.baseline.workload, self.current.workload)
        if trial is None:
            return tuple(one for one in every if one.workload not in serving) or every[:1]
        if trial.chosen is not None:
            return tuple(one for one in every if one.name == trial.chosen)
        return tuple(one for one in every if one.name in trial.names and one.name not in trial.dropped) or every[:1]

    @property
    def challenger(self) -> Target:
        """The candidate that goes on, or the simplest one in the running."""
        return self.challengers[0]

    def candidate_named(self, name: str) -> Target | None:
        """One of the spec's candidates."""
        found = (one for one in self.spec.candidates if one.name == name)
        return next((self.target_of_bento(one.name, one.bento) for one in found), None)

    @property
    def pointless(self) -> bool:
        """The candidate is what serves already: there is nothing to measure."""
        return self.challenger.workload in (self.baseline.workload, self.current.workload)

    @cached_property
    def trial(self) -> TrialHistory | None:
        """The newest trial, where it is the one that the spec asks for."""
        trial = self.history.trial()
        return trial if trial is not None and trial.terms.frozen == self.frozen else None

    @cached_property
    def open_trial(self) -> TrialHistory | None:
        """The trial under way."""
        return self.trial if self.trial is not None and self.trial.end is None else None

    @property
    def stage(self) -> Stage:
        """How far the trial under way has come, by its records."""
        trial = self.open_trial
        if trial is not None and trial.steps:
            return Stage.CANARY
        if self.spec.strategy.shadow is None or (
            self.spec.watches_current and (trial is None or trial.watched is None)
        ):
            return Stage.WATCH
        return Stage.WARM_UP if trial is None or trial.baseline is None else Stage.SHADOW

    @property
    def epoch(self) -> int:
        """Number of the epoch that requests of the trial under way belong to now."""
        step = self.open_trial.step if self.open_trial else None
        return step.epoch if step is not None else _EPOCHS[self.stage]

    @property
    def planned_step(self) -> CanaryStep | None:
        """What was asked for of the canary's step under way."""
        step, canary = self.open_trial.step if self.open_trial else None, self.spec.strategy.canary
        return canary.steps[step.number] if step is not None and canary is not None else None

    @property
    def step_since(self) -> float | None:
        """Since when all routers are known to share units as the step under way says (unix seconds); None: they do not, or not yet."""
        trial = self.open_trial
        return self._in_force(trial.step.epoch, trial.steps_at[-1]) if trial is not None and trial.step else None

    @property
    def probation_since(self) -> float | None:
        """Since when all routers are known to share units as the probation says (unix seconds); None: they do not, or not yet."""
        promotion = self.promotion if self.probation is not None else None
        return self._in_force(self.probation_epoch, promotion.record.at) if promotion is not None else None

    def _in_force(self, epoch: int, decided_at: str) -> float | None:
        intent, since = self.intent, self.observed.routers.agreed_since
        if not self.measuring or since is None or intent is None or intent.trial is None or intent.trial.epoch != epoch:
            return None
        return max(parse(decided_at), since)

    def proven_as(self, upstream: Upstream | None) -> Target | None:
        """Which candidate of an earlier trial runs there: it may still answer when spec and promotion name it no more."""
        for record in self.observed.records:
            for one in record.terms.contenders if record.terms is not None and upstream is not None else ():
                if upstream is not None and self.host(one.workload) == upstream.host:
                    return self.target_of_bento(one.candidate, one.bento)
        return None

    @property
    def unwritten_end(self) -> Record | None:
        """The end of the trial under way that an earlier cycle reached, where it could not be written yet.

        Not a promotion that a person has come before: who asks for a pause, an override or to be asked is heard.
        """
        record, trial, asked = self.observed.undecided, self.open_trial, self.spec.promotion
        if record is None or trial is None or record.trial != trial.uid:
            return None
        unasked = asked.policy is PromotionPolicy.MANUAL and asked.approve != trial.uid
        held = self.spec.paused or self.spec.serve != SERVE_AUTO or unasked
        return None if held and record.kind is RecordKind.PROMOTED else record

    @cached_property
    def serving(self) -> Target:
        """What should answer live requests now: an override, else the promotion in force, else current."""
        if self.spec.serve == SERVE_CURRENT:
            return self.current
        asked = self.candidate_named(self.spec.serve)
        if asked is not None:
            ready = self.workload(asked.workload)
            if ready is not None and ready.ready > 0:
                return asked
        return self.baseline

    @property
    def intent(self) -> RouterIntent | None:
        """What the routers' ConfigMap asks for now."""
        published = self.observed.routers.published
        return published.intent if published else None

    def workload(self, name: str | None) -> Workload | None:
        """A Deployment of ours by name."""
        return self.observed.workloads.get(name) if name else None

    @property
    def moved(self) -> bool:
        """The published configuration sends live requests where they should go."""
        intent = self.intent
        if intent is None:
            return False
        if self.probation is not None and self.promoted is not None:
            return intent.split is not None and intent.split.candidate == self.promoted.upstream
        if intent.split is not None and self.open_trial is None:
            return False
        if self.serving is self.current:
            return intent.serve == "current" and intent.current == self.current.upstream
        return intent.serve == "candidate" and intent.candidate == self.serving.upstream

    @cached_property
    def measuring(self) -> bool:
        """The published configuration copies or shares requests for the trial under way."""
        intent = self.intent
        return (
            self.measured is not None
            and intent is not None
            and intent.trial is not None
            and intent.trial.uid == self.measured.uid
        )

    def told(self, uid: str) -> Trial | None:
        """What status says of this trial since the last cycle; None where it speaks of another one, or of none."""
        status = self.observed.resource.status
        return status.trial if status is not None and status.trial is not None and status.trial.uid == uid else None

    @cached_property
    def loaded_at(self) -> float | None:
        """When the routers had first loaded the trial under way (unix seconds); the deadline counts from here."""
        trial = self.open_trial
        if trial is None:
            return None
        if trial.baseline is not None:
            return parse(trial.baseline.loaded)
        told = self.told(trial.uid)
        if told is not None and told.started:
            return parse(told.started)
        return self.now if self.measuring and self.observed.routers.agreed else None

    @property
    def deadline(self) -> float | None:
        """When the time box of the trial under way ends (unix seconds)."""
        if self.open_trial is None or self.loaded_at is None:
            return None
        return self.loaded_at + self.open_trial.terms.deadline_s

    @property
    def is_over(self) -> bool:
        """The time box of the trial under way has ended, and nothing says yet how."""
        return self.deadline is not None and self.now >= self.deadline

    @property
    def try_timeout_ms(self) -> int:
        """How long a promoted candidate may take before current is asked instead."""
        return max(1, round(seconds(self.spec.answer_within) * 1000))
