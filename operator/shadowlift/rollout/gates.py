"""When do we promote? Read `PROMOTION`: every gate in that list must be open, in that order.

Called by `steps.shadowing` with the counters of the trial under way. A gate is a function from a `Look` to a `Shut` (why not, and
whether that is Hold or Error) or None. Unknown never promotes: what cannot be read is Error, what is not enough is Hold.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from shadowlift.api.ledger import WARM_UP_EPOCH, EpochCounters, TrialCounters
from shadowlift.api.record import Baseline
from shadowlift.api.spec import SERVE_AUTO, Missing
from shadowlift.api.status import Coverage, Evidence, Verdict, VerdictKind
from shadowlift.rollout.evidence import assessment, counted, coverage_of, shown, signed
from shadowlift.rollout.history import TrialHistory
from shadowlift.rollout.world import World
from shadowlift.stats.verdict import Decision
from shadowlift.stats.verdict import Evidence as Assessment

WARM_UP_PAIRS = 100  # pairs that must compare before any counts: enough to see a vocabulary and to place the bets
MIN_COVERAGE = 0.99  # of live requests, by shape: promotion sends all of them to the candidate
MAX_EXCLUDED = 0.01  # of pairs whose current side failed or could not be read
MAX_SHED = 0.01  # of copies: more means that the candidate could not keep up
MAX_CLOCK_OFF = 5_000_000  # microseconds between a router's clock and the recorder's
LOSS_WINDOW_S = 60.0  # no line may have been lost within it
MIN_READY = 2
OUTCOMES_TO_COMPARE = 20
SELECTION_BAR = 20.0  # evidence ratio at which labels are held to depend on the answer that was served


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

    @cached_property
    def epoch(self) -> EpochCounters:
        """All that counts."""
        return counted(self.counters)

    @cached_property
    def warm_up(self) -> EpochCounters:
        """The pairs that only show whether things compare."""
        return self.counters.epochs.get(str(WARM_UP_EPOCH), EpochCounters())

    @cached_property
    def assessment(self) -> Assessment | None:
        """What the engine says; None during warm-up."""
        baseline: Baseline | None = self.trial.baseline
        return assessment(self.trial.terms, baseline, self.epoch) if baseline is not None else None

    @property
    def evidence(self) -> Evidence:
        """For status and records."""
        return shown(self.epoch, self.assessment) if self.assessment else Evidence()

    @property
    def coverage(self) -> Coverage:
        """For status and records."""
        baseline = self.trial.baseline
        return coverage_of(self.epoch if baseline else self.warm_up, self.counters, baseline)


Gate = Callable[[Look], Shut | None]


def ledger_is_the_same(look: Look) -> Shut | None:
    """The evidence is in the ledger in which the trial began, and has not shrunk."""
    view = look.world.observed.evidence
    if view.ledger != look.trial.terms.ledger:
        return Shut(
            VerdictKind.ERROR, "EvidenceLost",
            "the recorder's ledger is not the one in which this trial began; change spec.trial to begin anew",
        )  # fmt: skip
    status = look.world.observed.resource.status
    before = status.trial.evidence if status and status.trial and status.trial.uid == look.trial.uid else None
    if (
        before is not None
        and look.epoch.wins + look.epoch.losses + look.epoch.ties < before.wins + before.losses + before.ties
    ):
        return Shut(
            VerdictKind.ERROR, "EvidenceLost", "the recorder's counters have gone back; change spec.trial to begin anew"
        )
    return None


def image_is_the_same(look: Look) -> Shut | None:
    """The candidate's pods run the image with which the trial began."""
    workload = look.world.workload(look.trial.terms.workload)
    known = set(look.trial.terms.images.values())
    other = workload.images - known if workload else frozenset()
    if other:
        return Shut(
            VerdictKind.ERROR, "ImageChanged",
            "candidate pods run another image than at the start of the trial; pin it by digest and change spec.trial",
        )  # fmt: skip
    return None


def clocks_agree(look: Look) -> Shut | None:
    """The routers' clocks agree with the recorder's."""
    present = {pod.uid for pod in look.world.observed.routers.pods}  # a clock that is gone cannot be mended
    routers = [router for router in look.counters.routers if router.uid in present]
    off = [router for router in routers if abs(router.clock_off_us) > MAX_CLOCK_OFF]
    if off:
        seconds = max(abs(router.clock_off_us) for router in off) / 1e6
        return Shut(
            VerdictKind.ERROR, "ClockSkew", f"a router's clock is off by {seconds:.0f} s; synchronise the nodes' clocks"
        )
    return None


