"""`python -m dev.replay CSV --out FOLDER`: replay, print the tables, draw the pictures. Half a minute; with `--starts` three more."""

import argparse
from pathlib import Path

from dev.replay import plots, tables
from dev.replay.flights import MATURITY, read
from dev.replay.questions import CANDIDATES, CURRENT, QUESTIONS
from dev.replay.starts import ends
from dev.replay.trial import readings, run


def main() -> None:
    """Every question of every candidate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path, metavar="CSV", help="what `python -m flights.replay` wrote")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="draw the pictures there")
    parser.add_argument("--format", choices=("svg", "png"), default="svg")
    parser.add_argument("--starts", action="store_true", help="also begin a trial on each day of the year")
    options = parser.parse_args()
    flights = read(options.csv)
    hours, unknown = MATURITY.total_seconds() / 3600, sum(flight.outcome is None for flight in flights)
    print(f"{len(flights):,} flights, {unknown} of them without an outcome after {hours:g} hours")
    for question in QUESTIONS:
        trials = [run(question, candidate, flights) for candidate in CANDIDATES]
        print(f"\n{question.name}\n\n{tables.verdicts(trials)}\n\n{tables.months(trials)}")
        told = [readings(question, candidate, flights) for candidate in CANDIDATES]
        print(f"\n{tables.missing(trials, told)}")
        if options.out is not None:
            plots.draw(trials, options.out, options.format)
        if options.starts:
            each = {name: list(ends(question, name, flights)) for name in CANDIDATES if name != CURRENT}
            print(f"\n{tables.starts(each)}")


if __name__ == "__main__":
    main()
