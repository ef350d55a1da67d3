"""Two pictures of what was found: how probable a promotion is, and how long a verdict takes, against the true lift.

Used by `simulate --plot`. Needs matplotlib, which comes with the extra `plots` and is imported only when a picture is asked for.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shadowlift.api.objective import ObjectiveType
from shadowlift.cli.report import Found
from shadowlift.errors import InvalidInput
from shadowlift.stats.power import promotion_probability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg")
LIBRARY = "matplotlib"

_POINTS = 41  # of the planned curve
_LIFT = {
    ObjectiveType.ACCURACY: "true lift (difference in accuracy)",
    ObjectiveType.ABSOLUTE_ERROR: "true lift (mean absolute error less, in the outcome's units)",
    ObjectiveType.BRIER: "true lift (Brier score less)",
}


def check(path: str) -> None:
    """Refuse before the work what would fail after it.

    Raises:
        InvalidInput: matplotlib is not there, or the file is none that can be drawn or written.
    """
    if find_spec(LIBRARY) is None:
        raise InvalidInput("--plot", "needs matplotlib: pip install matplotlib")
    if Path(path).suffix not in SUFFIXES:
        raise InvalidInput("--plot", f"{path} must end in {' or '.join(SUFFIXES)}")
    if not Path(path).resolve().parent.is_dir():
        raise InvalidInput("--plot", f"{path} is in a folder that does not exist")


def draw(found: Found, path: str) -> None:
    """Write both pictures into one file, whose suffix says the format.

    Raises:
        InvalidInput: the file cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - only who wants a picture has it

    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _promotion(left, found)
    _time(right, found)
    for axes in (left, right):
        axes.set_xlabel(_LIFT[found.question.objective.type])
        axes.grid(alpha=0.3)
    figure.suptitle(f"{found.name}: {found.question.basis}, {found.question.traffic.per_day:,.0f} requests a day")
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise InvalidInput("--plot", f"{path}: {error.strerror}") from error


def _promotion(axes: "Axes", found: Found) -> None:
    question, test = found.question, found.question.setting.test
    lowest, highest = found.seen[0].lift, found.seen[-1].lift
    lifts = [lowest + (highest - lowest) * step / (_POINTS - 1) for step in range(_POINTS)]
    possible = [lift for lift in lifts if question.setting.pairs.admits(lift)]
    curve = [promotion_probability(test, question.setting.pairs, lift, question.traffic.countable) for lift in possible]
    axes.plot([lift * question.unit for lift in possible], curve, label="planned")
    axes.errorbar(
        [one.lift * question.unit for one in found.seen],
        [one.promoted for one in found.seen],
        yerr=[one.half_width(one.promoted) for one in found.seen],
        fmt="o", capsize=3, label=f"simulated, {found.seen[0].replications:,} trials each, 95 % interval",
    )  # fmt: skip
    axes.axhline(
        test.rates.promotion, linestyle=":", color="grey", label=f"false promotion rate {test.rates.promotion:g}"
    )
    axes.axvline(test.target_lift * question.unit, linestyle="--", color="grey", label="target lift")
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("probability")
    axes.set_title("Promotion by the deadline")
    axes.legend(loc="upper left", fontsize="small")


def _time(axes: "Axes", found: Found) -> None:
    question, seen = found.question, found.seen
    median = [one.median for one in seen]
    below = [one.median - one.tenth for one in seen]
    above = [one.ninetieth - one.median for one in seen]
    lifts = [one.lift * question.unit for one in seen]
    axes.errorbar(lifts, median, yerr=[below, above], fmt="o-", capsize=3, label="median, and 8 of 10 trials")
    if found.planned.wanted <= 3 * max(one.ninetieth for one in seen):
        axes.axhline(found.planned.wanted, linestyle=":", color="grey", label="wanted before the deadline")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("counted requests")
    axes.set_title("Until the end of the trial, whatever it is")
    axes.legend(loc="upper right", fontsize="small")
    traffic = question.traffic

    def days(requests: Any) -> Any:  # an array
        return traffic.days(requests)

    def requests(days: Any) -> Any:
        return (days - traffic.maturity) * traffic.per_day - traffic.warm_up

    axes.secondary_yaxis("right", functions=(days, requests)).set_ylabel("days, warm-up and maturity included")
