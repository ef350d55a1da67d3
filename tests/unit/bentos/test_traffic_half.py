"""The traffic half is a file that drivers read without scikit-learn, and the rules do on it what the story says."""

import pytest
from triage.features import FEATURES
from triage.story import ACCURACY, RULES, accuracy, cases, measure, processes, rules


def test_every_case_is_the_request_and_its_truth():
    """284 cases, each with the 30 features in the data's order and a diagnosis; 106 are malignant."""
    known = cases()
    assert {tuple(features) for features, _ in known} == {FEATURES}
    assert [truth for _, truth in known].count("malignant") == 106
    assert [truth for _, truth in known].count("benign") == 178


def test_no_case_comes_twice():
    """Each case is one request body, so that a body identifies its case."""
    assert len({tuple(features.values()) for features, _ in cases()}) == 284


def test_the_rules_leave_room_for_a_better_model():
    """The process in place is right in 87 to 91 of 100 cases of the traffic."""
    low, high = ACCURACY[RULES]
    assert low <= accuracy(measure(rules, cases()).said, cases()) <= high


def test_an_untrained_model_is_told_with_the_remedy(tmp_path, monkeypatch):
    """The table needs the trained models; without them the error says how to train."""
    monkeypatch.setattr("triage.story.BENTOS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m triage_logreg\.train"):
        processes()
