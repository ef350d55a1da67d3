"""What a pair adds to the counters: the closing rules as a table."""

import pytest

from shadowlift.api.ledger import EpochCounters, RowStatus
from shadowlift.api.objective import Missing
from shadowlift.recorder.fold import MAX_TOKENS, Increments, Pair, Policy, Side, agreement, merged, resolution

M, B = Side(RowStatus.OK, "M"), Side(RowStatus.OK, "B")
FAILED, UNREADABLE = Side(RowStatus.FAILED, reason="Late"), Side(RowStatus.UNREADABLE, reason="NoValue")
GONE, OURS = Side(RowStatus.GONE), Side(RowStatus.OURS)
EMPTY = Side(RowStatus.OK, "")
WORST, AT_RANDOM = Policy(Missing.WORST), Policy(Missing.AT_RANDOM)

# (what happened, pair, outcome) -> counters that are not zero, maps left out
TABLE: list[tuple[str, Pair, str | None, set[str]]] = [
    ("candidate right", Pair(M, B), "B", {"disagreements", "labelled", "wins"}),
    ("current right", Pair(M, B), "M", {"disagreements", "labelled", "losses"}),
    ("both wrong", Pair(M, B), "X", {"disagreements", "labelled", "ties"}),
    ("no outcome", Pair(M, B), None, {"disagreements", "unlabelled"}),
    ("equal, no outcome needed", Pair(M, M), None, {"ties"}),
    ("equal, both wrong", Pair(M, M), "B", {"ties"}),
    ("equal, both right", Pair(M, M), "M", {"ties"}),
    (
        "candidate failed, current right",
        Pair(M, FAILED),
        "M",
        {"disagreements", "candidate_failed", "labelled", "losses"},
    ),
    (
        "candidate failed, current wrong",
        Pair(M, FAILED),
        "B",
        {"disagreements", "candidate_failed", "labelled", "ties"},
    ),
    ("candidate failed, no outcome", Pair(M, FAILED), None, {"disagreements", "candidate_failed", "unlabelled"}),
    ("candidate unreadable", Pair(M, UNREADABLE), "M", {"disagreements", "candidate_failed", "labelled", "losses"}),
    (
        "candidate silent",
        Pair(M, None),
        "M",
        {"disagreements", "candidate_failed", "candidate_silent", "labelled", "losses"},
    ),
    ("empty answers are answers", Pair(EMPTY, FAILED), "", {"disagreements", "candidate_failed", "labelled", "losses"}),
    ("line lost", Pair(M, None, lines_lost=True), "M", {"unmatched"}),
    ("lines lost, but not this one", Pair(M, B, lines_lost=True), "B", {"disagreements", "labelled", "wins"}),
    ("our hop reset the copy", Pair(M, GONE), "M", {"unmatched"}),
    ("client hung up", Pair(GONE, B), "B", {"gone"}),
    ("client hung up, candidate failed too", Pair(GONE, FAILED), "B", {"gone"}),
    ("current failed", Pair(FAILED, B), "B", {"current_failed"}),
    ("current failed, candidate too", Pair(FAILED, FAILED), "B", {"current_failed"}),
    ("current unreadable", Pair(UNREADABLE, B), "B", {"current_unreadable"}),
    ("current over our limit", Pair(OURS, B), "B", {"ours"}),
    ("candidate over our limit", Pair(M, OURS), "M", {"unread"}),
    ("candidate over our limit, no outcome", Pair(M, OURS), None, {"unread"}),
    ("candidate over our limit, current failed", Pair(FAILED, OURS), "M", {"current_failed"}),
    ("client hung up, candidate over our limit", Pair(GONE, OURS), "M", {"gone"}),
    ("ambiguous key", Pair(M, B, ambiguous=True), "B", {"ambiguous"}),
    ("ambiguous key, current failed", Pair(FAILED, B, ambiguous=True), "B", {"current_failed"}),
    ("ambiguous key, line lost", Pair(M, None, lines_lost=True, ambiguous=True), "B", {"ambiguous"}),
]


def folded(pair: Pair, outcome: str | None, policy: Policy = WORST) -> Increments:
    return agreement(pair) + resolution(pair, outcome, policy)


