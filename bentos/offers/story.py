"""`python -m offers.story` tells the true effect of every process and prints the table of the README.

Exactly, twice: on the traffic, whose visitors' truths are all known here, and on everybody of whom these were drawn. With
`--check` it also refuses, exit code 1, a traffic file that is not the one the shoppers give, and a story that no longer
holds; the image builder calls it so after each training.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from offers_rules.server import judge

from offers.linear import load
from offers.shoppers import Policy, Visitor, effect
from offers.traffic import TRAFFIC, cases, lines

BENTOS = Path(__file__).parents[1]
RULES = "offers_rules"

SHARES = {
    "offers_personal": (1.4, 1.6),
    "offers_pushy": (0.5, 0.75),
}
"""What the story needs: the mean spent under a candidate, as a part of that under the rules, from and to."""


def rules(visitor: Visitor) -> str:
    """The process in place, and its bento."""
    return judge(visitor)[0]


def processes() -> dict[str, Policy]:
    """Every process that has its own opinion; `offers_same` has that of the rules."""
    return {
        RULES: rules,
        "offers_personal": load(_model("offers_personal")).choose,
        "offers_pushy": load(_model("offers_pushy")).choose,
    }


def _model(name: str) -> Path:
    return BENTOS / name / "model.json"


def spent(shows: Policy) -> list[float]:
    """What each visitor of the traffic spends under this process, in currency units."""
    return [truth[shows(visitor)] for visitor, truth in cases()]


def agreement(shows: Policy) -> float:
    """Share of the traffic to which this process shows the same as the rules."""
    return statistics.fmean(shows(visitor) == rules(visitor) for visitor, _ in cases())


def complaints(every: Mapping[str, Policy]) -> list[str]:
    """What is wrong with the traffic or the story; empty when all is as told."""
    found = [] if TRAFFIC.read_text() == lines() else ["traffic.jsonl is old: python -m offers.traffic"]
    means = {
        "traffic": {name: statistics.fmean(spent(shows)) for name, shows in every.items()},
        "population": {name: effect(shows).spent for name, shows in every.items()},
    }
    for where, measured in means.items():
        for name, (low, high) in SHARES.items():
            share = measured[name] / measured[RULES]
            if not low <= share <= high:
                found.append(f"{name}: {share:.3f} times the rules' mean, in the {where}, is outside {low} to {high}")
    return found


def table(every: Mapping[str, Policy]) -> Iterator[str]:
    """The table, line by line: on the traffic, and in the last two columns on everybody."""
    heads = ("process", "mean spent", "sd", "buy", "lift over the rules", "shows what the rules show")
    yield f"| {' | '.join(heads)} | mean spent by everybody | lift by everybody |"
    yield "|" + "---|" * (len(heads) + 2)
    of_rules, by_all = statistics.fmean(spent(every[RULES])), effect(every[RULES]).spent
    for name, shows in every.items():
        amounts, true = spent(shows), effect(shows).spent
        mean, buyers = statistics.fmean(amounts), statistics.fmean(amount > 0 for amount in amounts)
        figures = f"{mean:.2f} | {statistics.pstdev(amounts):.1f} | {buyers:.3f} | {_lift(name, mean, of_rules)}"
        yield f"| {name} | {figures} | {agreement(shows):.3f} | {true:.2f} | {_lift(name, true, by_all)} |"


def _lift(name: str, mean: float, of_rules: float) -> str:
    return "" if name == RULES else f"{mean - of_rules:+.2f} ({mean / of_rules - 1:+.0%})"


def main() -> None:
    """Print the table; with --check, fail when the story does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when traffic or story are not as told")
    options = parser.parse_args()
    every = processes()
    print("\n".join(table(every)))
    sys.exit("\n".join(complaints(every) if options.check else []) or 0)


if __name__ == "__main__":
    main()
