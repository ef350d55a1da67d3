"""When do we promote? Read `PROMOTION`: every gate in that list must be open, in that order.

Called by `steps.shadowing` with a look at the counters of the trial under way; a canary has lists of its own in `canary_gates`.
A gate is a function from a `Look` to a `Shut` (why not, and
whether that is Hold or Error) or None. Unknown never promotes: what cannot be read is Error, what is not enough is Hold.
"""

import math
from collections.abc import Mapping

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.objective import Missing
from shadowlift.api.spec import SERVE_AUTO
from shadowlift.api.status import Evidence, Verdict, VerdictKind
from shadowlift.rollout import guards, interference
from shadowlift.rollout.evidence import signed
from shadowlift.rollout.instants import parse
from shadowlift.rollout.look import Gate, Look, Shut
from shadowlift.rollout.rejection import FUTILITY, in_its_time, rejection
from shadowlift.stats.combination import Safety, at_cycle_end
from shadowlift.stats.verdict import Reason
from shadowlift.stats.verdict import Verdict as Says

WARM_UP_PAIRS = 100  # pairs that must compare before any counts: enough to see a vocabulary and to place the bets
MIN_COVERAGE = 0.99  # of live requests, by shape: promotion sends all of them to the candidate
MAX_EXCLUDED = 0.01  # of pairs whose current side failed or could not be read
MAX_SHED = 0.01  # of copies: more means that the candidate could not keep up
MAX_CLOCK_OFF = 5_000_000  # microseconds between a router's clock and the recorder's
LOSS_WINDOW_S = 60.0  # no line may have been lost within it
MIN_READY = 2
OUTCOMES_TO_COMPARE = 20
CYCLE_SLACK = 0.01  # of a cycle: looks come every few seconds, and a cycle is rarely shorter than a day
LEAST_CYCLE_SLACK_S = 10.0
EVIDENCE_LOST = "EvidenceLost"
INCOMPARABLE = "Incomparable"
SELECTION_BAR = 20.0  # evidence ratio at which labels are held to depend on the answer that was served


def ledger_is_the_same(look: Look) -> Shut | None:
    """The evidence is in the ledger in which the trial began, and has not shrunk."""
    view = look.world.observed.evidence
    if view.ledger != look.trial.terms.ledger:
        return Shut(
            VerdictKind.ERROR, EVIDENCE_LOST,
            "the recorder's ledger is not the one in which this trial began; change spec.trial to begin anew",
        )  # fmt: skip
    last = look.last
    if last is not None and _seen(look) < _shown(last.evidence, units=bool(look.steps)):
        return Shut(VerdictKind.ERROR, EVIDENCE_LOST, "the recorder's counters have gone back; the trial is given up")
    return None


def _seen(look: Look) -> int:
    """What the recorder has counted in this stage."""
    epoch = look.epoch
    return sum(epoch.known_by_arm.values()) if look.steps else epoch.wins + epoch.losses + epoch.ties


def _shown(before: Evidence, *, units: bool) -> int:
    """What status said of the same stage; of a canary only the last look of one tells anything."""
    if units:
        return (before.candidate_units or 0) + (before.current_units or 0)
    return before.wins + before.losses + before.ties


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


def _judged(look: Look) -> EpochCounters:
    """What there is to find fault with: the warm-up, until evidence counts; a blip in it is not held against the rest."""
    return look.epoch if look.trial.baseline else look.warm_up


def current_is_readable(look: Look) -> Shut | None:
    """Pairs whose current side failed or could not be read are few; they are never wins."""
    epoch = _judged(look)
    excluded = epoch.current_failed + epoch.current_unreadable
    seen = excluded + _closed(epoch)
    if seen >= WARM_UP_PAIRS and excluded > MAX_EXCLUDED * seen:
        return Shut(
            VerdictKind.ERROR, "CurrentUnreadable",
            f"current failed or gave no prediction of the declared type in {excluded} of {seen} pairs ({reasons_of(epoch)}); "
            "see spec.current.prediction and spec.prediction.type",
        )  # fmt: skip
    return None


def answers_fit_the_capture(look: Look) -> Shut | None:
    """Answers are of a size and encoding that we can read."""
    epoch = _judged(look)
    ours = epoch.ours + epoch.unread
    if epoch.booked >= WARM_UP_PAIRS and ours > MAX_EXCLUDED * epoch.booked:
        return Shut(
            VerdictKind.ERROR, "AnswerNotCaptured",
            f"{ours} answers were longer than 64 KiB or in an unknown encoding; send the prediction in a header",
        )  # fmt: skip
    return None


