"""The question that `simulate` puts is the one that a trial would put."""

from typing import Any

import pytest

from shadowlift.api.parse import parse_spec
from shadowlift.cli.question import WARM_UP_PAIRS, Assumed, ask
from shadowlift.errors import InvalidInput
from shadowlift.rollout import gates
from shadowlift.stats.terms import PairedTest
from tests.support.world import spec
from tests.unit.rollout import test_losses as losses
from tests.unit.rollout.given import CANARY, Life, counting


def frozen(life: Life) -> PairedTest:
    trial = life.world().history.trial()
    assert trial is not None
    assert trial.baseline is not None
    return PairedTest.from_json(trial.baseline.test)


def test_the_test_is_the_one_that_a_trial_freezes() -> None:
    """Right and wrong, with the warm-up's rate of disagreement (10 of 100, and one in two before): same bars, rates and bets."""
    life = counting()
    assumed = Assumed(1e6, disagreement=11 / 102)
    assert ask(parse_spec(life.spec), assumed).setting.test == frozen(life)


def test_the_test_of_a_loss_is_the_one_that_a_trial_freezes() -> None:
    """In parts of the range, from a distance in minutes."""
    life = losses.counting(losses.MINUTES)
    asked = ask(parse_spec(life.spec), Assumed(1e6, apart=240 * 0.9**0.5 * 16 / 1024)).setting.test
    assert (asked.minimum_lift, asked.target_lift, asked.rates) == (0.0, 2 / 240, frozen(life).rates)
    assert asked.bets.fractions == pytest.approx(frozen(life).bets.fractions)


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": {"shadow": {"percent": "100%"}, **CANARY}},
        {"candidates": [{"name": name, "bento": {"image": f"{name}:1", "replicas": 2}} for name in ("logreg", "tree")]},
    ],
    ids=["a canary follows", "two candidates"],
)
def test_the_rates_are_those_of_the_whole_spec(changes: dict[str, Any]) -> None:
    """No test is kept for the deadline where a canary follows, and several candidates share alpha."""
    life = Life(spec=spec(**changes)).settled()
    terms = life.records[0].terms
    assert terms is not None
    rates = ask(parse_spec(life.spec), Assumed(1e6, disagreement=0.1)).setting.test.rates
    assert (rates.promotion, rates.deadline_share) == (pytest.approx(terms.alpha), terms.deadline_share)


def test_a_part_of_the_traffic_is_copied() -> None:
    """`strategy.shadow.percent` of the requests a day."""
    whole, fifth = (asked(strategy={"shadow": {"percent": percent}}) for percent in ("100%", "20%"))
    assert (whole.traffic.per_day, fifth.traffic.per_day) == (1000.0, 200.0)


def test_the_warm_up_is_the_one_of_a_trial() -> None:
    """As many first pairs are left out."""
    assert WARM_UP_PAIRS == gates.WARM_UP_PAIRS


def asked(
    objective: dict[str, Any] | None = None,
    per_day: float = 1000.0,
    strategy: dict[str, Any] | None = None,
    **assumed: float,
) -> Any:
    raw = spec(deadline="7d", **({"strategy": strategy} if strategy else {}))
    raw["objective"] = {**raw["objective"], **(objective or {})}
    return ask(parse_spec(raw), Assumed(per_day, **assumed))


def test_days_are_those_of_the_spec() -> None:
    """Deadline and maturity as written there, in days; a cycle in requests."""
    outcome = {"maturity": "36h", "from": [{"serviceAccount": "outcome-sender"}]}
    question = asked({"outcome": outcome, "cycle": "24h", "deadlineShare": "0"})
    assert (question.traffic.deadline, question.traffic.maturity) == (7.0, 1.5)
    assert (question.setting.course.last, question.setting.course.cycle) == (5400, 1000)


def test_looks_are_closer_than_cycles() -> None:
    """Else a promotion would never fall right after one."""
    course = asked({"cycle": "1h", "deadlineShare": "0"}, per_day=2400.0).setting.course
    assert course.every * 4 <= course.cycle == 100


def test_unless_said_the_two_are_taken_as_independent() -> None:
    """0.308 at an accuracy of 0.8; 0.19 x 0.9 + ... at another."""
    assert asked().setting.pairs.disagreement == pytest.approx(0.308)
    assert asked(accuracy=0.9).setting.pairs.disagreement == pytest.approx(0.9 * 0.08 + 0.1 * 0.92)


@pytest.mark.parametrize(
    ("assumed", "field"),
    [
        ({"disagreement": 0.01}, "--disagreement"),
        ({"disagreement": 1.1}, "--disagreement"),
        ({"disagreement": float("nan")}, "--disagreement"),
        ({"disagreement": 0.3, "accuracy": 0.95}, "--disagreement"),
        ({"disagreement": 0.3, "accuracy": 0.1}, "--disagreement"),
        ({"accuracy": 0.99}, "--accuracy"),
        ({"accuracy": -0.1}, "--accuracy"),
        ({"apart": 3.0}, "--apart"),
        ({"per_day": 1.0}, "spec.deadline"),
    ],
)
def test_what_cannot_be_assumed_names_its_option(assumed: dict[str, float], field: str) -> None:
    """The author of the spec is told which number to change."""
    with pytest.raises(InvalidInput) as refused:
        asked(**assumed)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("assumed", "field"),
    [
        ({}, "--apart"),
        ({"apart": 0.0}, "--apart"),
        ({"apart": 200.0}, "--apart"),
        ({"apart": 2.0}, "--apart"),
        ({"apart": 20.0, "disagreement": 0.1}, "--disagreement"),
        ({"apart": 20.0, "accuracy": 0.1}, "--accuracy"),
    ],
)
def test_what_cannot_be_assumed_of_losses_names_its_option(assumed: dict[str, float], field: str) -> None:
    """Losses are some distance apart, more than the target and less than the range."""
    spec = parse_spec({**counting().spec, **losses.MINUTES})
    with pytest.raises(InvalidInput) as refused:
        ask(spec, Assumed(1e6, **assumed))
    assert refused.value.field == field
