"""The flights of the traffic's days in the order in which the product counts them. Called by `__main__` and `scales`.

A flight counts when it is as old as `MATURITY` says, whatever its outcome and whenever that came: a flight that landed soon is not
preferred to one that landed late. What had not landed by then counts without an outcome.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

MATURITY = timedelta(hours=12)
"""As in `manifests/examples/valid/minutes.yaml`: the longest flight, to Honolulu, takes eleven hours."""


@dataclass(frozen=True, slots=True)
class Flight:
    """One departed flight: what each process said of it, and what was known when it counted.

    Attributes:
        number: its place in the order of departure; names the unit.
        scheduled: the day of which it is a flight; one may leave after midnight.
        counts_at: when it is `MATURITY` old, on New York's clock.
        answers: `<process>_minutes` and `<process>_late` of each process.
        outcome: `minutes` and `late`; None: not known by then.
    """

    number: int
    scheduled: date
    counts_at: datetime
    answers: Mapping[str, float]
    outcome: Mapping[str, float] | None

    @property
    def departed(self) -> date:
        """The day on which it left."""
        return (self.counts_at - MATURITY).date()


def read(path: Path) -> list[Flight]:
    """The flights of the days on which no model was trained (219,791 of 328,521)."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(flights(csv.DictReader(file)))


def flights(rows: Iterable[Mapping[str, str]]) -> Iterator[Flight]:
    """The rows of the traffic's days as flights; they come in the order of departure, so they count in that order too."""
    for number, row in enumerate(rows):
        if row["training"] == "1":
            continue
        counts_at = datetime.fromisoformat(row["departed"]) + MATURITY
        known = row["landed"] != "" and datetime.fromisoformat(row["landed"]) <= counts_at
        answers = {name: float(text) for name, text in row.items() if name.endswith(("_minutes", "_late"))}
        outcome = {name: float(row[name]) for name in ("minutes", "late")} if known else None
        yield Flight(number, date.fromisoformat(row["date"]), counts_at, answers, outcome)
