"""Several candidates on one request: what the further ones add, and each pair of candidates. Called by `closing`.

A further candidate is folded as the first one is, beside the same current. Of two candidates the simpler one stands for current: D is how
much better the later one was, and a failure of either is its own. Units that are set aside for current are set aside for all.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

from sqlalchemy import Connection, select

from shadowlift.api.ledger import Arm, RowStatus
from shadowlift.recorder import schema
from shadowlift.recorder.fold import Increments, Pair, Policy, Side, admitted, agreement, between, resolution, tell

# What current alone is counted for, and has been with the first candidate.
_OF_CURRENT = frozenset(
    {
        *("current_values", "outcome_values", "results_by_arm", "reasons"),
        *("gone", "ours", "current_failed", "current_unreadable", "ambiguous"),
    }
)
Answers = Mapping[str, Mapping[str, tuple[Side, int | None]]]  # request id -> candidate -> its answer and time


def answers(connection: Connection, trial: int, ids: Sequence[str]) -> Answers:
    """What the further candidates answered to these requests."""
    found: dict[str, dict[str, tuple[Side, int | None]]] = defaultdict(dict)
    table = schema.answers
    for some in schema.chunks(ids):
        for row in connection.execute(select(table).where(table.c.trial == trial, table.c.id.in_(some))):
            found[row.id][row.candidate] = (Side(RowStatus(row.status), row.value, row.reason), row.us)
    return found


def pairs(
    pair: Pair, names: Sequence[str], answered: Mapping[str, tuple[Side, int | None]], policy: Policy
) -> dict[str, Pair]:
    """Each further candidate beside the same current."""
    out = {}
    for name in names:
        side = answered[name][0] if name in answered else None
        beside = Pair(pair.current, side, pair.lines_lost, pair.ambiguous, pair.chance)
        out[name] = admitted(beside, policy.loss)
    return out


def agreements(first: tuple[str, Pair], further: Mapping[str, Pair], policy: Policy) -> dict[str, Increments]:
    """What the answers alone add, by candidate and by two of them."""
    added = {name: _own(pair, agreement(pair, policy.loss)) for name, pair in further.items()}
    for (simpler, one), (later, other) in combinations([first, *further.items()], 2):
        added[f"{later}>{simpler}"] = between(one, other, None, policy, resolve=False)
    return added


def resolutions(
    first: tuple[str, Pair], further: Mapping[str, Pair], outcome: str | None, policy: Policy
) -> dict[str, Increments]:
    """What the outcome, or its absence, adds."""
    added = {name: _own(pair, resolution(pair, outcome, policy), told=True) for name, pair in further.items()}
    for (simpler, one), (later, other) in combinations([first, *further.items()], 2):
        added[f"{later}>{simpler}"] = between(one, other, outcome, policy, resolve=True)
    return added


def timed(further: Mapping[str, Pair], answered: Mapping[str, tuple[Side, int | None]]) -> dict[str, Increments]:
    """What guardrails read of a further candidate, as of the first: that it answered, how late, and whether that was an answer."""
    added: dict[str, Increments] = {}
    for name in further:
        if name not in answered:
            continue  # one that said nothing is counted as a failure with the pair
        side, us = answered[name]
        added[name] = Counter()
        tell(added[name], Arm.CANDIDATE, side.status, us)
    return added


def _own(pair: Pair, added: Increments, *, told: bool = False) -> Increments:
    """Without what current alone is counted for; `told`: why its answer was none has been counted."""
    mine: Increments = Counter({key: count for key, count in added.items() if key[0] not in _OF_CURRENT})
    if not told and pair.candidate is not None and pair.candidate.reason:
        mine["reasons", pair.candidate.reason] += 1
    return mine
