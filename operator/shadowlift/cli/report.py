"""What was found, as text for a terminal and as JSON for a program. Used by `simulate`; pure.

Lifts are in the objective's units, days count from the first request.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from shadowlift.cli.question import Question
from shadowlift.stats.plan import Planned
from shadowlift.stats.simulate import Characteristics

_WIDTHS = (9, 16, 8, 10, 9, 12, 9, 9, 8, 9)  # of the table's columns, in characters


@dataclass(frozen=True, slots=True)
class Found:
    """All that `simulate` has to say.

    Attributes:
        name: of the ModelDeployment.
        question: what the engine was asked.
        planned: what it expects.
        seen: what came of imagined trials, by true lift, ascending.
        seed: of their chance.
    """

    name: str
    question: Question
    planned: Planned
    seen: tuple[Characteristics, ...]
    seed: int

    @property
    def warnings(self) -> list[str]:
        """What the author of the spec should change before a trial."""
        planned = self.planned
        if not planned.is_short:
            return []
        room = f"spec.deadline leaves room for {planned.countable:,} requests, {planned.wanted:,} are wanted"
        days = math.ceil(planned.days_wanted * 10) / 10
        return [f"{room}: make it {days:.1f} days or more, or raise spec.objective.targetLift"]


def as_json(found: Found) -> dict[str, Any]:
    """Plain data for a JSON encoder."""
    question, unit = found.question, found.question.unit
    course = question.setting.course
    return {
        "name": found.name,
        "assumed": {"requests_per_day": question.traffic.per_day, "pairs": question.basis},
        "plan": {**asdict(found.planned), "is_short": found.planned.is_short},
        "simulated": [
            {
                **asdict(one),
                "lift": one.lift * unit,
                "promoted_half_width": one.half_width(one.promoted),
                "median_days": question.traffic.days(one.median),
                "ninetieth_days": question.traffic.days(one.ninetieth),
            }
            for one in found.seen
        ],
        "seed": found.seed,
        "look_every": course.every,
        "warnings": found.warnings,
    }


def as_text(found: Found) -> str:
    """Plan first, then one line for each true lift."""
    return "\n".join([*_heading(found), "", *_plan(found), "", *_table(found)])


def _heading(found: Found) -> list[str]:
    objective, question = found.question.objective, found.question
    target, minimum = f"{objective.lift_worth_waiting_for:g}", objective.minimum_lift
    cycle = f", promotion after whole cycles of {objective.cycle}" if objective.cycle else ""
    bars = f"target lift {target}, minimum lift {minimum}, false promotion rate {objective.false_promotion_rate}{cycle}"
    maturity = f"every outcome comes within {objective.outcome.maturity}"
    return [
        f"{found.name}: {objective.type}, {bars}",
        f"assumed: {question.traffic.per_day:,.0f} requests a day; {question.basis}; {maturity}",
    ]


def _plan(found: Found) -> list[str]:
    planned, days = found.planned, found.question.traffic.days
    rows = [
        ("until promotion at the target lift, on average", planned.on_average),
        ("wanted before the deadline", planned.wanted),
        ("room until the deadline", planned.countable),
        ("fixed sample of a classical test, 80 % power", planned.classical),
    ]
    lines = [f"{'PLAN':<48}{'requests':>10}{'days':>8}"]
    for what, requests in rows:
        numbers = f"{'never':>10}{'':>8}" if requests is None else f"{requests:>10,}{days(requests):>8.1f}"
        lines.append(f"{what:<48}{numbers}")
    power = planned.power
    chances = ((power.at_target, "the target lift"), (power.at_half, "half of it"), (power.at_none, "none"))
    told = ", ".join(f"{chance:.1%} at {which}" for chance, which in chances)
    return [*lines, f"promoted by the deadline: {told}", *(f"WARNING: {warning}" for warning in found.warnings)]


def _table(found: Found) -> list[str]:
    course, days = found.question.setting.course, found.question.traffic.days
    replications = f"{found.seen[0].replications:,} trials for each true lift"
    lines = [
        f"SIMULATED: {replications}, seed {found.seed}, looked at every {course.every:,} requests",
        f"{'':25}{'rejected for':>18}{'':9}   {'requests until the end':^27}{'days':^17}".rstrip(),
        _row("true lift", "promoted", "harm", "futility", "expired", "mean", "median", "9 in 10", "median", "9 in 10"),
    ]
    for one in found.seen:
        shares = [f"{share:.1%}" for share in (one.harmful, one.futile, one.expired)]
        requests = [f"{number:,.0f}" for number in (one.mean, one.median, one.ninetieth)]
        wait = [f"{days(number):.1f}" for number in (one.median, one.ninetieth)]
        promoted = f"{one.promoted:.1%} ±{one.half_width(one.promoted):5.1%}"
        lines.append(_row(f"{one.lift * found.question.unit:+.4g}", promoted, *shares, *requests, *wait))
    return lines


def _row(*cells: str) -> str:
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
