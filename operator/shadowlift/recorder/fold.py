"""What one closed pair adds to the counters. Called by `closing` and `rivals`; pure: values in, increments out.

The rules and their order define the evidence. Two halves: `agreement` needs only the two answers, `resolution` needs
the outcome. The warm-up epoch folds the first half early, every other epoch both at closing.
"""

from collections import Counter
from dataclasses import dataclass, replace

from shadowlift.api.ledger import Arm, EpochCounters, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.stats.losses import Loss
from shadowlift.stats.results import Reward, of_loss
from shadowlift.stats.scales import SIGNED, UNSIGNED, place
from shadowlift.stats.threshold import ladder_place

MAX_TOKENS = 32  # per map; one shipper bug or a free-text prediction must not grow the ledger without bound
_OVERFLOW = {"reasons": "Other"}  # of the other maps: ""
# Bounded by their scale, or by there being two arms.
_HISTOGRAMS = frozenset(
    {"differences", "worst_differences", "best_differences", "spread"}
    | {name for name in EpochCounters.model_fields if name.endswith("_by_arm")}
)
_LABELS = frozenset({"labelled_by_answer", "unlabelled_by_answer"})  # are compared: what one keeps the other keeps
OUT_OF_RANGE = "OutOfRange"
NOT_A_NUMBER = "WrongType"
_ANSWER_BINS = 8  # of a numeric answer, where label rates are compared between served answers

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
    chance: float = 0.0  # in [0, 1), of the unit: rounds a difference of losses without bias


@dataclass(frozen=True)
class Policy:
    """What stands for an outcome that did not come, and how a prediction is scored.

    Worst and AtRandom are applied by the reader of the counters.
    """

    missing: Missing
    missing_value: str | None = None
    loss: Loss | None = None  # None: right or wrong
    reward: Reward | None = None  # what happened is scored, and no prediction


def admitted(pair: Pair, loss: Loss | None) -> Pair:
    """The pair with every number that the loss does not admit told as unreadable: it is the fault of whoever said it."""
    if loss is None:
        return pair
    candidate = None if pair.candidate is None else admitted_side(pair.candidate, loss)
    return replace(pair, current=admitted_side(pair.current, loss), candidate=candidate)


def admitted_side(side: Side, loss: Loss) -> Side:
    """One answer, of which `admitted` speaks."""
    if side.status is not RowStatus.OK:
        return side
    try:
        value = float(side.value or "")
    except ValueError:  # of a shipper that reads otherwise than its trial says
        return Side(RowStatus.UNREADABLE, reason=NOT_A_NUMBER)
    return side if loss.admits(value) else Side(RowStatus.UNREADABLE, reason=OUT_OF_RANGE)


def exclusion(pair: Pair) -> str | None:  # noqa: PLR0911 - an ordered list of rules
    """The counter under which a pair is set aside, or None where it counts. The order is part of the rule."""
    current, candidate = pair.current, pair.candidate
    if current.status is RowStatus.GONE:
        return "gone"
    if current.status is RowStatus.OURS:
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


def unread(pair: Pair) -> bool:
    """An answer of the candidate that we could not read: to set it aside would be to choose pairs by what the candidate did."""
    return pair.candidate is not None and pair.candidate.status is RowStatus.OURS


def tell(added: Increments, arm: Arm, status: str, us: int | None, one: int = 1) -> None:
    """Count one answer of a booked unit for its arm: that it came, how late, and whether it is one. Needs no outcome; -1 takes it back."""
    if status == RowStatus.GONE:
        return
    added["units_by_arm", arm.value] += one
    added["failures_by_arm", arm.value] += one * (status == RowStatus.FAILED)
    if us is not None:
        added["latency_by_arm", f"{arm.value}/{ladder_place(us)}"] += one


def agreement(pair: Pair, loss: Loss | None = None) -> Increments:
    """What the two answers alone add: exclusions, failures, values, disagreements, and how far D could be from 0."""
    added: Increments = Counter()
    for field, side in (("current_values", pair.current), ("candidate_values", pair.candidate)):
        if side is None:
            continue
        if side.status is RowStatus.OK:
            added[field, side.value or "" if loss is None else ""] += 1  # no two numbers are alike: none is kept
        elif side.reason:
            added["reasons", side.reason] += 1
    reason = exclusion(pair) or ("unread" if unread(pair) else None)
    return added + (_compared(pair, loss) if reason is None else Counter({(reason, None): 1}))


def _compared(pair: Pair, loss: Loss | None) -> Increments:
    added: Increments = Counter()
    if pair.candidate is None:
        added["candidate_silent", None] += 1
        added["units_by_arm", Arm.CANDIDATE.value] += 1
        added["failures_by_arm", Arm.CANDIDATE.value] += 1
    if _candidate_value(pair) is None:
        added["candidate_failed", None] += 1
    if _disagree(pair):
        added["disagreements", None] += 1
    if loss is not None:
        worst, best = _bounds(pair, loss)
        added["spread", _placed(max(abs(worst), abs(best)), pair)] += 1
    return added