def current_is_readable(look: Look) -> Shut | None:
    """Pairs whose current side failed or could not be read are few; they are never wins."""
    # A blip in the warm-up is not held against the rest.
    epoch = look.epoch if look.trial.baseline else look.warm_up
    excluded = epoch.current_failed + epoch.current_unreadable
    seen = excluded + epoch.wins + epoch.losses + epoch.ties + epoch.unlabelled
    if seen >= WARM_UP_PAIRS and excluded > MAX_EXCLUDED * seen:
        reasons = ", ".join(f"{name}: {n}" for name, n in sorted(epoch.reasons.items())) or "no reason given"
        return Shut(
            VerdictKind.ERROR, "CurrentUnreadable",
            f"current failed or gave no prediction of the declared type in {excluded} of {seen} pairs ({reasons}); "
            "see spec.current.prediction and spec.prediction.type",
        )  # fmt: skip
    return None


def answers_fit_the_capture(look: Look) -> Shut | None:
    """Answers are of a size and encoding that we can read."""
    epoch = look.epoch if look.trial.baseline else look.warm_up
    if epoch.booked >= WARM_UP_PAIRS and epoch.ours > MAX_EXCLUDED * epoch.booked:
        return Shut(
            VerdictKind.ERROR, "AnswerNotCaptured",
            f"{epoch.ours} answers were longer than 64 KiB or in an unknown encoding; send the prediction in a header",
        )  # fmt: skip
    return None


def values_compare(look: Look) -> Shut | None:
    """Current, candidate and outcomes speak of the same values."""
    for epoch in (look.warm_up, look.epoch):
        ours, theirs = set(epoch.current_values) - {""}, set(epoch.candidate_values) - {""}
        if sum(epoch.current_values.values()) >= WARM_UP_PAIRS and not theirs:
            reasons = ", ".join(f"{name}: {n}" for name, n in sorted(epoch.reasons.items())) or "no answers"
            return Shut(
                VerdictKind.ERROR,
                "Incomparable",
                f"the candidate gave no readable prediction ({reasons}); see spec.prediction",
            )
        cut = "" in {*epoch.current_values, *epoch.candidate_values}  # more than are kept: nothing follows from these
        if sum(epoch.candidate_values.values()) >= WARM_UP_PAIRS and ours and theirs and not ours & theirs and not cut:
            return Shut(
                VerdictKind.ERROR, "Incomparable",
                f"current answers {_some(ours)}, the candidate {_some(theirs)}; see spec.prediction.map and spec.current.prediction",
            )  # fmt: skip
        known = set(epoch.outcome_values) - {""}
        if sum(epoch.outcome_values.values()) >= OUTCOMES_TO_COMPARE and not known & (ours | theirs):
            return Shut(
                VerdictKind.ERROR, "Incomparable",
                f"outcomes are {_some(known)}, predictions {_some(ours | theirs)}; see spec.prediction.map",
            )  # fmt: skip
    return None


def warmed_up(look: Look) -> Shut | None:
    """The warm-up has shown that things compare and how often they differ."""
    if look.trial.baseline is not None:
        return None
    seen = sum(look.warm_up.candidate_values.values())
    return Shut(VerdictKind.HOLD, "WarmUp", f"{seen} of {WARM_UP_PAIRS} first pairs compared; they are not counted")


def no_recent_losses(look: Look) -> Shut | None:
    """No line was lost lately: what is counted is what happened."""
    at = look.world.now
    losses = [router.last_loss / 1e6 for router in look.counters.routers if router.last_loss is not None]
    recent = [loss for loss in losses if at - loss < LOSS_WINDOW_S]
    if recent:
        return Shut(
            VerdictKind.HOLD,
            "LinesLost",
            f"a router lost lines {at - max(recent):.0f} s ago; {LOSS_WINDOW_S:.0f} s without are wanted",
        )
    return None


def coverage_is_high(look: Look) -> Shut | None:
    """The evidence speaks for nearly all requests that promotion would move."""
    share = look.coverage.share
    if share is not None and float(share) < MIN_COVERAGE:
        return Shut(
            VerdictKind.HOLD, "Coverage",
            f"only {float(share):.1%} of live requests can be compared (too large, of unknown length or without the unit header); "
            f"{MIN_COVERAGE:.0%} are wanted",
        )  # fmt: skip
    return None


def labels_do_not_choose(look: Look) -> Shut | None:
    """Under AtRandom: outcomes of disagreements come as often whichever answer was served."""
    if look.trial.terms.missing != Missing.AT_RANDOM.value:
        return None
    ratio = selection_evidence(look.epoch)
    if ratio >= SELECTION_BAR:
        return Shut(
            VerdictKind.HOLD, "LabelsSelected",
            "outcomes of disagreements come more often for some served answers than for others, so they are not missing at random; "
            "use outcome.missing: Worst",
        )  # fmt: skip
    return None


