"""From the recorder's counters to the engine's: what counts as win, loss and tie, under the stated policy for missing outcomes.

Called by `look`, for the pairs of a shadow; the units of a canary are in `arms`.
"""

from collections.abc import Mapping
from typing import Any

from shadowlift.api.ledger import EpochCounters, TrialCounters
from shadowlift.api.objective import Missing, ObjectiveType
from shadowlift.api.record import Baseline, RouterTotals, TrialTerms
from shadowlift.api.status import Coverage, Evidence
from shadowlift.stats.counts import Differences, PairedCounts
from shadowlift.stats.scales import SIGNED, place
from shadowlift.stats.terms import PairedTest
from shadowlift.stats.verdict import Case
from shadowlift.stats.verdict import Evidence as Numbers


def total(epochs: list[EpochCounters]) -> EpochCounters:
    """Sum of epochs, field by field; exact, in any order."""
    out: dict[str, int | dict[str, int]] = {}
    for name, field in EpochCounters.model_fields.items():
        values = [getattr(epoch, name) for epoch in epochs]
        if field.annotation is int:
            out[name] = sum(values)
            continue
        merged: dict[str, int] = {}
        for value in values:
            for key, n in value.items():
                merged[key] = merged.get(key, 0) + n
        out[name] = merged
    return EpochCounters.model_validate(out)


def unit_of_lift(terms: TrialTerms) -> float:
    """What the engine's effects, parts of the largest possible loss, are to be multiplied by to be in the objective's units."""
    if terms.minimum is None or terms.maximum is None:
        return 1.0
    return terms.maximum - terms.minimum


def case(terms: TrialTerms, frozen: Mapping[str, Any], epoch: EpochCounters, *, last: bool = False) -> Case:
    """The engine's question: frozen test and counts, under the policy for outcomes that never came.

    Worst: without an outcome a pair counts at its worst for promotion and at its best for harm, whatever made it missing. AtRandom:
    as a tie for promotion and at its best for harm. Leaving such pairs out altogether would be wrong, since pairs that agree are never
    missing: with one outcome in ten a candidate at its target would look like a tenth of it, and be given up. Value: the recorder has
    folded them with the stated value, so none is left. An answer of the candidate that we could not read counts at its worst for promotion
    and at its best for harm, whatever the policy: that is no accident of the outcomes.
    """
    missing, test = Missing(terms.missing), PairedTest.from_json(frozen)
    if terms.objective == ObjectiveType.ACCURACY.value:
        plain = PairedCounts(wins=epoch.wins, losses=epoch.losses, ties=epoch.ties)
        silent, unread = epoch.unlabelled, epoch.unread
        careful = PairedCounts(ties=silent) if missing is Missing.AT_RANDOM else PairedCounts(losses=silent)
        worst_case = plain + careful + PairedCounts(losses=unread)
        return Case(test, worst_case, plain + PairedCounts(wins=silent + unread), last)
    known, best = Differences.from_json(epoch.differences), Differences.from_json(epoch.best_differences)
    worst = Differences.from_json(epoch.worst_differences)
    careful_losses = Differences.ties(worst.n) if missing is Missing.AT_RANDOM else worst
    lowest, highest = (Differences.from_json({str(place(end, SIGNED, 0.0)): epoch.unread}) for end in (-1.0, 1.0))
    return Case(test, known + careful_losses + lowest, known + best + highest, last)


def share_of(part: int, rest: int) -> float:
    """Part of the two together; 0 where there are none."""
    return part / (part + rest) if part + rest else 0.0


def signed(value: float) -> str:
    """A lift as text, e.g. +0.0312."""
    return f"{value:+.4f}"


def plain(log_e: float) -> str:
    """An e-value as text, from its natural logarithm."""
    exponent = log_e / 2.302585092994046
    if -3 < exponent < 6:
        return f"{10**exponent:.4g}"
    whole = int(exponent // 1)
    return f"{10 ** (exponent - whole):.2f}e{whole:+d}"


def shown(epoch: EpochCounters, result: Numbers, unit: float = 1.0) -> Evidence:
    """The evidence as status and records show it; lifts in the objective's units."""
    return Evidence(
        n=result.n,
        wins=epoch.wins,
        losses=epoch.losses,
        ties=epoch.ties,
        labelled=epoch.labelled,
        unlabelled=epoch.unlabelled,
        estimate=None if result.estimate is None else signed(result.estimate * unit),
        lower=signed(result.lower * unit),
        upper=signed(result.upper * unit),
        e_value=plain(result.log_e),
        bar=f"{result.bar:g}",
        harm_e_value=plain(result.harm_log_e),
        harm_bar=f"{result.harm_bar:g}",
        needed=result.needed.at_estimate,
        deadline_p=None if result.deadline_p is None else f"{result.deadline_p:.3g}",
    )


def coverage_of(epoch: EpochCounters, counters: TrialCounters, baseline: Baseline | None) -> Coverage:
    """What the evidence speaks for. The share leaves out nothing that promotion would send to the candidate.

    What routers had dropped and lost before evidence counted is not held against this candidate.
    """
    before = baseline.routers if baseline else {}
    earlier = [before.get(router.uid, RouterTotals()) for router in counters.routers]
    lost = sum(router.lines_lost for router in counters.routers) - sum(totals.lines_lost for totals in earlier)
    shed = sum(router.shed for router in counters.routers) - sum(totals.shed for totals in earlier)
    live = epoch.live + lost
    ours = epoch.ours + epoch.unread
    uncounted = epoch.unmirrored + epoch.unitless + ours
    return Coverage(
        live=live,
        share=None if epoch.live == 0 else f"{1 - uncounted / epoch.live:.4f}",
        unmirrored=epoch.unmirrored,
        unitless=epoch.unitless,
        repeated=epoch.repeated,
        unmatched=epoch.unmatched,
        ambiguous=epoch.ambiguous,
        shed=shed,
        lines_lost=lost,
        current_failed=epoch.current_failed,
        current_unreadable=epoch.current_unreadable,
        candidate_failed=epoch.candidate_failed,
        ours=ours,
        outcomes_pending=counters.outcomes_pending,
        outcomes_late=counters.outcomes_late,
        outcomes_refused=counters.outcomes_refused,
    )