def keys_name_one_unit(look: Look) -> Shut | None:
    """Few outcome keys name more than one unit: of those nobody can say which of them the outcome is of."""
    epoch = _judged(look)
    if epoch.booked >= WARM_UP_PAIRS and epoch.ambiguous > MAX_EXCLUDED * epoch.booked:
        return Shut(
            VerdictKind.ERROR, "KeyRepeated",
            f"{epoch.ambiguous} of {epoch.booked} requests came with an outcome key that another one had, too; name in "
            "spec.objective.outcome.key a header that no two requests share, or in spec.unit who asks again",
        )  # fmt: skip
    return None


def values_compare(look: Look) -> Shut | None:
    """Current, candidate and outcomes speak of the same values; of numbers none is kept, and their range was checked before."""
    each = (incomparable(epoch, sum(epoch.current_values.values())) for epoch in (look.warm_up, look.epoch))
    return next((shut for shut in each if shut is not None), None)


def incomparable(epoch: EpochCounters, asked: int) -> Shut | None:
    """What says that values cannot be compared; `asked` is how many answers the candidate should have given by now."""
    ours, theirs = set(epoch.current_values) - {""}, set(epoch.candidate_values) - {""}
    if asked >= WARM_UP_PAIRS and not epoch.candidate_values and epoch.current_values:
        return Shut(
            VerdictKind.ERROR,
            INCOMPARABLE,
            f"the candidate gave no readable prediction ({reasons_of(epoch)}); see spec.prediction",
        )
    cut = "" in {*epoch.current_values, *epoch.candidate_values}  # more than are kept: nothing follows from these
    if sum(epoch.candidate_values.values()) >= WARM_UP_PAIRS and ours and theirs and not ours & theirs and not cut:
        return Shut(
            VerdictKind.ERROR, INCOMPARABLE,
            f"current answers {_some(ours)}, the candidate {_some(theirs)}; see spec.prediction.map and spec.current.prediction",
        )  # fmt: skip
    known = set(epoch.outcome_values) - {""}
    if known and sum(epoch.outcome_values.values()) >= OUTCOMES_TO_COMPARE and not known & (ours | theirs):
        return Shut(
            VerdictKind.ERROR, INCOMPARABLE,
            f"outcomes are {_some(known)}, predictions {_some(ours | theirs)}; see spec.prediction.map",
        )  # fmt: skip
    return None


def reasons_of(epoch: EpochCounters) -> str:
    """Why answers were none, with how many were so."""
    return ", ".join(f"{name}: {n}" for name, n in sorted(epoch.reasons.items())) or "no reason given"


def warmed_up(look: Look) -> Shut | None:
    """The warm-up has shown that things compare and how often they differ."""
    if look.trial.baseline is not None:
        return None
    seen = sum(look.warm_up.candidate_values.values())
    said = f"{seen} of {WARM_UP_PAIRS} first pairs compared; they are not counted"
    if seen >= WARM_UP_PAIRS:
        said = guards.missing(look.world.spec.guardrails, look.warm_up) or said
    return Shut(VerdictKind.HOLD, "WarmUp", said)


def guardrails_hold(look: Look) -> Shut | None:
    """Every guardrail is proven to hold: a promotion needs them all, each at the whole error rate."""
    unknown = next((guard for guard in look.guards if guard.safety is not Safety.SAFE), None)
    if unknown is None or (look.world.spec.strategy.canary is not None and not look.steps):  # the canary will tell
        return None
    return Shut(VerdictKind.HOLD, "GuardrailOpen", f"guardrail {unknown.name} is not proven yet: {unknown.message}")


def routers_are_heard(look: Look) -> Shut | None:
    """Every router that is there tells what it sees; one that is silent may hold all that speaks against the candidate."""
    present = {pod.uid: pod.name for pod in look.world.observed.routers.pods}
    silent = sorted(present[router.uid] for router in look.counters.routers if router.silent and router.uid in present)
    if silent:
        return Shut(
            VerdictKind.HOLD, "RouterSilent",
            f"nothing has come from {', '.join(silent)} lately; see the log of its container shipper, or delete the pod",
        )  # fmt: skip
    return None


