"""The hospital learns the truth later, of some cases, in its own words; every case is accounted for."""

import random

import pytest

from dev.traffic.delivery import Delivery
from dev.traffic.outcomes import LARGEST_BATCH, Knowledge, Sender, arguments, build

ALL = {"shortest": 1.0, "longest": 3.0, "fraction": 1.0, "only_when": frozenset(), "codes": {}, "wrong_type": False}
BASE = ["--recorder", "http://r", "--namespace", "clinic", "--name", "tumour-triage", "--accepted", "/dev/null"]


@pytest.fixture
def sender(tmp_path):
    def make(**knowledge) -> Sender:
        delivery = Delivery("http://unused", None, tmp_path / "accepted")
        return Sender(Knowledge(**{**ALL, **knowledge}), delivery, random.Random(1))

    return make


def cases(n: int, value: str = "M") -> list[dict[str, str]]:
    return [{"key": f"k{i}", "truth": "malignant", "value": value} for i in range(n)]


def test_each_case_becomes_known_after_a_delay_of_its_own(sender):
    waiting = sender()
    waiting.take(cases(200), now=10.0)
    assert waiting.due(now=10.99) == []
    early = waiting.due(now=12.0)
    assert 50 < len(early) < 150
    assert len(waiting.due(now=13.0)) == 200 - len(early)


def test_a_batch_is_never_larger_than_the_recorder_takes(sender):
    waiting = sender()
    waiting.take(cases(LARGEST_BATCH + 5), now=0.0)
    assert [len(waiting.due(now=9.0)) for _ in range(3)] == [LARGEST_BATCH, 5, 0]


def test_truths_are_sent_in_the_hospitals_words(sender):
    waiting = sender(codes={"malignant": "M"})
    waiting.take(cases(1), now=0.0)
    assert waiting.due(now=9.0) == [{"key": "k0", "value": "M"}]


def test_a_fraction_of_the_cases_is_never_known(sender):
    waiting = sender(fraction=0.25)
    waiting.take(cases(1000), now=0.0)
    report = waiting.report()
    assert 650 < report["neverKnown"] < 850
    assert report["taken"] == report["neverKnown"] + report["waiting"]


def test_selective_follow_up_goes_by_the_served_answer(sender):
    """The benign are sent home: what they really had is never known."""
    waiting = sender(only_when=frozenset({"M", "malignant"}))
    waiting.take(cases(3, "M") + cases(2, "malignant") + cases(4, "B"), now=0.0)
    assert len(waiting.due(now=9.0)) == 5
    assert waiting.report()["neverKnown"] == 4


def test_the_wrong_type_is_a_number(sender):
    waiting = sender(wrong_type=True)
    waiting.take(cases(1), now=0.0)
    assert isinstance(waiting.due(now=9.0)[0]["value"], int)


def test_outcomes_go_to_the_model_deployment_that_was_named():
    made = build(arguments([*BASE, "--code", "malignant=M"]))
    assert made.delivery.url == "http://r/v1/namespaces/clinic/modeldeployments/tumour-triage/outcomes"
    assert made.knowledge.codes == {"malignant": "M"}


@pytest.mark.parametrize(
    ("options", "field"),
    [(["--delay", "3", "1"], "--delay"), (["--fraction", "1.5"], "--fraction"), (["--code", "M"], "--code")],
)
def test_a_bad_option_is_named(options, field):
    with pytest.raises(ValueError, match=field):
        build(arguments([*BASE, *options]))
