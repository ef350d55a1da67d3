"""`python -m flights.replay OUT.csv` writes what every process says of every departed flight of the year, and the truth.

For replays through the statistics without a cluster. One line per flight in the order of departure; `departed` and
`landed` are on New York's clock (`landed` is empty, like both truths, where the flight never landed where it was to);
`training` is 1 for flights that the models were trained on. Minutes are within the declared range. About a minute.
"""

import argparse
import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flights.story import Process, processes
from flights.year import Flight, departed


def rows(flights: Iterable[Flight], every: Mapping[str, Process]) -> Iterator[dict[str, Any]]:
    """One row per flight: when, whose, the truth, and `<process>_minutes` and `<process>_late` (a probability) of each."""
    for flight in flights:
        truth = flight.truth
        row = {
            "date": flight.scheduled.date().isoformat(),
            "month": flight.features["month"],
            "departed": flight.departed.isoformat(timespec="minutes"),
            "landed": "",
            "training": int(flight.trains),
            "minutes": "" if truth is None else truth["minutes"],
            "late": "" if truth is None else int(truth["late"]),
        }
        if flight.delay is not None:
            planned = flight.scheduled + timedelta(minutes=flight.features["scheduled_minutes"])
            row["landed"] = (planned + timedelta(minutes=flight.delay)).isoformat(timespec="minutes")
        for name, process in every.items():
            told = process(flight.features)
            short = name.removeprefix("flights_")
            row |= {f"{short}_minutes": told.minutes, f"{short}_late": told.late_probability}
        yield row


def write(lines: Iterable[Mapping[str, Any]], out: Path) -> int:
    """Write the rows as CSV with a header; how many."""
    count = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        writer: csv.DictWriter[str] | None = None
        for line in lines:
            if writer is None:
                writer = csv.DictWriter(file, list(line))
                writer.writeheader()
            writer.writerow(line)
            count += 1
    return count


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT.csv")
    options = parser.parse_args()
    print(f"wrote {options.out}: {write(rows(departed(), processes()), options.out)} flights")
