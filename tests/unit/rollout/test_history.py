"""What is in force now follows from the decision records alone, in whatever order they are listed."""

import random

import pytest

from shadowlift.api.record import RecordKind
from shadowlift.rollout.history import History
from tests.unit.rollout.tale import AT, BASELINE, tell

STARTED, COUNTING, PROMOTED = ("Started", "t1"), ("Counting", "t1"), ("Promoted", "t1")
SECOND = (("Started", "t2", {"workload": "triage-b", "against": "bento/a"}), ("Counting", "t2"))


@pytest.mark.parametrize(
    ("lines", "in_force"),
    [
        ([], None),
        ([STARTED], None),
        ([STARTED, COUNTING], None),
        ([STARTED, COUNTING, ("Rejected", "t1")], None),
        ([STARTED, COUNTING, ("Expired", "t1")], None),
        ([STARTED, COUNTING, PROMOTED], "t1"),
        ([STARTED, COUNTING, PROMOTED, ("RolledBack", "t1")], None),
        ([STARTED, COUNTING, PROMOTED, ("Superseded", "t1")], None),
        ([STARTED, COUNTING, PROMOTED, *SECOND], "t1"),
        ([STARTED, COUNTING, PROMOTED, *SECOND, ("Rejected", "t2")], "t1"),
        ([STARTED, COUNTING, PROMOTED, *SECOND, ("Expired", "t2")], "t1"),
        ([STARTED, COUNTING, PROMOTED, *SECOND, ("Abandoned", "t2")], "t1"),
        ([STARTED, COUNTING, PROMOTED, *SECOND, ("Promoted", "t2")], "t2"),
        ([STARTED, COUNTING, PROMOTED, *SECOND, ("Promoted", "t2"), ("RolledBack", "t2")], "t1"),
        (
            [
                STARTED,
                COUNTING,
                PROMOTED,
                *SECOND,
                ("Promoted", "t2"),
                ("RolledBack", "t2", {"reason": "ServeCurrent"}),
            ],
            None,
        ),
        ([STARTED, COUNTING, PROMOTED, *SECOND, ("Promoted", "t2"), ("Settled", "t2"), ("Superseded", "t2")], None),
        ([STARTED, COUNTING, PROMOTED, ("RolledBack", "t1"), *SECOND, ("Promoted", "t2")], "t2"),
    ],
)
def test_the_promotion_in_force(lines: list, in_force: str | None):
    """The newest that nothing has ended. Harm takes back what was promoted last; a person, and a new current, all of it."""
    promotion = tell(*lines).promotion
    assert (promotion.record.trial if promotion else None) == in_force


@pytest.mark.parametrize(
    ("lines", "uid", "counts", "end"),
    [
        ([STARTED], "t1", False, None),
        ([STARTED, COUNTING], "t1", True, None),
        ([STARTED, ("Abandoned", "t1")], "t1", False, RecordKind.ABANDONED),
        ([STARTED, COUNTING, ("Rejected", "t1")], "t1", True, RecordKind.REJECTED),
        ([STARTED, COUNTING, PROMOTED], "t1", True, RecordKind.PROMOTED),
        ([STARTED, COUNTING, PROMOTED, ("RolledBack", "t1")], "t1", True, RecordKind.PROMOTED),
        ([STARTED, ("Abandoned", "t1"), SECOND[0]], "t2", False, None),
        ([STARTED, COUNTING, PROMOTED, *SECOND], "t2", True, None),
    ],
)
def test_the_newest_trial_and_how_it_stands(lines: list, uid: str, counts: bool, end: RecordKind | None):
    """A trial begins with Started, counts from Counting, and ends with the first record that ends trials."""
    trial = tell(*lines).trial()
    assert trial is not None
    assert (trial.uid, trial.end.kind if trial.end else None) == (uid, end)
    assert (trial.baseline, trial.counting_at) == ((BASELINE, AT) if counts else (None, None))


def test_without_records_there_is_no_trial():
    """Absent is None, not a trial of default values."""
    assert tell().trial() is None


def test_a_promotion_serves_from_the_terms_of_its_own_trial():
    """A later trial's snapshot never becomes what an earlier promotion serves."""
    promotion = tell(STARTED, COUNTING, PROMOTED, *SECOND).promotion
    assert promotion is not None
    assert promotion.terms.workload == "triage-a"


@pytest.mark.parametrize(
    ("workload", "against", "attempts"),
    [
        ("triage-a", "service/rules", 2),  # an abandoned attempt is one
        ("triage-b", "service/rules", 1),
        ("triage-a", "bento/b", 1),
        ("triage-b", "bento/b", 0),
    ],
)
def test_attempts_count_by_content_and_opponent(workload: str, against: str, attempts: int):
    """The same content against the same process: each further trial halves alpha; other content or another opponent does not."""
    history = tell(
        ("Started", "t1"),
        ("Abandoned", "t1"),
        ("Started", "t2", {"workload": "triage-b"}),
        ("Rejected", "t2"),
        ("Started", "t3"),
        ("Rejected", "t3"),
        ("Started", "t4", {"against": "bento/b"}),
    )
    assert history.attempts(workload, against) == attempts


def test_numbers_go_on_from_the_highest():
    """A record that is missing never lets a number be used twice."""
    history = tell(STARTED, COUNTING, PROMOTED)
    assert history.next_number == 4
    assert History((history.records[0], history.records[2])).next_number == 4
    assert tell().next_number == 1


def test_the_order_of_listing_does_not_matter():
    """The API server promises no order: numbers do."""
    told = tell(
        STARTED,
        COUNTING,
        PROMOTED,
        *SECOND,
        ("Promoted", "t2"),
        ("RolledBack", "t2"),
        ("Started", "t3"),
        ("Counting", "t3"),
    )
    for seed in range(10):
        shuffled = list(told.records)
        random.Random(seed).shuffle(shuffled)
        history = History(tuple(shuffled))
        assert history.promotion == told.promotion
        assert history.trial() == told.trial()
        assert history.last(*RecordKind) == told.records[-1]


def test_the_newest_of_some_kinds():
    """`last` looks at numbers, and is None where there is none."""
    history = tell(STARTED, COUNTING, PROMOTED, ("Superseded", "t1"))
    assert history.last(RecordKind.COUNTING, RecordKind.STARTED) == history.records[1]
    assert history.last(RecordKind.EXPIRED) is None
