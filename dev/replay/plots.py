"""Trials of one question as pictures: the path of the evidence, the lift so far, the lift of each month. Called by `__main__`.

SVG with text as outlines, so that it looks the same everywhere, and without dates, so that the same trials give the same file.
"""

import calendar
import math
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dev.replay.questions import CURRENT
from dev.replay.trial import Look, Month, Trial
from shadowlift.stats.verdict import Verdict

COLOURS = {"ridge": "#0072b2", "boosted": "#009e73", "stale": "#d55e00", CURRENT: "#666666"}
"""By M. Okabe and K. Ito: told apart by the colour-blind."""

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "figure.facecolor": "white",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "flights",
}
LN10 = math.log(10)
CLOSE_UP = 4000  # flights: about a week, in which all is decided
WIDTH = 9.5  # inches


def draw(trials: Sequence[Trial], folder: Path, form: str) -> None:
    """All pictures of one question, into an existing folder."""
    column = trials[0].question.column
    with mpl.rc_context(STYLE):
        for name, make in (("evidence", evidence), ("lift", lift), ("months", months)):
            metadata = {"Date": None} if form == "svg" else None
            make(trials).savefig(folder / f"flights-{column}-{name}.{form}", metadata=metadata, dpi=110)


def evidence(trials: Sequence[Trial]) -> Figure:
    """The path of log10 E of the promotion test: until the verdicts, and over the year as if there had been none."""
    figure = Figure(figsize=(WIDTH, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for trial in trials:
        _close_up(left, trial)
        _year(right, trial)
    bar = _bar(trials[0])
    for axes in (left, right):
        axes.axhline(bar, color="black", linewidth=1)
    left.text(CLOSE_UP * 0.99, bar + 0.12, f"bar: E = {10**bar:.0f}", ha="right")
    left.set(xlim=(0, CLOSE_UP), ylim=(-3, 8), xlabel="flights counted", title="The first week")
    left.set_ylabel("evidence for a promotion, log10 E")
    left.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _calendar(right, trials[0])
    right.set_title("The year, as if nothing had been decided")
    _legend(figure, left, 2)
    return figure


def lift(trials: Sequence[Trial]) -> Figure:
    """The lift so far with its bounds, a panel for each candidate."""
    shown = [trial for trial in trials if trial.candidate != CURRENT]
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    every = figure.subplots(1, len(shown), sharey=True)
    for axes, trial in zip(every, shown, strict=True):
        _so_far(axes, trial)
        _references(axes, trial)
        _calendar(axes, trial, every=3)
    _name_target(every[-1], shown[-1])
    every[0].set_ylabel(f"lift so far over the rule, {shown[0].question.unit}")
    figure.supxlabel("line: mean so far; band: its bounds, valid at every look; dotted: the verdict", fontsize=11)
    spans = [_effects(trial, lambda look: look.evidence.estimate or 0.0) for trial in shown]
    low, high = (pick(pick(span) for span in spans) for pick in (min, max))
    every[0].set_ylim(low - 0.15 * (high - low), high + 0.15 * (high - low))
    return figure


def months(trials: Sequence[Trial]) -> Figure:
    """The lift of each month by itself as bars, with bounds."""
    shown = [trial for trial in trials if trial.candidate != CURRENT]
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    axes, width = figure.subplots(), 0.8 / len(shown)
    for place, trial in enumerate(shown):
        at = [month.number + (place - (len(shown) - 1) / 2) * width for month in trial.months]
        heights = [month.lift for month in trial.months]
        axes.bar(at, heights, width * 0.92, color=COLOURS[trial.candidate], label=trial.candidate)
        axes.errorbar(at, heights, yerr=_reach(trial.months), fmt="none", ecolor="black", elinewidth=1, capsize=2)
    _references(axes, shown[0])
    axes.set_xlim(0.4, 12.6)
    _name_target(axes, shown[0])
    axes.set_xticks(range(1, 13), [calendar.month_abbr[number] for number in range(1, 13)])
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("month of 2013")
    axes.set_ylabel(f"lift of the month over the rule, {shown[0].question.unit}")
    _legend(figure, axes, len(shown))
    return figure


def _close_up(axes: Axes, trial: Trial) -> None:
    looks, verdict, colour = (
        [look for look in trial.looks if look.evidence.n <= CLOSE_UP],
        trial.verdict,
        COLOURS[trial.candidate],
    )
    until = [look for look in looks if verdict is None or look.at <= verdict.at]
    after = [look for look in looks if verdict is not None and look.at >= verdict.at]
    for some, style in ((until, "-"), (after, "--")):
        axes.plot(
            [look.evidence.n for look in some], [_log10(look) for look in some], style, color=colour, linewidth=1.8
        )
    axes.plot([], [], color=colour, label=_told(trial))
    if verdict is not None:
        marker = "o" if verdict.ruling.verdict is Verdict.PROMOTE else "X"
        axes.plot([verdict.evidence.n], [_log10(verdict)], marker, color=colour, markersize=9, markeredgecolor="white")


def _told(trial: Trial) -> str:
    verdict = trial.verdict
    if verdict is None:
        return f"{trial.candidate}: undecided"
    word = "promoted" if verdict.ruling.verdict is Verdict.PROMOTE else "rejected"
    day = f"{verdict.at.day} {calendar.month_name[verdict.at.month]}"
    return f"{trial.candidate}: {word} on {day} after {verdict.evidence.n:,} flights"


def _year(axes: Axes, trial: Trial) -> None:
    days = [look.at for look in trial.day_ends]
    axes.plot(days, [_log10(look) for look in trial.day_ends], "--", color=COLOURS[trial.candidate], linewidth=1.6)
    verdict = trial.verdict
    if verdict is not None and verdict.ruling.verdict is Verdict.PROMOTE:
        axes.plot(
            [verdict.at], [_log10(verdict)], "o", color=COLOURS[trial.candidate], markersize=8, markeredgecolor="white"
        )


def _so_far(axes: Axes, trial: Trial) -> None:
    colour, days = COLOURS[trial.candidate], [look.at for look in trial.day_ends]
    lower, upper, mean = (
        _effects(trial, read)
        for read in (
            lambda look: look.evidence.lower,
            lambda look: look.evidence.upper,
            lambda look: look.evidence.estimate or 0.0,
        )
    )
    axes.fill_between(days, lower, upper, color=colour, alpha=0.2, linewidth=0)
    axes.plot(days, mean, color=colour, linewidth=1.8)
    verdict = trial.verdict
    axes.set_title(_told(trial).replace(" after", "\nafter"), color=colour, fontsize=11)
    if verdict is not None:
        axes.axvline(verdict.at, color="black", linewidth=1, linestyle=":")


def _references(axes: Axes, trial: Trial) -> None:
    axes.axhline(0, color="black", linewidth=1)
    axes.axhline(trial.question.target_lift, color="black", linewidth=1, linestyle=(0, (6, 4)))


def _name_target(axes: Axes, trial: Trial) -> None:
    """The target lift, named in the right margin."""
    place, target = axes.get_xlim()[1], trial.question.target_lift
    axes.annotate(f"target\n{target:g}", (place, target), (4, 0), textcoords="offset points", va="center")


def _calendar(axes: Axes, trial: Trial, every: int = 2) -> None:
    year = trial.looks[0].at.year
    firsts = [date(year, number, 1) for number in range(1, 13, every)]
    axes.set_xticks(firsts, [calendar.month_abbr[first.month] for first in firsts])
    axes.set_xlim(date(year, 1, 1), date(year + 1, 1, 2))
    axes.set_xlabel(f"{year}")


def _legend(figure: Figure, axes: Axes, columns: int) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns)


def _effects(trial: Trial, read: Callable[[Look], float]) -> list[float]:
    return [read(look) * trial.question.scale for look in trial.day_ends]


def _reach(months: Sequence[Month]) -> list[list[float]]:
    return [[month.lift - month.lower for month in months], [month.upper - month.lift for month in months]]


def _log10(look: Look) -> float:
    return look.evidence.log_e / LN10


def _bar(trial: Trial) -> float:
    return math.log10(1 / trial.test.rates.at_any_look)
