"""Several candidates in one shadow, simplest first: which of them goes on, and why. Called by `steps.shadowing`.

Each candidate is judged beside current as if it were the only one, with its share of the error rate. The simplest that is proven leads.
A later one takes the lead only when it is proven better than who leads, at the same bar; and it never passes a simpler one of which
nothing is known yet, unless it is proven better than that one too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shadowlift.api.ledger import SHADOW_EPOCH, WARM_UP_EPOCH, EpochCounters, TrialCounters
from shadowlift.api.status import Contender, Evidence, Verdict, VerdictKind
from shadowlift.rollout.evidence import case, signed
from shadowlift.rollout.gates import EVIDENCE_LOST, INCOMPARABLE, judge
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.look import Look
from shadowlift.rollout.world import World
from shadowlift.stats.verdict import Ruling, rule
from shadowlift.stats.verdict import Verdict as Says

UNHEARD_PAIRS = 1000  # ten warm-ups: a candidate that is still starting fails at the first of them
# What differs between candidates; all else of an epoch is current's, and the same for all.
_OWN = (
    *("wins", "losses", "ties", "unlabelled", "unread", "unmatched", "disagreements", "labelled"),
    *("candidate_failed", "candidate_silent", "candidate_values", "reasons"),
    *("labelled_by_answer", "unlabelled_by_answer", "spread"),
    *("differences", "worst_differences", "best_differences"),
)


@dataclass(frozen=True)
class Field:
    """All candidates in the running at one moment."""

    trial: TrialHistory  # as it began, of all of them
    looks: tuple[Look, ...]  # simplest first
    counters: TrialCounters

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """Each candidate by itself."""
        return {look.trial.terms.candidate: judge(look) for look in self.looks}

    def against(self, later: str, simpler: str) -> Ruling | None:
        """What the engine says of one candidate beside a simpler one; None where nothing can be said."""
        name = f"{later}>{simpler}"
        frozen = self.trial.baseline.rivals.get(name) if self.trial.baseline else None
        if frozen is None or frozen.test is None:
            return None
        seen = self.counters.epochs.get(f"{SHADOW_EPOCH}/{name}", EpochCounters())
        return rule(case(self.trial.terms, frozen.test, seen))

    @cached_property
    def unheard(self) -> tuple[Look, Verdict] | None:
        """In the warm-up: a candidate none of whose many answers could be read, and why; the others need not wait for it."""
        for look in self.looks:
            asked = sum(look.warm_up.current_values.values())
            if asked >= UNHEARD_PAIRS and not look.warm_up.candidate_values and self._says(look).reason == INCOMPARABLE:
                return look, self._says(look).model_copy(update={"kind": VerdictKind.REJECT})
        return None

    @property
    def leader(self) -> tuple[Look, Verdict]:
        """The look that speaks for the trial, and the verdict: of who goes on or is dropped, else of who is nearest to either."""
        rejected = next((look for look in self.looks if self._says(look).kind is VerdictKind.REJECT), None)
        if rejected is not None:
            return rejected, self._says(rejected)
        leader: Look | None = None
        for look in self.looks:
            if self._says(look).kind is VerdictKind.PROMOTE and (leader is None or self._is_better(look, leader)):
                leader = look
        if leader is None:
            wrong = (look for look in self.looks if self._says(look).kind is VerdictKind.ERROR)
            nearest = next(wrong, self.looks[0])
            return nearest, self._says(nearest)
        return leader, self._passes(leader) or self._chosen(leader)

    def shown(self) -> tuple[Contender, ...]:
        """For status: each candidate with its verdict and evidence."""
        return tuple(
            Contender(
                name=look.trial.terms.candidate,
                workload=look.trial.terms.workload,
                verdict=self._says(look),
                evidence=self._shown(look),
            )
            for look in self.looks
        )

    def _shown(self, look: Look) -> Evidence:
        """Its evidence; of counters that have gone back the next look must still see that they have."""
        last = look.last if self._says(look).reason == EVIDENCE_LOST else None
        return look.evidence if last is None else last.evidence

    def _says(self, look: Look) -> Verdict:
        return self.verdicts[look.trial.terms.candidate]

    def _is_better(self, later: Look, simpler: Look) -> bool:
        ruling = self.against(later.trial.terms.candidate, simpler.trial.terms.candidate)
        return ruling is not None and ruling.verdict is Says.PROMOTE

    def _passes(self, leader: Look) -> Verdict | None:
        """Hold, where a simpler candidate is neither proven nor given up, and not proven to be worse than this one."""
        for simpler in self.looks[: self.looks.index(leader)]:
            if self._says(simpler).kind is not VerdictKind.PROMOTE and not self._is_better(leader, simpler):
                name, waits = leader.trial.terms.candidate, simpler.trial.terms.candidate
                message = f"{name} is proven; it waits until {waits}, which is simpler, is proven or given up, or proven to be worse"
                return Verdict(kind=VerdictKind.HOLD, reason="SimplerFirst", message=message[:512])
        return None

    def _chosen(self, leader: Look) -> Verdict:
        """The verdict with the reason for the choice."""
        name, said = leader.trial.terms.candidate, self._says(leader)
        beside = (self._beside(look, name) for look in self.looks if look is not leader)
        dropped = (f"{gone} dropped ({record.reason})" for gone, record in self.trial.dropped.items())
        return said.model_copy(update={"message": "; ".join((f"{name}: {said.message}", *beside, *dropped))[:512]})

    def _beside(self, look: Look, chosen: str) -> str:
        name = look.trial.terms.candidate
        order = [one.trial.terms.candidate for one in self.looks]
        later, simpler = (name, chosen) if order.index(name) > order.index(chosen) else (chosen, name)
        ruling = self.against(later, simpler)
        evidence = ruling.evidence if ruling else None
        estimate = evidence.estimate if evidence else None
        if ruling is None or evidence is None or estimate is None:
            return f"{name} not compared"
        low, middle, high = (signed(value * look.unit) for value in (evidence.lower, estimate, evidence.upper))
        lift = f"{middle} within {low} to {high}"
        proven = "proven" if ruling.verdict is Says.PROMOTE else "not proven"
        return f"{later} {proven} better than {simpler} ({lift})"


def field_of(world: World, trial: TrialHistory, counters: TrialCounters) -> Field:
    """The candidates in the running, each with what was counted of it."""
    names = [target.name for target in world.challengers]
    looks = (Look(world, trial.seen_by(name), seen_by(counters, trial.names, name)) for name in names)
    return Field(trial, tuple(looks), counters)


def seen_by(counters: TrialCounters, names: Sequence[str], name: str) -> TrialCounters:
    """The counters as if that candidate were the only one. What routers shed is the first one's; of another its silence tells."""
    if not names or name == names[0]:
        return counters
    epochs = {}
    for key, epoch in counters.epochs.items():
        if "/" not in key:
            of_a_shadow = int(key) in (WARM_UP_EPOCH, SHADOW_EPOCH)
            epochs[key] = (
                _merged(epoch, counters.epochs.get(f"{key}/{name}", EpochCounters())) if of_a_shadow else epoch
            )
    routers = [router.model_copy(update={"shed": 0}) for router in counters.routers]
    return counters.model_copy(update={"epochs": epochs, "routers": routers})


def _merged(epoch: EpochCounters, own: EpochCounters) -> EpochCounters:
    by_arm = {
        field: {
            **{key: n for key, n in getattr(epoch, field).items() if not key.startswith("candidate")},
            **getattr(own, field),
        }
        for field in ("units_by_arm", "failures_by_arm", "latency_by_arm", "shapes")
    }
    return epoch.model_copy(update={**{field: getattr(own, field) for field in _OWN}, **by_arm})
