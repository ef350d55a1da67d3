"""Interference: does current answer worse while its requests are copied than it did alone? Called by `steps.shadowing` and `steps.paused`.

A shadow is to cost users nothing. Where copies take from current what it needs (a shared database, cache, node or network), they cost
them time, and no evidence is worth that: the trial is rejected, and the copies stop. Which part of the time was the copies' doing nobody
can tell from before and after alone; a false alarm costs a trial, which can be begun again with `spec.trial`.
"""

from collections.abc import Sequence

from shadowlift.api.guardrails import Guardrail, GuardrailType
from shadowlift.api.ledger import Arm, EpochCounters
from shadowlift.api.record import FrozenGuard, GuardTest
from shadowlift.api.status import Verdict, VerdictKind
from shadowlift.rollout import guards
from shadowlift.rollout.guards import HARM_RATE, Known, times_of
from shadowlift.stats import before
from shadowlift.stats.bets import Bets
from shadowlift.stats.combination import Safety, shared
from shadowlift.stats.threshold import LADDER

QUANTILE = 0.95  # of current's times when it was alone: what takes longer is slow
ALONE = 2_000  # answers of current that must have been timed before anything is copied
BAR_RATE = 0.01  # of the harm rate, for what was not known of current when it was alone


def watched(guardrails: Sequence[Guardrail]) -> list[Guardrail]:
    """Those that watch current."""
    return [one for one in guardrails if one.type is GuardrailType.INTERFERENCE]


def missing(guardrails: Sequence[Guardrail], alone: EpochCounters) -> str | None:
    """What is still wanted before requests may be copied; None where nothing is."""
    timed = sum(times_of(alone, Arm.CURRENT))
    if timed < ALONE:
        return f"{timed} of {ALONE} answers of current are timed while nothing is copied"
    try:
        freeze(guardrails, alone)
    except ValueError as error:
        return f"current is too slow or fails too often to watch it: {error}"
    return None


def freeze(guardrails: Sequence[Guardrail], alone: EpochCounters) -> list[FrozenGuard]:
    """What current is held to, from what it did alone.

    Raises:
        ValueError: it did so badly alone that the tolerated increase cannot be seen.
    """
    limit = _limit(times_of(alone, Arm.CURRENT))
    bad, n = _bad(alone, limit)
    frozen = []
    for guardrail in watched(guardrails):
        bars = before.bars(bad, n, guardrail.margin, BAR_RATE)
        frozen.append(
            FrozenGuard(
                name=guardrail.name,
                kind="Interference",
                no_harm=_test(bars.safe, before.safety_bets(bars.safe, bad / n), limit),
                harm=_test(bars.harmful, before.harm_bets(bars.harmful), limit),
            )
        )
    return frozen


def known(frozen: Sequence[FrozenGuard], copied: EpochCounters, alpha: float) -> list[Known]:
    """What is known of each since requests are copied."""
    return [_known(guard, copied, alpha, len(frozen)) for guard in frozen]


def breach(found: Sequence[Known]) -> Verdict | None:
    """The rejection, where current is proven to be worse off."""
    harmful = guards.harmful(found)
    if harmful is None:
        return None
    message = f"guardrail {harmful.name}: current is worse off while its requests are copied: {harmful.message}"
    return Verdict(kind=VerdictKind.REJECT, reason="Interference", message=message[:512])


def _known(guard: FrozenGuard, copied: EpochCounters, alpha: float, among: int) -> Known:
    bad, n = _bad(copied, float(guard.harm.limit or "inf"))
    risen = before.risen(bad, n, Bets.from_json(guard.harm.bets), float(guard.harm.null))
    not_risen = before.not_risen(bad, n, Bets.from_json(guard.no_harm.bets), float(guard.no_harm.null))
    safety = Safety.SAFE if not_risen.rejects(alpha) else Safety.UNKNOWN
    if risen.rejects(shared(HARM_RATE - BAR_RATE, among)):
        safety = Safety.HARMFUL
    limit, bar = float(guard.harm.limit or "inf") / 1000, float(guard.harm.null)
    return Known(
        guard.name, safety,
        f"{bad} of {n} answers of current failed or took longer than {limit:.3g} ms ({bad / n if n else 0:.1%}); "
        f"above {bar:.1%} is harm",
    )  # fmt: skip


def _test(bar: float, bets: Bets, limit: float) -> GuardTest:
    return GuardTest(null=repr(bar), bets=bets.to_json(), limit=repr(limit))


def _limit(amounts: Sequence[int]) -> float:
    """The first boundary beyond which at most the slowest twentieth lies."""
    below, wanted = 0, QUANTILE * sum(amounts)
    for boundary, amount in zip(LADDER, amounts, strict=False):
        below += amount
        if below >= wanted:
            return boundary
    return LADDER[-1]


def _bad(epoch: EpochCounters, limit: float) -> tuple[int, int]:
    """Answers of current that failed or were slow, and all of them; one that did both counts as two, as far as there are so many."""
    slow = guards.slower(times_of(epoch, Arm.CURRENT), limit)
    n = epoch.units_by_arm.get(Arm.CURRENT, 0)
    return min(n, slow + epoch.failures_by_arm.get(Arm.CURRENT, 0)), n
