"""Trials as Markdown: the verdicts of a question, and its months. Called by `__main__`; pure."""

import calendar
import math
from collections.abc import Mapping, Sequence

from dev.replay.starts import EXPIRED, Ends
from dev.replay.trial import Look, Trial
from shadowlift.stats.verdict import Reason

UNDECIDED = "none in the year"


def verdicts(trials: Sequence[Trial]) -> str:
    """One row for each candidate: when it was decided, how, and on which evidence."""
    head = ["candidate", "verdict", "at", "flights until then", "lift", "at least", "at most", "e-value"]
    return _table(head, [_verdict(trial) for trial in trials])


def _verdict(trial: Trial) -> list[str]:
    look = trial.verdict
    if look is None:
        return [trial.candidate, UNDECIDED, *[""] * 6]
    evidence, ruling = look.evidence, look.ruling
    lifts = [_lift(trial, value) for value in (evidence.estimate or 0.0, evidence.lower, evidence.upper)]
    said = f"{ruling.verdict.value}: {ruling.reason.value}"
    return [trial.candidate, said, when(look), f"{evidence.n:,}", *lifts, _e_value(evidence.log_e)]


def months(trials: Sequence[Trial]) -> str:
    """One row for each month: the lift of each candidate in it, with its bounds."""
    head = ["month", "flights", *(trial.candidate for trial in trials)]
    rows = []
    for each in zip(*(trial.months for trial in trials), strict=True):
        told = [
            f"{_fixed(trial, month.lift)} ({_fixed(trial, month.lower)} to {_fixed(trial, month.upper)})"
            for trial, month in zip(trials, each, strict=True)
        ]
        rows.append([calendar.month_name[each[0].number], f"{each[0].flights:,}", *told])
    return _table(head, rows)


def missing(trials: Sequence[Trial], told: Sequence[Sequence[float]]) -> str:
    """One row for each candidate: the year's lift under each reading of a missing outcome, as `trial.readings` gives them."""
    head = ["candidate", "known outcomes only", "missing at their bounds", "missing at the largest loss"]
    rows = [
        [trial.candidate, *(_fixed(trial, lift) for lift in lifts)] for trial, lifts in zip(trials, told, strict=True)
    ]
    return _table(head, rows)


def starts(ends: Mapping[str, Sequence[Ends]]) -> str:
    """One row for each candidate and cycle: how often each end came, and after how many flights in the median."""
    reasons = (Reason.LIFT_PROVEN, Reason.TARGET_OUT_OF_REACH, Reason.HARM_PROVEN, EXPIRED)
    rows = []
    for candidate, of_cycles in ends.items():
        for one in of_cycles:
            cycle = "none" if one.cycle is None else f"{one.cycle.days * 24}h"
            told = [f"{one.reasons[name]} ({one.flights[name]:,.0f})" if one.reasons[name] else "0" for name in reasons]
            rows.append([candidate, cycle, str(one.reasons.total()), *told])
    return _table(["candidate", "cycle", "trials", *(str(reason) for reason in reasons)], rows)


def when(look: Look) -> str:
    """The moment of a look, e.g. 2 January, 07:12."""
    return f"{look.at.day} {calendar.month_name[look.at.month]}, {look.at:%H:%M}"


def _lift(trial: Trial, effect: float) -> str:
    return _fixed(trial, effect * trial.question.scale)


def _fixed(trial: Trial, value: float) -> str:
    return f"{value:+.2f}" if trial.question.scale > 1 else f"{value:+.4f}"


def _e_value(log_e: float) -> str:
    return f"{math.exp(log_e):.3g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
