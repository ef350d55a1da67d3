"""What one closed pair adds to the counters. Called by `sweep`; pure: values in, increments out.

The rules and their order define the evidence. Two halves: `agreement` needs only the two answers, `resolution` needs
the outcome. The warm-up epoch folds the first half early, every other epoch both at closing.
"""

from collections import Counter
from dataclasses import dataclass

from shadowlift.api.ledger import EpochCounters, RowStatus
from shadowlift.api.spec import Missing

MAX_TOKENS = 32  # per map; one shipper bug or a free-text prediction must not grow the ledger without bound
_OVERFLOW = {"reasons": "Other"}  # of the other maps: ""

Increments = Counter[tuple[str, str | None]]  # (field of EpochCounters, key where the field is a map) -> how much more


@dataclass(frozen=True)
class Side:
    """One track's answer."""

    status: RowStatus
    value: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Pair:
    """A booked unit when its time has come."""

    current: Side
    candidate: Side | None  # None: no answer line came
    lines_lost: bool = False  # its router may have lost the line
    ambiguous: bool = False  # its outcome key names another unit too


@dataclass(frozen=True)
class Policy:
    """What stands for an outcome that did not come; Worst and AtRandom are applied by the reader of the counters."""

    missing: Missing
    missing_value: str | None = None


def exclusion(pair: Pair) -> str | None:  # noqa: PLR0911 - an ordered list of rules
    """The counter under which a pair is set aside, or None where it counts. The order is part of the rule."""
    current, candidate = pair.current, pair.candidate
    if current.status is RowStatus.GONE:
        return "gone"
    if RowStatus.OURS in (current.status, candidate.status if candidate else None):
        return "ours"
    if current.status is RowStatus.FAILED:
        return "current_failed"  # never a win: an outage of current would promote anything
    if current.status is RowStatus.UNREADABLE:
        return "current_unreadable"
    if pair.ambiguous:
        return "ambiguous"
    if candidate is None and pair.lines_lost:
        return "unmatched"
    if candidate is not None and candidate.status is RowStatus.GONE:
        return "unmatched"  # our own hop was reset: not the candidate's doing
    return None


def agreement(pair: Pair) -> Increments:
    """What the two answers alone add: exclusions, failures, values, disagreements."""
    added: Increments = Counter()
    for field, side in (("current_values", pair.current), ("candidate_values", pair.candidate)):
        if side is None:
            continue
        if side.status is RowStatus.OK:
            added[field, side.value or ""] += 1
        elif side.reason:
            added["reasons", side.reason] += 1
    if reason := exclusion(pair):
        added[reason, None] += 1
        return added
    if pair.candidate is None:
        added["candidate_silent", None] += 1
    if _candidate_value(pair) is None:
        added["candidate_failed", None] += 1
    if _disagree(pair):
        added["disagreements", None] += 1
    return added


def resolution(pair: Pair, outcome: str | None, policy: Policy) -> Increments:
    """What the outcome, or its absence, adds: wins, losses, ties, labels. Nothing for a pair that is set aside."""
    added: Increments = Counter()
    if exclusion(pair):
        return added
    if outcome is not None:
        added["outcome_values", outcome] += 1
    if not _disagree(pair):
        added["ties", None] += 1
        return added
    answer = pair.current.value or ""
    truth = outcome
    if outcome is not None:
        added["labelled", None] += 1
        added["labelled_by_answer", answer] += 1
    elif policy.missing is Missing.VALUE:
        truth = policy.missing_value
    else:
        added["unlabelled", None] += 1
        added["unlabelled_by_answer", answer] += 1
        return added
    if _candidate_value(pair) == truth:
        added["wins", None] += 1
    elif pair.current.value == truth:
        added["losses", None] += 1
    else:
        added["ties", None] += 1
    return added


def merged(counters: EpochCounters, increments: Increments) -> EpochCounters:
    """The counters with the increments added; what does not fit into a map goes under its overflow key."""
    fields = counters.model_dump()
    for (field, token), count in increments.items():
        if token is None:
            fields[field] += count
            continue
        tokens: dict[str, int] = fields[field]
        overflow = _OVERFLOW.get(field, "")
        room = token in tokens or len(tokens.keys() - {overflow}) < MAX_TOKENS
        slot = token if room else overflow
        tokens[slot] = tokens.get(slot, 0) + count
    return EpochCounters.model_construct(**fields)


def _candidate_value(pair: Pair) -> str | None:
    """None where the candidate is wrong whatever the outcome: it failed, was late, unreadable or silent."""
    if pair.candidate is None or pair.candidate.status is not RowStatus.OK:
        return None
    return pair.candidate.value or ""


def _disagree(pair: Pair) -> bool:
    return _candidate_value(pair) != (pair.current.value or "")
