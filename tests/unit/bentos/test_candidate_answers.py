"""What the candidates make of a case: strict input, a probability from the linear model, one of two diagnoses."""

from types import SimpleNamespace

import pytest
from pydantic import ValidationError
from triage.case import Case, diagnose
from triage.linear import LinearModel, load
from triage.story import cases


def a_case(**changes):
    return cases()[0][0] | changes


def test_a_complete_case_is_accepted():
    """The traffic's own cases are valid requests."""
    for features, _ in cases():
        assert Case(**features).model_dump() == features


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (a_case(mean_radius="wide"), "mean_radius"),
        (a_case(mean_radius=float("nan")), "mean_radius"),
        (a_case(mean_colour=1.0), "mean_colour"),
        ({"mean_radius": 1.0}, "mean_texture"),
    ],
)
def test_a_bad_case_is_refused_by_field(body, named):
    """A missing, unknown or unreadable feature is refused, and the error names it."""
    with pytest.raises(ValidationError, match=named):
        Case(**body)


@pytest.mark.parametrize(
    ("probability", "diagnosis"), [(0.0, "benign"), (0.4999, "benign"), (0.5, "malignant"), (1.0, "malignant")]
)
def test_the_more_likely_diagnosis_is_answered(probability, diagnosis):
    """Malignant from one half on."""
    assert diagnose(probability).diagnosis == diagnosis


def test_log_odds_become_a_probability():
    """log-odds 0 are one half, log-odds ln 3 are three quarters, and no case overflows."""
    model = LinearModel(intercept=0.0, weights={"x": 1.0986122886681098})
    assert model.probability(SimpleNamespace(x=0.0)) == 0.5
    assert model.probability(SimpleNamespace(x=1.0)) == pytest.approx(0.75)
    assert 0 < model.probability(SimpleNamespace(x=-1e9)) < model.probability(SimpleNamespace(x=1e9)) <= 1


def test_a_saved_model_is_loaded_unchanged(tmp_path):
    """What training wrote is what the service loads."""
    model = LinearModel(intercept=-30.0081355, weights={"mean_radius": 0.140915864})
    model.save(tmp_path / "model.json")
    assert load(tmp_path / "model.json") == model