def resolution(pair: Pair, outcome: str | None, policy: Policy) -> Increments:
    """What the outcome, or its absence, adds: wins, losses, ties, labels. Nothing for a pair that is set aside."""
    added: Increments = Counter()
    if exclusion(pair):
        return added
    truth = outcome if outcome is not None else policy.missing_value if policy.missing is Missing.VALUE else None
    if outcome is not None:
        added["outcome_values", "" if policy.loss or policy.reward else outcome] += 1
    if truth is not None:
        added["results_by_arm", f"{Arm.CURRENT.value}/{_result(pair, truth, policy)}"] += 1
    if policy.reward is not None or unread(pair):
        return added  # what came of current's answer says nothing of the candidate's
    if not _disagree(pair):
        return added + _scored(pair, 0.0, policy.loss)
    answer = _answer(pair, policy.loss)
    if outcome is not None:
        added["labelled", None] += 1
        added["labelled_by_answer", answer] += 1
        return added + _scored(pair, _difference(pair, outcome, policy.loss), policy.loss)
    if policy.missing is Missing.VALUE:
        return added + _scored(pair, _difference(pair, policy.missing_value or "", policy.loss), policy.loss)
    added["unlabelled", None] += 1
    added["unlabelled_by_answer", answer] += 1
    if policy.loss is not None:
        worst, best = _bounds(pair, policy.loss)
        added["worst_differences", _placed(worst, pair)] += 1
        added["best_differences", _placed(best, pair)] += 1
    return added


def _result(pair: Pair, truth: str, policy: Policy) -> int:
    """The place of what current's answer came to, between 0 and 1: what a canary may expect of a unit."""
    if policy.reward is not None:
        value = policy.reward.of(float(truth))
    elif policy.loss is not None:
        value = of_loss(policy.loss, _number(pair.current), float(truth))
    else:
        value = float(pair.current.value == truth)
    return place(value, UNSIGNED, pair.chance)


def between(simpler: Pair, later: Pair, outcome: str | None, policy: Policy, *, resolve: bool) -> Increments:
    """What two candidates of one request add to their comparison: before the outcome is known, or (`resolve`) with it or its absence."""
    added: Increments = Counter()
    if exclusion(simpler) or exclusion(later):
        return added
    if unread(simpler) or unread(later):
        added["unread", None] += not resolve
        return added
    values = (_candidate_value(simpler), _candidate_value(later))
    if not resolve:
        added["disagreements", None] += values[0] != values[1]
        if policy.loss is not None:
            worst, best = _bounds_between(simpler, later, policy.loss)
            added["spread", _placed(max(abs(worst), abs(best)), simpler)] += 1
        return added
    if values[0] == values[1]:
        return _scored(simpler, 0.0, policy.loss)
    truth = outcome if outcome is not None else policy.missing_value if policy.missing is Missing.VALUE else None
    if truth is not None:
        added["labelled", None] += outcome is not None
        difference = _difference(later, truth, policy.loss) - _difference(simpler, truth, policy.loss)
        return added + _scored(simpler, max(-1.0, min(1.0, difference)), policy.loss)
    added["unlabelled", None] += 1
    if policy.loss is not None:
        worst, best = _bounds_between(simpler, later, policy.loss)
        added["worst_differences", _placed(worst, simpler)] += 1
        added["best_differences", _placed(best, simpler)] += 1
    return added


def _bounds_between(simpler: Pair, later: Pair, loss: Loss) -> tuple[float, float]:
    """The smallest and the largest D: as beside a current that had answered what the simpler one did."""
    known, other = _candidate_number(simpler), _candidate_number(later)
    if known is None:
        low, high = (0.0, 0.0) if other is None else loss.bounds(other, None)
        return -high, -low
    return loss.bounds(known, other)


def _scored(pair: Pair, difference: float, loss: Loss | None) -> Increments:
    """Who was better, and with a loss by how much."""
    added: Increments = Counter({("wins" if difference > 0 else "losses" if difference < 0 else "ties", None): 1})
    if loss is not None:
        added["differences", _placed(difference, pair)] += 1
    return added


def _difference(pair: Pair, truth: str, loss: Loss | None) -> float:
    """D: how much better the candidate was; right is 1 better than wrong."""
    if loss is not None:
        return loss.difference(_number(pair.current), _candidate_number(pair), float(truth))
    return float(_candidate_value(pair) == truth) - float(pair.current.value == truth)


def merged(counters: EpochCounters, increments: Increments) -> EpochCounters:
    """The counters with the increments added; what does not fit into a map goes under its overflow key."""
    fields = counters.model_dump()
    for (field, token), count in increments.items():
        if not count:  # no key for what has not happened
            continue
        if token is None:
            fields[field] += count
            continue
        tokens: dict[str, int] = fields[field]
        overflow = _OVERFLOW.get(field, "")
        known = set().union(*(fields[one] for one in _LABELS)) if field in _LABELS else tokens.keys()
        room = field in _HISTOGRAMS or token in known or len(known - {overflow}) < MAX_TOKENS
        slot = token if room else overflow
        tokens[slot] = tokens.get(slot, 0) + count
        if not tokens[slot]:  # all of it was taken back
            del tokens[slot]
    return EpochCounters.model_construct(**fields)


def _candidate_value(pair: Pair) -> str | None:
    """None where the candidate is wrong whatever the outcome: it failed, was late, unreadable or silent."""
    if pair.candidate is None or pair.candidate.status is not RowStatus.OK:
        return None
    return pair.candidate.value or ""


def _disagree(pair: Pair) -> bool:
    return _candidate_value(pair) != (pair.current.value or "")


def _number(side: Side) -> float:
    return float(side.value or "nan")


def _candidate_number(pair: Pair) -> float | None:
    value = _candidate_value(pair)
    return None if value is None else float(value)


def _bounds(pair: Pair, loss: Loss) -> tuple[float, float]:
    if not _disagree(pair):
        return 0.0, 0.0
    return loss.bounds(_number(pair.current), _candidate_number(pair))


def _placed(difference: float, pair: Pair) -> str:
    return str(place(difference, SIGNED, pair.chance))


def _answer(pair: Pair, loss: Loss | None) -> str:
    """What was served, coarsely enough to be counted by."""
    if loss is None:
        return pair.current.value or ""
    share = (_number(pair.current) - loss.minimum) / loss.largest
    return f"{round(share * _ANSWER_BINS)}/{_ANSWER_BINS}"
