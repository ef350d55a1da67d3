"""What becomes of a line of the data: a flight with what was known at its departure, when, and what turned out."""

import csv
import io
import zipfile
from datetime import datetime

import pytest
from flights import year
from flights.features import FEATURES
from flights.replay import rows, write
from flights.story import RULE, rule
from flights.traffic import EVERY, lines, sample

AIRPORTS = "faa,tz,dst\nIAH,-6,A\nPHX,-7,N\nEWR,-5,A\n"
ROW = {
    "year": "2013",
    "month": "1",
    "day": "1",
    "sched_dep_time": "515",
    "dep_delay": "2.0",
    "sched_arr_time": "819",
    "arr_delay": "11.0",
    "carrier": "UA",
    "origin": "EWR",
    "dest": "IAH",
    "distance": "1400",
}


@pytest.fixture
def departed(tmp_path, monkeypatch):
    """The flights of a year in which these lines were written: the given columns instead of the first flight's."""

    def read(*changes):
        table = io.StringIO()
        writer = csv.DictWriter(table, list(ROW))
        writer.writeheader()
        writer.writerows(ROW | each for each in changes)
        with zipfile.ZipFile(tmp_path / "flights.csv.zip", "w") as archive:
            archive.writestr("flights.csv", table.getvalue())
        (tmp_path / "airports.csv").write_text(AIRPORTS)
        monkeypatch.setattr(year, "_folder", lambda: tmp_path)
        return year.departed()

    return read


def test_a_line_becomes_what_was_known_and_what_turned_out(departed):
    """Only what is known at the departure is a feature; Houston's clock is an hour behind, so 8:19 there is 4:04 away."""
    (flight,) = departed({})
    assert tuple(flight.features) == FEATURES
    assert flight.features == {
        "departure_delay": 2,
        "month": 1,
        "day": 1,
        "weekday": 2,
        "scheduled_departure": 315,
        "scheduled_minutes": 244,
        "distance": 1400,
        "carrier": "UA",
        "origin": "EWR",
        "destination": "IAH",
    }
    assert flight.departed == datetime(2013, 1, 1, 5, 17)  # noqa: DTZ001 - New York's clock
    assert flight.truth == {"minutes": 11, "late": False}


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"dest": "PHX", "month": "1"}, 304),  # two hours behind in winter
        ({"dest": "PHX", "month": "7"}, 364),  # three in summer: Arizona keeps its clock
        ({"dest": "SJU", "month": "1"}, 124),  # an hour ahead in winter
        ({"dest": "SJU", "month": "7"}, 184),  # the same in summer
        ({"sched_dep_time": "2300", "sched_arr_time": "130"}, 210),  # over midnight
    ],
)
def test_the_planned_time_is_that_of_two_clocks(departed, changes, minutes):
    """From gate to gate, whatever time zones, summer time and midnight lie between."""
    (flight,) = departed(changes)
    assert flight.features["scheduled_minutes"] == minutes


@pytest.mark.parametrize(
    ("delay", "truth"),
    [
        ("14.0", {"minutes": 14, "late": False}),
        ("15.0", {"minutes": 15, "late": True}),
        ("1272.0", {"minutes": 180, "late": True}),
        ("-86.0", {"minutes": -60, "late": False}),
        ("", None),
        ("NA", None),
    ],
)
def test_the_truth_is_as_the_airport_books_it(departed, delay, truth):
    """Within the declared range, late from 15 minutes on, unknown where the flight never landed."""
    (flight,) = departed({"arr_delay": delay})
    assert flight.truth == truth


def test_flights_come_in_the_order_of_departure_without_the_cancelled(departed):
    """A flight of the morning that left at night comes after one of the noon; one that never left is none."""
    flights = departed({"dep_delay": "900"}, {"sched_dep_time": "1200"}, {"dep_delay": ""})
    assert [flight.features["scheduled_departure"] for flight in flights] == [720, 315]


def test_every_third_day_trains_and_the_others_are_traffic(departed):
    """By the scheduled day, however late it departed; flights that never landed train nothing."""
    flights = departed({"day": "2", "dep_delay": "1300"}, {"day": "3"}, {"day": "4"}, {"day": "6", "arr_delay": ""})
    assert [flight.features["day"] for flight in flights if flight.trains] == [3, 6]
    assert [flight.features["day"] for flight in year.training()] == [3]
    assert {flight.features["day"] for flight in sample(flights)} == {2}


def test_the_traffic_is_every_so_manieth_flight_with_its_truth(departed):
    """The first of each hundred, as one line; a flight that never landed has the truth null."""
    flights = departed(*[{"carrier": f"C{n}", "arr_delay": "" if n == EVERY else "-5"} for n in range(EVERY + 1)])
    first, second = lines(sample(flights)).splitlines()
    assert first.endswith('"carrier":"C0","origin":"EWR","destination":"IAH"},"truth":{"minutes":-5,"late":false}}')
    assert second.endswith('"truth":null}')


def test_the_replay_has_what_was_said_and_what_turned_out(departed, tmp_path):
    """One row per departed flight; landed when planned plus the delay, truths empty where it never did."""
    flights = departed({"day": "3"}, {"day": "4", "arr_delay": ""})
    assert write(rows(flights, {RULE: rule}), tmp_path / "out.csv") == 2
    with (tmp_path / "out.csv").open() as file:
        landed, lost = csv.DictReader(file)
    assert landed == {
        "date": "2013-01-03",
        "month": "1",
        "departed": "2013-01-03T05:17",
        "landed": "2013-01-03T09:30",
        "training": "1",
        "minutes": "11",
        "late": "0",
        "rule_minutes": "2",
        "rule_late": "0.0",
    }
    assert (lost["landed"], lost["minutes"], lost["late"], lost["training"]) == ("", "", "", "0")
