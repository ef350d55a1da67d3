"""The hospital learns the truth later, of some cases, in its own words; every case is accounted for."""

import json
import random

import pytest
from aiohttp.test_utils import TestClient, TestServer

from dev.traffic.delivery import Delivery
from dev.traffic.outcomes import LARGEST_BATCH, Knowledge, Sender, application, arguments, build

ALL = {
    "shortest": 1.0,
    "longest": 3.0,
    "fraction": 1.0,
    "only_when": frozenset(),
    "codes": {},
    "truth_field": None,
    "wrong_type": False,
}
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


@pytest.mark.parametrize(("truth", "sent"), [("malignant", 9), (-5, "-5"), (False, "False")])
def test_the_wrong_type_is_a_number_for_text_and_text_for_the_rest(sender, truth, sent):
    waiting = sender(wrong_type=True)
    waiting.take([{"key": "k0", "truth": truth, "value": "M"}], now=0.0)
    assert waiting.due(now=9.0) == [{"key": "k0", "value": sent}]


LANDED = {"key": "k0", "truth": {"minutes": -5, "late": False}, "value": "3.4"}
LOST = {"key": "k1", "truth": None, "value": "3.4"}


@pytest.mark.parametrize(("field", "sent"), [("minutes", -5), ("late", False)])
def test_of_a_truth_with_several_values_one_is_sent_as_it_is(sender, field, sent):
    """A number stays a JSON number, a boolean a JSON boolean; the hospital's words are for text."""
    waiting = sender(truth_field=field, codes={"False": "no"})
    waiting.take([LANDED], now=0.0)
    (outcome,) = waiting.due(now=9.0)
    assert json.dumps(outcome) == json.dumps({"key": "k0", "value": sent})


def test_what_is_never_known_is_never_sent(sender):
    """A flight that departed and never landed: counted, and no outcome ever comes."""
    waiting = sender(truth_field="minutes")
    waiting.take([LANDED, LOST], now=0.0)
    assert [outcome["key"] for outcome in waiting.due(now=9.0)] == ["k0"]
    assert (waiting.report()["taken"], waiting.report()["neverKnown"]) == (2, 1)


@pytest.mark.parametrize(
    ("field", "case"), [(None, LANDED), ("minutes", cases(1)[0]), ("hours", LANDED)], ids=["none", "text", "unknown"]
)
async def test_a_truth_that_the_option_does_not_fit_is_refused_whole(sender, field, case, capsys):
    """Nothing of the batch is taken, so that asking again counts nothing twice; the sender's log names the option."""
    waiting = sender(truth_field=field)
    async with TestClient(TestServer(application(waiting))) as client:
        answer = await client.post("/answered", json=[LOST, case])
        assert answer.status == 422
        assert "--truth-field" in await answer.text()
    assert "--truth-field" in capsys.readouterr().err
    assert waiting.report()["taken"] == 0


def test_outcomes_go_to_the_model_deployment_that_was_named():
    made = build(arguments([*BASE, "--code", "malignant=M", "--truth-field", "minutes"]))
    assert made.delivery.url == "http://r/v1/namespaces/clinic/modeldeployments/tumour-triage/outcomes"
    assert made.knowledge.codes == {"malignant": "M"}
    assert made.knowledge.truth_field == "minutes"


@pytest.mark.parametrize(
    ("options", "field"),
    [(["--delay", "3", "1"], "--delay"), (["--fraction", "1.5"], "--fraction"), (["--code", "M"], "--code")],
)
def test_a_bad_option_is_named(options, field):
    with pytest.raises(ValueError, match=field):
        build(arguments([*BASE, *options]))
