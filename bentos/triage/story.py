"""`python -m triage.story` measures every process of the story on the traffic half and prints the table of the README.

With `--check` it also refuses, exit code 1, a traffic file that is not the one scikit-learn's data gives, and a story
that no longer holds; the image builder calls it so after each training.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from triage_rules.server import judge

from triage.linear import load

BENTOS = Path(__file__).parents[1]
TRAFFIC = Path(__file__).with_name("traffic.jsonl")

Case = tuple[dict[str, float], str]
Process = Callable[[dict[str, float]], bool]

ACCURACY = {
    "triage_rules": (0.87, 0.91),
    "triage_logreg": (0.95, 0.98),
    "triage_stale": (0.75, 0.82),
}
"""What the story needs: one candidate clearly better than the rules, one clearly worse, none perfect."""


def cases() -> list[Case]:
    """The traffic half: features and truth."""
    return [(line["features"], line["truth"]) for line in map(json.loads, TRAFFIC.read_text().splitlines())]


def processes() -> dict[str, Process]:
    """Every process that has its own opinion, as features -> whether malignant."""
    return {
        "triage_rules": lambda features: judge(features)[0] == "M",
        "triage_logreg": _model("triage_logreg"),
        "triage_stale": _model("triage_stale"),
    }


def _model(name: str) -> Process:
    model = load(BENTOS / name / "model.json")
    return lambda features: model.probability(SimpleNamespace(**features)) >= 0.5


def accuracy(process: Process) -> float:
    """Share of the traffic half on which the process is right."""
    known = cases()
    return sum(process(features) == (truth == "malignant") for features, truth in known) / len(known)


def disagreement(process: Process, other: Process) -> float:
    """Share of the traffic half on which the two processes differ."""
    known = cases()
    return sum(process(features) != other(features) for features, _ in known) / len(known)


def complaints() -> list[str]:
    """What is wrong with the data or the story; empty when all is as told."""
    from triage.halves import traffic_lines  # noqa: PLC0415 - only the check needs scikit-learn

    found = [] if TRAFFIC.read_text() == traffic_lines() else ["traffic.jsonl is old: python -m triage.halves"]
    for name, process in processes().items():
        low, high = ACCURACY[name]
        if not low <= accuracy(process) <= high:
            found.append(f"{name}: accuracy {accuracy(process):.3f} is outside {low} to {high}")
    return found


def main() -> None:
    """Print the table; with --check, fail when the story does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when data or story are not as told")
    wrong = complaints() if parser.parse_args().check else []
    every = processes()
    rules = every["triage_rules"]
    print("| process | accuracy | lift over the rules | answers otherwise than the rules |")
    print("|---|---|---|---|")
    for name, process in every.items():
        lift = accuracy(process) - accuracy(rules)
        print(f"| {name} | {accuracy(process):.3f} | {lift:+.3f} | {disagreement(process, rules):.3f} |")
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
