"""`shadowlift simulate`: before a trial, what it will want, and what the rule does with better, equal and worse candidates."""

import argparse
import json
import re
import sys

from shadowlift.api.parse import parse_spec
from shadowlift.cli import files, plots, report
from shadowlift.cli.bar import Bar
from shadowlift.cli.chance import seeded
from shadowlift.cli.question import ACCURACY, Assumed, Question, ask
from shadowlift.errors import InvalidInput
from shadowlift.stats.plan import plan
from shadowlift.stats.simulate import Characteristics, trials

_PER_DAY = {"day": 1, "hour": 24, "minute": 24 * 60, "second": 24 * 3600}
_SEED = 1


def main(arguments: list[str]) -> int:
    """Print what was found. Exit code 0, 2 where the file or an option cannot be, or 130 where it was stopped; one line says so."""
    options = _parser().parse_args(arguments)
    try:
        if options.plot:
            plots.check(options.plot)
        question, name = _question(options)
        planned = plan(question.setting.test, question.setting.pairs, question.traffic)
        found = report.Found(name, question, planned, _seen(question, options), options.seed)
        if options.plot:
            plots.draw(found, options.plot)
    except InvalidInput as error:
        sys.stderr.write(f"shadowlift simulate: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("shadowlift simulate: stopped\n")
        return 130
    text = json.dumps(report.as_json(found), indent=2) if options.json else report.as_text(found)
    sys.stdout.write(f"{text}\n")
    return 0


def per_day(text: str) -> float:
    """A rate such as `10000/day` or `2.5/second`, in units a day.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)/(day|hour|minute|second)", text)
    if found is None or float(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate such as 10000/day, 400/hour or 2.5/second")
    return float(found[1]) * _PER_DAY[found[2]]


def positive(text: str) -> int:
    """A whole number above 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("shadowlift simulate", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "-f", "--file", required=True, metavar="FILE", help="a ModelDeployment, YAML or JSON; - is standard input"
    )
    add = parser.add_argument
    add(
        "--traffic",
        type=per_day,
        default="10000/day",
        metavar="RATE",
        help="independent units per day, hour, minute or second (default %(default)s)",
    )
    add(
        "--disagreement",
        type=float,
        metavar="SHARE",
        help="share of pairs in which one is right and the other wrong (type Accuracy; default: as if the two were independent)",
    )
    add(
        "--accuracy",
        type=float,
        metavar="SHARE",
        help=f"share of right predictions today (type Accuracy; default {ACCURACY:g})",
    )
    add(
        "--apart",
        type=float,
        metavar="UNITS",
        help="root mean square of the difference of the two losses (other types)",
    )
    add(
        "--replications",
        type=positive,
        default=1000,
        metavar="N",
        help="trials for each true lift (default %(default)s)",
    )
    add(
        "--seed", type=int, default=_SEED, metavar="N", help="the same seed gives the same result (default %(default)s)"
    )
    add("--plot", metavar="FILE", help="draw the result, as .png or .svg")
    add("--json", action="store_true", help="print JSON instead of text")
    return parser  # fmt: skip


def _question(options: argparse.Namespace) -> tuple[Question, str]:
    resource = files.model_deployment(options.file)
    assumed = Assumed(options.traffic, options.disagreement, options.accuracy, options.apart)
    try:
        return ask(parse_spec(resource["spec"]), assumed), files.name_in(resource)
    except InvalidInput as error:
        if error.field.startswith("--"):
            raise
        raise InvalidInput(files.name_of(options.file), str(error)) from error


def _seen(question: Question, options: argparse.Namespace) -> tuple[Characteristics, ...]:
    setting, chance, seen = question.setting, seeded(options.seed), []
    bar = Bar(sys.stderr, len(setting.lifts) * options.replications)
    try:
        for lift in setting.lifts:
            ends = []
            for end in trials(setting, lift, options.replications, chance):
                ends.append(end)
                bar.advance(f"true lift {lift * question.unit:+g}")
            seen.append(Characteristics.of(lift, ends))
    finally:
        bar.clear()
    return tuple(seen)
