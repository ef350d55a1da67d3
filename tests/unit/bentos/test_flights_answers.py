"""What the candidates make of a flight: strict input, sums of weights or leaves, minutes and a probability, always finite."""

import json
import math

import pytest
from flights import linear, trees
from flights.arrival import Arrival, Departure, arrival
from flights.foretold import Foretold, foretold
from flights.linear import Line, LinearModel, terms
from flights.story import traffic
from flights.trees import BoostedModel, Forest, Scale
from flights_rule.server import judge
from pydantic import ValidationError

FLIGHT = next(traffic())[0]  # United, Newark to Houston, 5:15 on 1 January, two minutes late


def a_flight(**changes):
    return FLIGHT | changes


def test_the_traffics_own_flights_are_valid_requests():
    """Services see exactly what the traffic says."""
    for features, _ in traffic():
        assert Departure(**features).model_dump() == features


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (a_flight(departure_delay="late"), "departure_delay"),
        (a_flight(departure_delay=float("nan")), "departure_delay"),
        (a_flight(month=13), "month"),
        (a_flight(scheduled_minutes=1e300), "scheduled_minutes"),
        (a_flight(carrier=""), "carrier"),
        (a_flight(air_time=227), "air_time"),
        ({"departure_delay": 1.0}, "carrier"),
    ],
)
def test_a_bad_flight_is_refused_by_field(body, named):
    """A missing, unknown or impossible field is refused, and the error names it."""
    with pytest.raises(ValidationError, match=named):
        Departure(**body)


@pytest.mark.parametrize(
    ("minutes", "log_odds", "told"),
    [
        (3.456, 0.0, Foretold(3.46, 0.5)),
        (500.0, math.log(3), Foretold(180, 0.75)),
        (-500.0, -1e9, Foretold(-60, 0.0)),
        (math.inf, math.inf, Foretold(180, 1.0)),
    ],
)
def test_sums_become_minutes_within_the_range_and_a_probability(minutes, log_odds, told):
    """Cut to -60..180 and rounded; log-odds 0 are one half, ln 3 three quarters, and nothing overflows."""
    assert foretold(minutes, log_odds) == told


def test_candidates_answer_in_one_form():
    """Two JSON numbers."""
    assert arrival(Foretold(3.4, 0.21)).model_dump_json() == '{"arrival_delay":3.4,"late_probability":0.21}'


def test_terms_are_numbers_of_order_one_and_one_per_level():
    """Delays are cut before anything weighs them; the hour is that of the scheduled departure."""
    assert terms(a_flight(departure_delay=1301)) == {
        "departure_delay": 3.0,
        "scheduled_minutes": pytest.approx(244 / 60),
        "distance": 1.4,
        "month=1": 1.0,
        "hour=5": 1.0,
        "carrier=UA": 1.0,
        "origin=EWR": 1.0,
        "destination=IAH": 1.0,
    }


def test_a_linear_model_adds_what_it_has_weights_for():
    """A level that training never saw adds nothing."""
    model = LinearModel(Line(-4.0, {"departure_delay": 60.0, "carrier=UA": -3.0}), Line(0.0, {"carrier=UA": 1.0}))
    assert model.foretell(a_flight(departure_delay=10)) == Foretold(3.0, 0.731059)
    assert model.foretell(a_flight(departure_delay=10, carrier="XX")) == Foretold(6.0, 0.5)


def a_forest():
    scale = Scale({"carrier": {"UA": -6.0}, "origin": {}, "destination": {}}, -5.0)
    early, late = [0, 20.0, -1.0, [5, -5.5, -8.0, 2.0]], [0, 20.0, -2.0, 2.0]
    return BoostedModel(scale, Forest(-3.0, [early, -0.5]), Forest(0.0, [late]))


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"departure_delay": 20}, 20 - 3 - 1 - 0.5),
        ({"departure_delay": 21}, 21 - 3 - 8 - 0.5),
        ({"departure_delay": 21, "carrier": "XX"}, 21 - 3 + 2 - 0.5),
    ],
)
def test_boosted_trees_add_a_leaf_each_to_the_departure_delay(changes, minutes):
    """At or below a threshold is the first side; a name that training never saw stands on the scale as the average one."""
    assert a_forest().foretell(a_flight(**changes)).minutes == minutes


def test_boosted_trees_know_how_likely_late_is():
    """Log-odds of -2 and 2 here."""
    assert a_forest().foretell(a_flight(departure_delay=0)).late_probability == pytest.approx(0.119203)
    assert a_forest().foretell(a_flight(departure_delay=60)).late_probability == pytest.approx(0.880797)


def test_a_saved_model_is_loaded_unchanged(tmp_path):
    """What training wrote is what the service loads."""
    line = LinearModel(Line(-5.1, {"carrier=UA": -1.25}), Line(0.5, {"departure_delay": 3.0}))
    line.save(tmp_path / "model.json")
    assert linear.load(tmp_path / "model.json") == line
    a_forest().save(tmp_path / "model.json")
    assert trees.load(tmp_path / "model.json") == a_forest()


def test_the_rule_as_a_bento_says_what_the_rule_says():
    """The A/A candidate can neither win nor lose: the same minutes in the other form, through the services' own input."""
    for features, _ in traffic():
        delay, late = judge(Departure(**features).model_dump())
        answer = Arrival(arrival_delay=delay, late_probability=float(late))
        assert json.loads(answer.model_dump_json()) == {"arrival_delay": judge(features)[0], "late_probability": late}