@pytest.mark.parametrize(("pair", "outcome", "wanted"), [case[1:] for case in TABLE], ids=[case[0] for case in TABLE])
def test_closing_rule(pair: Pair, outcome: str | None, wanted: set[str]) -> None:
    """Each kind of pair adds one to exactly these counters."""
    assert {field: n for (field, token), n in folded(pair, outcome).items() if token is None} == dict.fromkeys(
        wanted, 1
    )


@pytest.mark.parametrize(("pair", "outcome"), [case[1:3] for case in TABLE], ids=[case[0] for case in TABLE])
@pytest.mark.parametrize("policy", [WORST, AT_RANDOM, Policy(Missing.VALUE, "M")])
def test_every_pair_counts_exactly_once(pair: Pair, outcome: str | None, policy: Policy) -> None:
    """A booked unit ends in exactly one of the folded or excluded counters, under every policy."""
    ends = "wins losses ties unlabelled unread gone ours current_failed current_unreadable ambiguous unmatched"
    counts = folded(pair, outcome, policy)
    assert sum(counts[end, None] for end in ends.split()) == 1


@pytest.mark.parametrize("policy", [WORST, AT_RANDOM])
def test_missing_outcomes_stay_raw(policy: Policy) -> None:
    """Worst and AtRandom are applied by the reader: the counters only say that an outcome is missing, by current's answer."""
    assert resolution(Pair(M, B), None, policy) == {("unlabelled", None): 1, ("unlabelled_by_answer", "M"): 1}


@pytest.mark.parametrize(
    ("value", "wanted"), [("B", {"wins"}), ("M", {"losses"}), ("X", {"ties"})], ids=["candidate", "current", "neither"]
)
def test_a_value_stands_for_a_missing_outcome(value: str, wanted: set[str]) -> None:
    """missing: Value folds the declared value, but counts no label: nobody observed it."""
    added = resolution(Pair(M, B), None, Policy(Missing.VALUE, value))
    assert {field for field, _ in added} == wanted | {
        "results_by_arm"
    }  # of current: what a canary may expect of a unit


def test_an_outcome_goes_before_the_missing_value() -> None:
    """missing: Value is only for outcomes that are missing."""
    added = resolution(Pair(M, B), "B", Policy(Missing.VALUE, "M"))
    assert added["wins", None] == 1
    assert added["labelled_by_answer", "M"] == 1


def test_values_and_reasons_are_counted_for_all_pairs() -> None:
    """Values of readable answers and reasons of the others, also where the pair is set aside."""
    assert agreement(Pair(FAILED, B)) == {
        ("reasons", "Late"): 1,
        ("candidate_values", "B"): 1,
        ("current_failed", None): 1,
    }


def test_outcome_values_are_counted_of_agreeing_pairs_too() -> None:
    """They must show early that outcomes speak the same words as predictions."""
    assert resolution(Pair(M, M), "m", WORST)["outcome_values", "m"] == 1


def test_every_increment_is_a_counter() -> None:
    """Fields of increments are fields of the contract: a typo would be a lost count."""
    for _, pair, outcome, _ in TABLE:
        for field, token in folded(pair, outcome):
            assert isinstance(getattr(EpochCounters(), field), int if token is None else dict), field


@pytest.mark.parametrize(("field", "overflow"), [("reasons", "Other"), ("current_values", "")])
def test_maps_are_bounded(field: str, overflow: str) -> None:
    """At most 32 tokens; further ones are counted together, known ones go on being counted alone."""
    counters = EpochCounters()
    for n in range(MAX_TOKENS + 8):
        counters = merged(counters, Increments({(field, f"token-{n}"): 1}))
    counters = merged(counters, Increments({(field, "token-0"): 4}))
    counted = getattr(counters, field)
    assert len(counted) == MAX_TOKENS + 1
    assert counted[overflow] == 8
    assert counted["token-0"] == 5


def test_what_is_labelled_and_what_is_not_is_kept_by_the_same_answers() -> None:
    """However many answers there are: outcomes that are missing at random must not look chosen because the maps hold other ones."""
    counters = EpochCounters()
    answers = [f"answer-{n}" for n in range(3 * MAX_TOKENS)]
    for one, other in zip(answers, reversed(answers), strict=True):
        counters = merged(counters, Increments({("labelled_by_answer", one): 1, ("unlabelled_by_answer", other): 1}))
    assert counters.labelled_by_answer == counters.unlabelled_by_answer
    assert counters.labelled_by_answer[""] == 2 * MAX_TOKENS