def lift_is_proven(look: Look) -> Shut | None:
    """The e-value has reached its bar."""
    result = look.assessment
    if result is None or result.n == 0:
        return Shut(VerdictKind.HOLD, "NoEvidence", "no matured pair yet")
    if result.decision is Decision.PROMOTE:
        return None
    silent = look.epoch.unlabelled
    missing = f"; {silent} disagreements without an outcome count against it" if silent else ""
    more = (
        f"; about {result.needed.at_estimate} further pairs if the estimate holds" if result.needed.at_estimate else ""
    )
    return Shut(
        VerdictKind.HOLD, "NotProven",
        f"lift {signed(result.estimate or 0.0)} within {signed(result.lower)} to {signed(result.upper)} ({result.n} pairs){more}{missing}",
    )  # fmt: skip


def capacity_is_shown(look: Look) -> Shut | None:
    """The candidate kept up with all live traffic and has the pods to take it."""
    shed, live = look.coverage.shed, max(1, look.epoch.live)
    if shed > MAX_SHED * live:
        return Shut(
            VerdictKind.HOLD,
            "Capacity",
            f"{shed} of {live} copies were dropped because the candidate was too slow; raise replicas",
        )
    workload = look.world.workload(look.trial.terms.workload)
    ready = workload.ready if workload else 0
    if ready < MIN_READY:
        return Shut(VerdictKind.HOLD, "Replicas", f"{ready} of the candidate's pods are ready; {MIN_READY} are wanted")
    return None


def serving_is_automatic(look: Look) -> Shut | None:
    """Nobody holds the traffic by hand."""
    serve = look.world.spec.serve
    if serve != SERVE_AUTO:
        return Shut(
            VerdictKind.HOLD, "ServeOverride", f"spec.serve is {serve}: set it to Auto to let the evidence decide"
        )
    return None


SOUND: tuple[Gate, ...] = (  # without these nothing may be concluded, in either direction
    ledger_is_the_same,
    image_is_the_same,
    clocks_agree,
    current_is_readable,
    answers_fit_the_capture,
    values_compare,
    warmed_up,
)
PROMOTION: tuple[Gate, ...] = (
    *SOUND,
    lift_is_proven,
    no_recent_losses,
    coverage_is_high,
    labels_do_not_choose,
    capacity_is_shown,
    serving_is_automatic,
)


def judge(look: Look) -> Verdict:
    """One verdict: Error or Hold where a gate is shut, Reject where harm or futility is proven, else Promote."""
    for gate in SOUND:
        shut = gate(look)
        if shut is not None:
            return Verdict(kind=shut.kind, reason=shut.reason, message=shut.message)
    rejected = _rejection(look.assessment)
    if rejected is not None:
        return rejected
    for gate in PROMOTION[len(SOUND) :]:
        shut = gate(look)
        if shut is not None:
            return Verdict(kind=shut.kind, reason=shut.reason, message=shut.message)
    return Verdict(kind=VerdictKind.PROMOTE, reason="LiftProven", message=_proof(look))


def _rejection(result: Assessment | None) -> Verdict | None:
    if result is None or result.n == 0:
        return None
    if result.decision is Decision.REJECT_HARM:
        message = f"proven worse than what serves: lift at most {signed(result.upper)} after {result.n} pairs"
        return Verdict(kind=VerdictKind.REJECT, reason="Harm", message=message)
    if result.decision is Decision.REJECT_FUTILITY:
        message = f"lift is at most {signed(result.upper)}, below spec.objective.targetLift, after {result.n} pairs"
        return Verdict(kind=VerdictKind.REJECT, reason="Futility", message=message)
    return None


def _proof(look: Look) -> str:
    evidence = look.evidence
    return (
        f"lift {evidence.estimate}, at least {evidence.lower}, after {evidence.n} pairs; "
        f"e-value {evidence.e_value} at a bar of {evidence.bar}"
    )


def selection_evidence(epoch: EpochCounters) -> float:
    """How much better separate label rates per served answer explain the labels than one common rate.

    The Bayes factor of independent uniform-prior rates per served answer against one uniform-prior rate: products of Beta
    functions of (labelled + 1, unlabelled + 1), with binomial coefficients common to both left out.
    """
    cells = [
        (epoch.labelled_by_answer.get(answer, 0), epoch.unlabelled_by_answer.get(answer, 0))
        for answer in sorted({*epoch.labelled_by_answer, *epoch.unlabelled_by_answer})
    ]
    if len(cells) < 2:
        return 1.0
    apart = sum(_log_beta(labelled + 1, silent + 1) for labelled, silent in cells)
    together = _log_beta(sum(c[0] for c in cells) + 1, sum(c[1] for c in cells) + 1)
    return math.exp(min(700.0, apart - together))


def _log_beta(a: int, b: int) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _some(values: set[str]) -> str:
    return ", ".join(repr(value) for value in sorted(values)[:5]) + (" and more" if len(values) > 5 else "")