def no_recent_losses(look: Look) -> Shut | None:
    """No line was lost lately: what is counted is what happened."""
    at = look.world.observed.evidence.at or look.world.now  # by the clock that noted the losses
    losses = [router.last_loss / 1e6 for router in look.counters.routers if router.last_loss is not None]
    recent = [loss for loss in losses if at - loss < LOSS_WINDOW_S]
    if recent:
        return Shut(
            VerdictKind.HOLD,
            "LinesLost",
            f"a router lost lines, or came back from silence, {at - max(recent):.0f} s ago; {LOSS_WINDOW_S:.0f} s without are wanted",
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
    ratio = selection_evidence(look.epoch.labelled_by_answer, look.epoch.unlabelled_by_answer)
    if ratio >= SELECTION_BAR:
        return Shut(
            VerdictKind.HOLD, "LabelsSelected",
            "outcomes of disagreements come more often for some served answers than for others, so they are not missing at random; "
            "use outcome.missing: Worst",
        )  # fmt: skip
    return None


def enough_is_mature(look: Look) -> Shut | None:
    """So many pairs have closed that it is known what to expect of a unit."""
    # Of a reward a copy tells nothing, and current's answer what came of it.
    closed = max(_closed(look.epoch), sum(look.epoch.results_by_arm.values()))
    if closed >= WARM_UP_PAIRS:
        return None
    return Shut(
        VerdictKind.HOLD, "Shadow", f"{closed} of {WARM_UP_PAIRS} pairs are mature; nobody meets the candidate before"
    )


def _closed(epoch: EpochCounters) -> int:
    """Pairs that count."""
    return epoch.wins + epoch.losses + epoch.ties + epoch.unlabelled + epoch.unread


def counts_are_possible(look: Look) -> Shut | None:
    """The counters can be what they claim."""
    if look.ruling is not None and look.ruling.verdict is Says.ERROR:
        message = "the recorder's counters contradict each other; change spec.trial to begin anew"
        return Shut(VerdictKind.ERROR, look.ruling.reason.value, message)
    return None


def lift_is_proven(look: Look) -> Shut | None:
    """The e-value has reached its bar, or at the deadline the exact test has."""
    result = look.ruling.evidence if look.ruling else None
    if look.ruling is None or result is None or result.n == 0:
        return Shut(VerdictKind.HOLD, "NoEvidence", f"no matured {look.counted[:-1]} yet")
    if look.ruling.verdict is Says.PROMOTE:
        return None
    estimate, lower, upper = (
        signed(value * look.unit) for value in (result.estimate or 0.0, result.lower, result.upper)
    )
    what, more = look.counted, ""
    if result.needed.at_estimate:
        more = f"; about {result.needed.at_estimate} further {what} if the estimate holds"
    return Shut(
        VerdictKind.HOLD, "NotProven",
        f"lift {estimate} within {lower} to {upper} ({result.n} {what}){more}{_counted_against(look)}",
    )  # fmt: skip


def _counted_against(look: Look) -> str:
    """What speaks against the candidate only because nobody knows it."""
    if look.trial.terms.missing != Missing.WORST.value:
        return ""
    silent = sum(look.epoch.unknown_by_arm.values()) if look.steps else look.epoch.unlabelled
    what = "units without a result" if look.steps else "disagreements without an outcome"
    return f"; {silent} {what} count against it" if silent else ""


def cycles_are_whole(look: Look) -> Shut | None:
    """Each phase of a declared cycle weighs the same in the evidence; in a canary in that of each step, by how long that has lasted."""
    return cycle_is_whole(look, look.trial.terms.maturity_s, "a verdict on the lift")


def cycle_is_whole(look: Look, maturity: float, what: str) -> Shut | None:
    """Whole cycles of evidence but for the last seconds, which are not mature; open without a cycle.

    By the record that began it: evidence stays what it is when routers or operators come and go.
    """
    cycle, since = look.trial.terms.cycle_s, look.trial.steps_at[-1] if look.steps else look.trial.counting_at
    if cycle is None or not look.decides:
        return None
    elapsed = 0.0 if since is None else look.world.now - parse(since) - maturity
    if at_cycle_end(elapsed, cycle, min(max(cycle * CYCLE_SLACK, LEAST_CYCLE_SLACK_S), cycle / 2)):
        return None
    wait = cycle - elapsed % cycle if elapsed > 0 else cycle - elapsed
    return Shut(VerdictKind.HOLD, "WithinCycle", f"{what} waits for a whole objective.cycle, in {wait:.0f} s")


def capacity_is_shown(look: Look) -> Shut | None:
    """The candidate kept up with all live traffic and has the pods to take it."""
    for dropped, of in ((look.coverage.shed, look.epoch.live), (look.epoch.candidate_silent, look.epoch.booked)):
        if dropped > MAX_SHED * max(1, of):
            return Shut(
                VerdictKind.HOLD,
                "Capacity",
                f"{dropped} of {of} copies were dropped because the candidate was too slow; raise replicas",
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
    keys_name_one_unit,
    values_compare,
    warmed_up,
    counts_are_possible,
)
PROMOTION: tuple[Gate, ...] = (
    *SOUND,
    lift_is_proven,
    guardrails_hold,
    cycles_are_whole,
    routers_are_heard,
    no_recent_losses,
    coverage_is_high,
    labels_do_not_choose,
    capacity_is_shown,
    serving_is_automatic,
)


PROOF: frozenset[Gate] = frozenset({lift_is_proven, guardrails_hold, cycles_are_whole})
APPROVAL = tuple(gate for gate in PROMOTION if gate not in PROOF)  # of what was proven when it was proposed
# A shadow that only has to show that nobody is hurt, before a canary decides.
PASSAGE: tuple[Gate, ...] = (
    *SOUND,
    enough_is_mature,
    routers_are_heard,
    no_recent_losses,
    coverage_is_high,
    capacity_is_shown,
    serving_is_automatic,
)


def watched_alone(look: Look) -> Shut | None:
    """It is known how current answers while nothing is copied."""
    wanted = interference.missing(look.world.spec.guardrails, look.alone)
    return None if wanted is None else Shut(VerdictKind.HOLD, "Watch", wanted)


ALONE: tuple[Gate, ...] = (
    ledger_is_the_same,
    image_is_the_same,
    clocks_agree,
    watched_alone,
    serving_is_automatic,
)


def judge_alone(look: Look) -> Verdict:
    """One verdict on a watch before a shadow: Promote where requests may be copied."""
    return verdict(look, ALONE, ()) or Verdict(
        kind=VerdictKind.PROMOTE, reason="Watched", message="current is known; its requests may be copied"
    )


def judge(look: Look) -> Verdict:
    """One verdict: Error or Hold where a gate is shut, Reject where harm or futility is proven, else Promote."""
    if not look.decides:
        return verdict(look, SOUND, PASSAGE[len(SOUND) :]) or Verdict(
            kind=VerdictKind.PROMOTE, reason="ShadowPassed", message="the shadow shows nothing against a canary"
        )
    return verdict(look, SOUND, PROMOTION[len(SOUND) :]) or proven(look)


def verdict(look: Look, sound: tuple[Gate, ...], further: tuple[Gate, ...]) -> Verdict | None:
    """What is in the way: a gate without which nothing may be concluded, then a rejection, then any other gate; None where nothing is."""
    shut = next((shut for gate in sound if (shut := gate(look)) is not None), None)
    if shut is None and (rejected := rejection(look)) is not None:
        return in_its_time(look, rejected, cycles_are_whole(look) if rejected.reason == FUTILITY else None)
    if shut is None:
        shut = next((shut for gate in further if (shut := gate(look)) is not None), None)
    return None if shut is None else Verdict(kind=shut.kind, reason=shut.reason, message=shut.message)


def proven(look: Look) -> Verdict:
    """The verdict on a lift that the evidence of this stage proves."""
    reason = look.ruling.reason.value if look.ruling else ""
    return Verdict(kind=VerdictKind.PROMOTE, reason=reason, message=_proof(look))


def _proof(look: Look) -> str:
    evidence = look.evidence
    lift = f"lift {evidence.estimate}, at least {evidence.lower}, after {evidence.n} {look.counted}; "
    if look.ruling is not None and look.ruling.reason is Reason.LIFT_PROVEN_AT_DEADLINE:
        return f"{lift}at the deadline so many wins had a probability of {evidence.deadline_p} without a lift"
    return f"{lift}e-value {evidence.e_value} at a bar of {evidence.bar}"


def selection_evidence(known: Mapping[str, int], unknown: Mapping[str, int]) -> float:
    """How much better separate label rates per kind (served answer, or arm) explain the labels than one common rate.

    The Bayes factor of independent uniform-prior rates per kind against one uniform-prior rate: products of Beta
    functions of (known + 1, unknown + 1), with binomial coefficients common to both left out.
    """
    cells = [(known.get(kind, 0), unknown.get(kind, 0)) for kind in sorted({*known, *unknown})]
    if len(cells) < 2:
        return 1.0
    apart = sum(_log_beta(labelled + 1, silent + 1) for labelled, silent in cells)
    together = _log_beta(sum(c[0] for c in cells) + 1, sum(c[1] for c in cells) + 1)
    return math.exp(min(700.0, apart - together))


def _log_beta(a: int, b: int) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _some(values: set[str]) -> str:
    return ", ".join(repr(value) for value in sorted(values)[:5]) + (" and more" if len(values) > 5 else "")
