"""`python -m triage.story` measures every process of the story on the traffic half and prints the tables of the README.

With `--check` it also refuses, exit code 1, a traffic file that is not the one scikit-learn's data gives, and a story
that no longer holds; the image builder calls it so after each training.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from triage_rules.server import judge

from triage import linear, trees
from triage.packed import PackedModel
from triage.second_look import SecondLook, is_unsure

BENTOS = Path(__file__).parents[1]
TRAFFIC = Path(__file__).with_name("traffic.jsonl")
RULES, LOGREG = "triage_rules", "triage_logreg"

Case = tuple[dict[str, float], str]
Process = Callable[[dict[str, float]], bool]
"""Features -> whether malignant; raises OverflowError where the service answers 500."""

ACCURACY = {
    RULES: (0.87, 0.91),
    LOGREG: (0.95, 0.98),
    "triage_boosted": (0.95, 0.98),
    "triage_stale": (0.75, 0.82),
    "triage_flaky": (0.92, 0.96),
    "triage_slow": (0.95, 0.98),
}
"""What the story needs: candidates clearly better than the rules, one clearly worse, none perfect. A missing answer is a wrong one."""

NO_BETTER = (-0.015, 0.0)
"""Lift of the boosted trees over the regression: close, and none that any amount of this traffic could prove."""

RARE = (0.02, 0.08)
"""Share of the cases on which the flaky one fails, and of those at which the slow one looks twice."""

TIMES_SLOWER, AS_FAST = 20, 2
"""The slow answers take so many times longer than the regression's at least, the others at most; thousands were measured."""

TRIES = 3
"""Of which the fastest counts: what else the machine did meanwhile is no part of the story."""


@dataclass(frozen=True)
class Measured:
    """What a process said of each case of the traffic, None where it failed, and how long it took, in milliseconds."""

    said: Sequence[bool | None]
    took: Sequence[float]

    @property
    def failed(self) -> float:
        """Share of the cases without an answer."""
        return self.said.count(None) / len(self.said)

    @property
    def median(self) -> float:
        """Milliseconds that half of the answers take at most."""
        return statistics.median(self.took)

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 answers take at most."""
        return statistics.quantiles(self.took, n=100)[-1]


def cases() -> list[Case]:
    """The traffic half: features and truth."""
    return [(line["features"], line["truth"]) for line in map(json.loads, TRAFFIC.read_text().splitlines())]


def rules(features: Mapping[str, float]) -> bool:
    """The process in place."""
    return judge(features)[0] == "M"


def processes() -> dict[str, Process]:
    """Every process that has its own opinion or its own way of giving it; the rules' bento has the rules'."""
    regression = linear.load(_model(LOGREG))
    return {
        RULES: rules,
        LOGREG: _asking(regression.probability),
        "triage_boosted": _asking(trees.load(_model("triage_boosted")).probability),
        "triage_stale": _asking(linear.load(_model("triage_stale")).probability),
        "triage_flaky": _asking(PackedModel(regression).probability),
        "triage_slow": _asking(SecondLook(regression).probability),
    }


def _model(name: str) -> Path:
    return BENTOS / name / "model.json"


def _asking(probability: Callable[[object], float]) -> Process:
    return lambda features: probability(SimpleNamespace(**features)) >= 0.5


def measure(process: Process, known: Sequence[Case], tries: int = TRIES) -> Measured:
    """Ask the process about these cases, in this process of ours; of several tries at a case the fastest counts."""
    tried = [[_timed(process, features) for _ in range(tries)] for features, _ in known]
    return Measured([each[0][0] for each in tried], [min(took for _, took in each) for each in tried])


def _timed(process: Process, features: dict[str, float]) -> tuple[bool | None, float]:
    begun = time.perf_counter()
    try:
        said = process(features)
    except OverflowError:
        said = None
    return said, 1000 * (time.perf_counter() - begun)


def accuracy(said: Sequence[bool | None], known: Sequence[Case]) -> float:
    """Share of the cases on which the process was right."""
    right = [told == (truth == "malignant") for told, (_, truth) in zip(said, known, strict=True)]
    return statistics.fmean(right)


def disagreement(said: Sequence[bool | None], other: Sequence[bool | None]) -> float:
    """Share of the cases on which the two processes differed."""
    return statistics.fmean(one != two for one, two in zip(said, other, strict=True))


def complaints(known: Sequence[Case], measured: Mapping[str, Measured]) -> Iterator[str]:
    """What is wrong with the story; nothing when all is as told."""
    regression, boosted, flaky, slow = (
        measured[name] for name in (LOGREG, "triage_boosted", "triage_flaky", "triage_slow")
    )
    for name, (low, high) in ACCURACY.items():
        yield from _outside(f"{name}: accuracy", accuracy(measured[name].said, known), low, high)
    lift = accuracy(boosted.said, known) - accuracy(regression.said, known)
    yield from _outside("triage_boosted: lift over triage_logreg", lift, *NO_BETTER)
    yield from _outside("triage_flaky: share of failures", flaky.failed, *RARE)
    if any(told not in (None, wanted) for told, wanted in zip(flaky.said, regression.said, strict=True)):
        yield "triage_flaky: where it answers, its answer is not that of triage_logreg"
    unsure = statistics.fmean(is_unsure(SimpleNamespace(**features)) for features, _ in known)
    yield from _outside("triage_slow: share of second looks", unsure, *RARE)
    if disagreement(slow.said, regression.said):
        yield "triage_slow: its answers are not those of triage_logreg"
    for what, slower, of in (
        ("triage_boosted: median", boosted.median, regression.median),
        ("triage_slow: p99", slow.p99, regression.p99),
    ):
        if slower < TIMES_SLOWER * of:
            yield f"{what} {slower:.3f} ms is less than {TIMES_SLOWER} times that of triage_logreg, {of:.3f} ms"
    if slow.median > AS_FAST * regression.median:
        yield f"triage_slow: median {slow.median:.3f} ms is more than {AS_FAST} times that of triage_logreg"


def _outside(what: str, value: float, low: float, high: float) -> Iterator[str]:
    if not low <= value <= high:
        yield f"{what} {value:.3f} is outside {low} to {high}"


def tables(known: Sequence[Case], measured: Mapping[str, Measured]) -> Iterator[str]:
    """The two tables, line by line."""
    of_rules = measured[RULES].said
    yield "| process | accuracy | lift over the rules | answers otherwise than the rules | fails |"
    yield "|---|---|---|---|---|"
    for name, each in measured.items():
        right = accuracy(each.said, known)
        lift, other = right - accuracy(of_rules, known), disagreement(each.said, of_rules)
        yield f"| {name} | {right:.3f} | {lift:+.3f} | {other:.3f} | {each.failed:.3f} |"
    yield ""
    yield "| process | median, ms | p99, ms |"
    yield "|---|---|---|"
    for name, each in measured.items():
        yield f"| {name} | {each.median:.3f} | {each.p99:.3f} |"


def main() -> None:
    """Print the tables; with --check, fail when the story does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when data or story are not as told")
    check = parser.parse_args().check
    known = cases()
    measured = {name: measure(process, known) for name, process in processes().items()}
    print("\n".join(tables(known, measured)))
    sys.exit("\n".join([*_old_data(), *complaints(known, measured)]) or 0 if check else 0)


def _old_data() -> Iterator[str]:
    from triage.halves import traffic_lines  # noqa: PLC0415 - only the check needs scikit-learn

    if TRAFFIC.read_text() != traffic_lines():
        yield "traffic.jsonl is old: python -m triage.halves"


if __name__ == "__main__":
    main()
