"""The operator's core over a recorder: `decide` with real counters and real records, whose effects happen at once.

Driven by `trial`. Routers load what is published and pods start at once, as in the tests of the core (`Life`); new here is that the
recorder is one, and is told of trials and asked for counters as the operator does it.
"""

from dataclasses import dataclass, field, replace

from dev.bench.pipeline.ledger import Ledger
from shadowlift.api.ledger import FIRST_STEP_EPOCH, SHADOW_EPOCH
from shadowlift.api.record import ENDS_TRIAL, Record
from shadowlift.api.status import Verdict
from shadowlift.reconcile.memory import EvidenceMemory
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.rollout.observed import Observed
from shadowlift.rollout.plan import Plan
from tests.unit.rollout.given import Life

MOST_CYCLES = 40


@dataclass
class Deployment(Life):
    """One ModelDeployment, its operator and its recorder."""

    recorder: Ledger = field(kw_only=True)
    memory: EvidenceMemory = field(default_factory=EvidenceMemory)

    @property
    def microseconds(self) -> int:
        """The time."""
        return round(self.now * 1e6)

    @property
    def intent(self) -> RouterIntent:
        """What the routers have loaded."""
        if self.published is None or any(pod.loaded != self.published.version for pod in self.pods):
            raise RuntimeError(f"the routers have loaded nothing, or not the newest: {self.status}")
        return self.published.intent

    @property
    def end(self) -> Record | None:
        """The record that ended the trial."""
        return next((record for record in self.records if record.kind in ENDS_TRIAL), None)

    @property
    def counts(self) -> bool:
        """The routers tell of units that count."""
        told = self.published.intent.trial if self.published else None
        return told is not None and (told.epoch == SHADOW_EPOCH or told.epoch >= FIRST_STEP_EPOCH)

    @property
    def verdict(self) -> Verdict:
        """Of the last look."""
        verdict = self.status.trial.verdict if self.status and self.status.trial else None
        if verdict is None:
            raise RuntimeError(f"nothing was looked at: {self.status}")
        return verdict

    @property
    def lift(self) -> float:
        """As status shows it; 0 where nothing has matured."""
        shown = self.status.trial.evidence.estimate if self.status and self.status.trial else None
        return 0.0 if shown is None else float(shown)

    def observed(self) -> Observed:
        """As `Life` has it, with what the candidate was asked lately."""
        seen = super().observed()
        lately = tuple(self.memory.traffic.get(self.last.watch_trial or "", ())) if self.last else ()
        return replace(seen, evidence=replace(seen.evidence, traffic=lately))

    def cycle(self) -> Plan:
        """Ask the recorder, decide once; the effects happen, in the ledger too."""
        watched = self.last.watch_trial if self.last else None
        if watched in self.registered:
            answer = self.recorder.counters([watched], self.microseconds)
            self.memory.take(answer, self.now)
            self.counters.update({trial.uid: trial for trial in answer.trials})
        plan = super().cycle()
        for registration in plan.registrations:
            self.recorder.register(registration, self.microseconds)
        return plan

    def begin(self) -> None:
        """Cycle until the routers have loaded the trial."""
        for _ in range(MOST_CYCLES):
            self.cycle()
            if self.published is not None and self.published.intent.trial is not None:
                return
        raise RuntimeError(f"no trial after {MOST_CYCLES} cycles: {self.status}")

    def look(self) -> None:
        """Cycle until nothing is on its way: mostly once."""
        for _ in range(MOST_CYCLES):
            plan = self.cycle()
            if self.end is not None or not (plan.records or plan.router or plan.registrations):
                return
        raise RuntimeError(f"not settled after {MOST_CYCLES} cycles: {self.status}")
