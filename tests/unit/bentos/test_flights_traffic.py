"""The flights' traffic is a file that drivers read without any package, of days that no model was trained on."""

import json
from datetime import date

import pytest
from flights import story
from flights.features import FEATURES, LATE
from flights.story import RULE, TRAFFIC, Losses, landed, losses, processes, rule, tables, traffic
from flights.year import TRAINING_EVERY

CASES = list(traffic())


def test_every_flight_is_the_request_and_its_truth():
    """2,198 flights of all months, each with the features in their order; the truth is within the declared range."""
    assert len(CASES) == 2198
    assert {tuple(features) for features, _ in CASES} == {FEATURES}
    assert {features["month"] for features, _ in CASES} == set(range(1, 13))
    for _, truth in landed(CASES):
        assert -60 <= truth["minutes"] <= 180
        assert truth["late"] is (truth["minutes"] >= LATE)


def test_some_flights_never_landed():
    """They departed and were diverted: no outcome will ever come, and the file says so."""
    assert [truth for _, truth in CASES].count(None) == 11


def test_no_flight_is_of_a_training_day():
    """Training and traffic share no day, hence no flight, whatever else of the two changes."""
    days = {date(2013, features["month"], features["day"]).timetuple().tm_yday for features, _ in CASES}
    assert all(day % TRAINING_EVERY for day in days)
    assert len(days) > 200


def test_no_flight_comes_twice():
    """Each flight is one request body, so that a body identifies its case."""
    assert len({json.dumps(features) for features, _ in CASES}) == len(CASES)


def test_it_travels_in_a_config_map():
    """A ConfigMap holds 1 MiB, and the programs that read the traffic come along in it."""
    assert TRAFFIC.stat().st_size <= 500_000


def test_the_rule_leaves_room_for_a_better_model():
    """It is 13 to 16 minutes off on average, and right or wrong about being late in about nine flights of ten."""
    lost = losses(rule, landed(CASES))
    assert 13 <= sum(lost.minutes) / len(lost.minutes) <= 16
    assert 0.1 <= sum(lost.late) / len(lost.late) <= 0.12


def test_losses_are_the_absolute_error_and_the_squared_one():
    """Said 5 minutes late and hence on time, landed 20 late: 15 minutes and a whole point are lost."""
    lost = losses(rule, [({"departure_delay": 5}, {"minutes": 20, "late": True})])
    assert (lost.minutes, lost.late) == ([15], [1.0])


def test_a_process_never_differs_from_itself():
    """The tables of the rule beside itself show no lift, no spread, and the same answer to every flight."""
    lost = losses(rule, landed(CASES))
    lines = list(tables(landed(CASES), {RULE: lost, "flights_other": lost}))
    assert [line.split(" | ", 2)[2] for line in lines if line.startswith("| flights_other")] == [
        "+0.00 | 0.00 | 1.000 |",
        "+0.0000 | 0.0000 | 1.000 |",
    ]
    assert len([line for line in lines if line.startswith(tuple(f"| {month} |" for month in range(1, 13)))]) == 12


def test_a_story_that_no_longer_holds_is_told_by_process(monkeypatch):
    """Candidates that lose and win nothing against the rule are no story; the traffic is compared with the data's."""
    lost = losses(rule, landed(CASES))
    better = Losses([0.5 * each for each in lost.minutes], lost.late, lost.said)
    monkeypatch.setattr("flights.year.departed", list)
    told = story.complaints({RULE: lost, "flights_ridge": better, "flights_boosted": lost, "flights_stale": lost})
    assert told[0] == "traffic.jsonl is old: python -m flights.traffic"
    assert any(line.startswith("flights_stale: lift of minutes +0.0000 is outside") for line in told)
    assert "flights_boosted: no better than flights_ridge" in told


def test_an_untrained_model_is_told_with_the_remedy(tmp_path, monkeypatch):
    """The tables need the trained models; without them the error says how to train."""
    monkeypatch.setattr("flights.story.BENTOS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m flights_ridge\.train"):
        processes()
