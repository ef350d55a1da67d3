"""From the recorder's counters to the engine's: what counts as win, loss and tie, under the stated policy for missing outcomes.

Called by `gates`. Warm-up pairs are never counted; every later epoch is, since shadow weights do not change the meaning of a pair.
"""

from dataclasses import dataclass

from shadowlift.api.ledger import WARM_UP_EPOCH, EpochCounters, TrialCounters
from shadowlift.api.record import Baseline, RouterTotals, TrialTerms
from shadowlift.api.spec import Missing
from shadowlift.api.status import Coverage, Evidence
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.verdict import Evidence as Assessment
from shadowlift.stats.verdict import PairedTest, assess


def counted(counters: TrialCounters) -> EpochCounters:
    """Sum of all epochs that count."""
    return total([epoch for number, epoch in counters.epochs.items() if int(number) != WARM_UP_EPOCH])


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


@dataclass(frozen=True)
class Pairs:
    """Counts as the two tests see them."""

    promotion: PairedCounts
    harm: PairedCounts


def pairs(epoch: EpochCounters, missing: Missing) -> Pairs:
    """Apply the policy for outcomes that never came.

    Worst: a disagreement without an outcome is a loss for promotion and a win for harm, whatever made it missing. AtRandom: left
    out. Value: the recorder has folded them with the stated value, so none is left.
    """
    plain = PairedCounts(wins=epoch.wins, losses=epoch.losses, ties=epoch.ties)
    if missing is Missing.AT_RANDOM:
        return Pairs(plain, plain)
    silent = epoch.unlabelled
    return Pairs(
        plain + PairedCounts(wins=0, losses=silent, ties=0), plain + PairedCounts(wins=silent, losses=0, ties=0)
    )


def assessment(terms: TrialTerms, baseline: Baseline, epoch: EpochCounters) -> Assessment:
    """What the engine says of these counters."""
    seen = pairs(epoch, Missing(terms.missing))
    return assess(seen.promotion, seen.harm, PairedTest.from_json(baseline.test))


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


def shown(epoch: EpochCounters, result: Assessment) -> Evidence:
    """The evidence as status and records show it."""
    return Evidence(
        n=result.n,
        wins=epoch.wins,
        losses=epoch.losses,
        ties=epoch.ties,
        labelled=epoch.labelled,
        unlabelled=epoch.unlabelled,
        estimate=None if result.estimate is None else signed(result.estimate),
        lower=signed(result.lower),
        upper=signed(result.upper),
        e_value=plain(result.log_e),
        bar=f"{result.bar:g}",
        harm_e_value=plain(result.harm_log_e),
        harm_bar=f"{result.harm_bar:g}",
        needed=result.needed.at_estimate,
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
    uncounted = epoch.unmirrored + epoch.unitless + epoch.ours
    return Coverage(
        live=live,
        share=None if epoch.live == 0 else f"{1 - uncounted / epoch.live:.4f}",
        unmirrored=epoch.unmirrored,
        unitless=epoch.unitless,
        repeated=epoch.repeated,
        unmatched=epoch.unmatched,
        shed=shed,
        lines_lost=lost,
        current_failed=epoch.current_failed,
        current_unreadable=epoch.current_unreadable,
        candidate_failed=epoch.candidate_failed,
        ours=epoch.ours,
        outcomes_pending=counters.outcomes_pending,
        outcomes_late=counters.outcomes_late,
        outcomes_refused=counters.outcomes_refused,
    )
