"""From a ModelDeployment, and what its author assumes of traffic and models, to the engine's question.

Used by `simulate`; turns a `Spec` and `Assumed` into a `Question`: the test as a trial would freeze it after its warm-up (in a cluster the
steps of a rollout do that), how pairs come out, and when they are looked at. The API server checks the rules between fields, which
`parse_spec` does not know; those that the engine rests on are checked here again.
"""

from dataclasses import dataclass

from shadowlift.api.objective import Mode, Objective, ObjectiveType, PredictionType
from shadowlift.api.quantities import millionths, seconds
from shadowlift.api.spec import Spec
from shadowlift.errors import InvalidInput
from shadowlift.stats.pairs import Losses, Pairs, RightOrWrong, independent_disagreement
from shadowlift.stats.plan import Traffic
from shadowlift.stats.power import classical_sample
from shadowlift.stats.simulate import Course, Setting
from shadowlift.stats.terms import PairedTest, Rates

WARM_UP_PAIRS = 100  # first pairs of a trial, which are not counted
DAY = 86400.0  # seconds
ACCURACY = 0.8  # of the current process, where nothing is said of it
LOOKS = 50  # in a classical sample: the time to a verdict is seen to a fiftieth of that


@dataclass(frozen=True, slots=True)
class Assumed:
    """What no spec says.

    Attributes:
        per_day: independent units a day (`spec.unit`; by default requests).
        disagreement: share of pairs in which one is right and the other wrong, with type: Accuracy; None: as if independent.
        accuracy: share of right predictions of the current process, with type: Accuracy.
        apart: root mean square of the difference of the two losses, in the objective's units, with the other types.
    """

    per_day: float
    disagreement: float | None = None
    accuracy: float | None = None
    apart: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine is asked.

    Attributes:
        objective: of the spec.
        setting: the trial as it would be run.
        traffic: what comes by.
        unit: what the engine's effects are to be multiplied by to be in the objective's units.
        basis: what was assumed of the pairs, in words.
    """

    objective: Objective
    setting: Setting
    traffic: Traffic
    unit: float
    basis: str


def ask(spec: Spec, assumed: Assumed) -> Question:
    """The question that a trial of this spec would put.

    Raises:
        InvalidInput: the spec or what is assumed cannot be; the message names the field or the option.
    """
    objective = spec.objective
    _check(spec)
    unit = _unit(objective)
    target = objective.lift_worth_waiting_for / unit
    pairs, basis = _pairs(objective, assumed, target)
    rate = float(objective.false_promotion_rate) / len(spec.candidates)  # which share it
    test = PairedTest.planned(
        minimum_lift=float(objective.minimum_lift) / unit,
        target_lift=target,
        rates=Rates(rate, deadline_share=spec.kept_for_the_deadline),
        second_moment=pairs.second_moment,
    )
    deadline, maturity = seconds(spec.deadline) / DAY, seconds(objective.outcome.maturity) / DAY
    shadow = spec.strategy.shadow
    copied = assumed.per_day * (millionths(shadow.percent) / 1_000_000 if shadow else 1.0)
    traffic = Traffic(copied, deadline, maturity, WARM_UP_PAIRS)
    if traffic.countable == 0:
        raise InvalidInput("spec.deadline", f"{spec.deadline} leaves no request to count at {copied:g} a day")
    return Question(objective, Setting(test, pairs, _course(objective, test, pairs, traffic)), traffic, unit, basis)


def _course(objective: Objective, test: PairedTest, pairs: Pairs, traffic: Traffic) -> Course:
    every = max(1, classical_sample(test, pairs) // LOOKS)
    if objective.cycle is None:
        return Course(traffic.countable, every)
    cycle = max(1, round(traffic.per_day * seconds(objective.cycle) / DAY))
    return Course(traffic.countable, max(1, min(every, cycle // 4)), cycle)


def _unit(objective: Objective) -> float:
    limits = objective.range
    return 1.0 if limits is None else float(limits.max) - float(limits.min)


def _pairs(objective: Objective, assumed: Assumed, target: float) -> tuple[Pairs, str]:
    if objective.type is ObjectiveType.ACCURACY:
        return _right_or_wrong(assumed, target)
    return _losses(objective, assumed, target)


def _right_or_wrong(assumed: Assumed, target: float) -> tuple[RightOrWrong, str]:
    if assumed.apart is not None:
        raise InvalidInput("--apart", "is for losses; with objective.type Accuracy say --disagreement")
    accuracy = ACCURACY if assumed.accuracy is None else assumed.accuracy
    share = assumed.disagreement
    if share is None:
        if not 0 <= accuracy <= 1 - target:
            raise InvalidInput("--accuracy", f"{accuracy:g} leaves no room for spec.objective.targetLift {target:g}")
        share = independent_disagreement(accuracy, target)
        return RightOrWrong(share), f"{share:.1%} of pairs disagree (two independent models, accuracy {accuracy:g})"
    if not target <= share <= 1:
        raise InvalidInput("--disagreement", f"must be from spec.objective.targetLift ({target:g}) to 1, got {share:g}")
    # Of the disagreements the candidate wins (share + target) / 2, where current is wrong; it loses the others, where current is right.
    if assumed.accuracy is not None and not (share - target) / 2 <= accuracy <= 1 - (share + target) / 2:
        raise InvalidInput("--disagreement", f"{share:g} of the pairs cannot disagree at an accuracy of {accuracy:g}")
    return RightOrWrong(share), f"{share:.1%} of pairs disagree"


def _losses(objective: Objective, assumed: Assumed, target: float) -> tuple[Losses, str]:
    for option in ("disagreement", "accuracy"):
        if getattr(assumed, option) is not None:
            raise InvalidInput(f"--{option}", f"is for type Accuracy; with objective.type {objective.type} say --apart")
    if assumed.apart is None:
        raise InvalidInput(
            "--apart", "must say how far the two losses are apart on a typical request, in the objective's units"
        )
    unit = _unit(objective)
    try:
        pairs = Losses((assumed.apart / unit) ** 2)
    except ValueError as error:
        raise InvalidInput(
            "--apart", f"must be above 0 and at most {unit * 3**-0.5:.4g}, got {assumed.apart:g}"
        ) from error
    if not pairs.admits(target):
        raise InvalidInput(
            "--apart", f"{assumed.apart:g} leaves no room for spec.objective.targetLift {target * unit:g}"
        )
    return pairs, f"losses {assumed.apart:g} apart on a typical request"


def _check(spec: Spec) -> None:
    """The rules between fields that the engine rests on, as the CRD has them."""
    if spec.prediction is None or spec.decided_in is not Mode.SHADOW:
        raise InvalidInput("spec.objective.decidedIn", "only trials that a shadow decides can be planned here")
    objective, number = spec.objective, spec.prediction.type is PredictionType.NUMBER
    right_or_wrong, ranged = objective.type is ObjectiveType.ACCURACY, objective.type is ObjectiveType.ABSOLUTE_ERROR
    target, minimum, unit = objective.lift_worth_waiting_for, float(objective.minimum_lift), _unit(objective)
    share, rate = spec.kept_for_the_deadline, float(objective.false_promotion_rate)
    rules = (
        ("prediction.type", right_or_wrong != number, "must be Number with AbsoluteError or Brier, and only with them"),
        ("objective.range", ranged == (objective.range is not None), "goes with type: AbsoluteError, and only with it"),
        ("objective.range", unit > 0, "min must be below max"),
        (
            "objective.targetLift",
            not ranged or objective.target_lift is not None,
            "is required with type: AbsoluteError",
        ),
        ("objective.targetLift", 0 < target <= unit, f"must be above 0 and at most {unit:g}, got {target:g}"),
        ("objective.minimumLift", minimum < target, f"must be below targetLift ({target:g}), got {minimum:g}"),
        ("objective.falsePromotionRate", 0 < rate < 0.5, f"must be above 0 and below 0.5, got {rate:g}"),
        ("objective.deadlineShare", share < 1, f"must be at least 0 and below 1, got {share:g}"),
        (
            "objective.deadlineShare",
            share == 0 or _has_exact_look(objective),
            "no exact test exists here; leave it out",
        ),
    )
    for field, kept, message in rules:
        if not kept:
            raise InvalidInput(f"spec.{field}", message)


def _has_exact_look(objective: Objective) -> bool:
    plain = objective.cycle is None and float(objective.minimum_lift) == 0
    return plain and objective.type is ObjectiveType.ACCURACY
