"""What the shop's candidates make of a visit: strict input, a sum of weights for each offer, the largest is shown."""

import json
from typing import get_args

import pytest
from offers import features
from offers.linear import ChoiceModel, Line, load, terms
from offers.shoppers import KINDS, population
from offers.traffic import cases
from offers.visit import Shown, Visit
from offers_rules.server import judge
from pydantic import ValidationError

VISIT = {"basket": 40, "visits": 2, "segment": "family", "device": "phone"}


def a_visit(**changes):
    return VISIT | changes


def a_model(**lines):
    """Free shipping by the basket, a discount for students, points by visits, bundles at -9, unless said otherwise."""
    scores = {
        "free-shipping": Line(0.0, {"basket": -1.0}),
        "discount": Line(-0.3, {"segment=student": 1.0}),
        "points": Line(-1.0, {"visits": 3.0}),
        "bundle": Line(-9.0, {}),
    }
    return ChoiceModel(scores | {name.replace("_", "-"): line for name, line in lines.items()})


def test_the_traffics_own_visits_are_valid_requests():
    """Services see exactly what the traffic says, with the fields in their order."""
    for visitor, _ in cases():
        assert Visit(**visitor).model_dump() == visitor
    assert tuple(Visit.model_fields) == features.FEATURES


def test_services_and_shoppers_know_the_same_words():
    """Offers, segments and devices have one list each, which the strict input, the answer and the shoppers repeat."""
    allowed = {name: get_args(field.annotation) for name, field in Visit.model_fields.items()}
    assert allowed["segment"] == features.SEGMENTS == tuple(KINDS)
    assert allowed["device"] == features.DEVICES
    assert get_args(Shown.model_fields["offer"].annotation) == features.OFFERS


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (a_visit(basket="full"), "basket"),
        (a_visit(basket=float("nan")), "basket"),
        (a_visit(basket=-1), "basket"),
        (a_visit(visits=1.5), "visits"),
        (a_visit(segment="pirate"), "segment"),
        (a_visit(device=""), "device"),
        (a_visit(bought=True), "bought"),
        ({"basket": 1}, "visits"),
    ],
)
def test_a_bad_visit_is_refused_by_field(body, named):
    """A missing, unknown or impossible field is refused, and the error names it."""
    with pytest.raises(ValidationError, match=named):
        Visit(**body)


def test_terms_are_numbers_of_order_one_and_one_per_level():
    """The basket in hundreds, visits in tens."""
    assert terms(VISIT) == {"basket": 0.4, "visits": 0.2, "segment=family": 1.0, "device=phone": 1.0}


@pytest.mark.parametrize(
    ("changes", "offer"),
    [
        ({"basket": 10}, "free-shipping"),
        ({"basket": 90, "visits": 0}, "discount"),
        ({"basket": 10, "segment": "student"}, "discount"),
        ({"basket": 90, "visits": 4}, "points"),
    ],
)
def test_the_offer_with_the_largest_score_is_shown(changes, offer):
    """A level without a weight adds nothing."""
    assert a_model().choose(a_visit(**changes)) == offer


def test_of_equal_scores_the_first_offer_is_shown():
    """The same request gets the same answer, whatever the order in a file."""
    equal = dict.fromkeys(reversed(features.OFFERS), Line(1.0, {}))
    assert ChoiceModel(equal).choose(VISIT) == features.OFFERS[0]


def test_candidates_answer_in_one_form():
    """One JSON string, by another name than the rules have for it."""
    assert Shown(offer="bundle").model_dump_json() == '{"offer":"bundle"}'


def test_the_rules_as_a_bento_show_what_the_rules_show():
    """The A/A candidate can neither win nor lose: the same offer to every possible visitor, through the services' own input."""
    for visitor, _ in population():
        offer, _ = judge(Visit(**visitor).model_dump())
        assert json.loads(Shown(offer=offer).model_dump_json()) == {"offer": judge(visitor)[0]}


def test_a_saved_model_is_loaded_unchanged(tmp_path):
    """What training wrote is what the service loads."""
    a_model().save(tmp_path / "model.json")
    assert load(tmp_path / "model.json") == a_model()


def test_an_untrained_model_is_told_with_the_remedy(tmp_path):
    """Without its model a service says how to train it."""
    with pytest.raises(FileNotFoundError, match=rf"python -m {tmp_path.name}\.train"):
        load(tmp_path / "model.json")
