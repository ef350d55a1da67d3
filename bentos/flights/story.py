"""`python -m flights.story` measures every process on the traffic and prints the tables of the README.

With `--year` it measures on all landed flights of the days that do not train, of which the traffic is a sample. With
`--check` it also refuses, exit code 1, a traffic file that is not the one the data gives, and a story that no longer holds;
the image builder calls it so after each training.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flights_rule.server import judge

from flights import linear, trees
from flights.foretold import Foretold

BENTOS = Path(__file__).parents[1]
TRAFFIC = Path(__file__).with_name("traffic.jsonl")
RULE = "flights_rule"

Case = tuple[dict[str, Any], dict[str, Any]]
"""What was known at the departure of a landed flight, and what turned out to be true."""
Process = Callable[[Mapping[str, Any]], Foretold]

LIFTS = {
    "flights_ridge": ((1.2, 2.5), (0.02, 0.045)),
    "flights_boosted": ((1.4, 2.8), (0.02, 0.045)),
    "flights_stale": ((-2.0, -0.7), (-0.15, -0.05)),
}
"""What the story needs, as lifts over the rule from and to: in minutes of absolute error, and in Brier score."""


@dataclass(frozen=True)
class Losses:
    """What a process loses on each flight, and what it said."""

    minutes: Sequence[float]  # absolute error
    late: Sequence[float]  # squared error of the probability
    said: Sequence[Foretold]


def traffic() -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """The traffic: features and truth, which is None for a flight that never landed where it was to."""
    for line in TRAFFIC.read_text().splitlines():
        case = json.loads(line)
        yield case["features"], case["truth"]


def landed(flights: Iterable[tuple[dict[str, Any], dict[str, Any] | None]]) -> list[Case]:
    """Those whose truth became known."""
    return [(features, truth) for features, truth in flights if truth is not None]


def rule(features: Mapping[str, Any]) -> Foretold:
    """The process in place; its probability is 1 or 0."""
    delay, late = judge(features)
    return Foretold(delay, float(late))


def processes() -> dict[str, Process]:
    """Every process that has its own opinion; the rule's bento has the rule's."""
    return {
        RULE: rule,
        "flights_ridge": linear.load(_model("flights_ridge")).foretell,
        "flights_boosted": trees.load(_model("flights_boosted")).foretell,
        "flights_stale": linear.load(_model("flights_stale")).foretell,
    }


def _model(name: str) -> Path:
    return BENTOS / name / "model.json"


def losses(process: Process, cases: Sequence[Case]) -> Losses:
    """What the process loses on these flights."""
    said = [process(features) for features, _ in cases]
    return Losses(
        [abs(told.minutes - truth["minutes"]) for told, (_, truth) in zip(said, cases, strict=True)],
        [(told.late_probability - truth["late"]) ** 2 for told, (_, truth) in zip(said, cases, strict=True)],
        said,
    )


def differences(old: Sequence[float], new: Sequence[float]) -> list[float]:
    """What the new one loses less, flight by flight; its mean is the lift."""
    return [before - after for before, after in zip(old, new, strict=True)]


def complaints(measured: Mapping[str, Losses]) -> list[str]:
    """What is wrong with the data or the story, as measured on the traffic; empty when all is as told."""
    from flights.traffic import lines, sample  # noqa: PLC0415 - only the check needs the year's flights
    from flights.year import departed  # noqa: PLC0415

    fresh = TRAFFIC.read_text() == lines(sample(departed()))
    found = [] if fresh else ["traffic.jsonl is old: python -m flights.traffic"]
    for name, wanted in LIFTS.items():
        for what, (low, high) in zip(("minutes", "late"), wanted, strict=True):
            lift = _lift(measured, name, what)
            if not low <= lift <= high:
                found.append(f"{name}: lift of {what} {lift:+.4f} is outside {low} to {high}")
    if _lift(measured, "flights_boosted", "minutes") <= _lift(measured, "flights_ridge", "minutes"):
        found.append("flights_boosted: no better than flights_ridge")
    return found


def _lift(measured: Mapping[str, Losses], name: str, what: str) -> float:
    return statistics.fmean(differences(getattr(measured[RULE], what), getattr(measured[name], what)))


def tables(cases: Sequence[Case], measured: Mapping[str, Losses]) -> Iterator[str]:
    """The three tables, line by line."""
    yield from _comparison("minutes", "MAE, minutes", 2, measured, [told.minutes for told in measured[RULE].said])
    yield ""
    yield from _comparison("late", "Brier score", 4, measured, [told.late_probability for told in measured[RULE].said])
    yield ""
    yield from _months(cases, measured)


def _comparison(
    what: str, title: str, decimals: int, measured: Mapping[str, Losses], of_rule: Sequence[float]
) -> Iterator[str]:
    field = {"minutes": "minutes", "late": "late_probability"}[what]
    yield f"| process | {title} | lift over the rule | sd of a flight's difference | answers as the rule does |"
    yield "|---|---|---|---|---|"
    for name, lost in measured.items():
        less = differences(getattr(measured[RULE], what), getattr(lost, what))
        same = [getattr(told, field) == own for told, own in zip(lost.said, of_rule, strict=True)]
        score, lift, spread = statistics.fmean(getattr(lost, what)), statistics.fmean(less), statistics.pstdev(less)
        figures = f"{score:.{decimals}f} | {lift:+.{decimals}f} | {spread:.{decimals}f} | {statistics.fmean(same):.3f}"
        yield f"| {name} | {figures} |"


def _months(cases: Sequence[Case], measured: Mapping[str, Losses]) -> Iterator[str]:
    others = [name for name in measured if name != RULE]
    short = [name.removeprefix("flights_") for name in others]
    heads = ["month", "flights", "late", "lost under way", "rule's MAE", *short, "rule's Brier", *short]
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for month in range(1, 13):
        chosen = [i for i, (features, _) in enumerate(cases) if features["month"] == month]
        late = statistics.fmean(cases[i][1]["late"] for i in chosen)
        lost = statistics.fmean(cases[i][1]["minutes"] - measured[RULE].said[i].minutes for i in chosen)
        cells = [str(month), str(len(chosen)), f"{late:.3f}", f"{lost:+.2f}"]
        for what, decimals in (("minutes", 2), ("late", 4)):
            of_rule = getattr(measured[RULE], what)
            cells.append(f"{statistics.fmean(of_rule[i] for i in chosen):.{decimals}f}")
            for name in others:
                of_other = getattr(measured[name], what)
                cells.append(f"{statistics.fmean(of_rule[i] - of_other[i] for i in chosen):+.{decimals}f}")
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables; with --check, fail when the story does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when data or story are not as told")
    parser.add_argument("--year", action="store_true", help="measure on all flights of the days that do not train")
    options = parser.parse_args()
    every = processes()
    cases = landed(_year() if options.year else traffic())
    measured = {name: losses(process, cases) for name, process in every.items()}
    wrong = complaints(measured) if options.check else []
    print("\n".join(tables(cases, measured)))
    sys.exit("\n".join(wrong) or 0)


def _year() -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    from flights.year import departed  # noqa: PLC0415 - only this needs the year's flights

    return ((flight.features, flight.truth) for flight in departed() if not flight.trains)


if __name__ == "__main__":
    main()
