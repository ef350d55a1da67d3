"""`parse_spec`: what is accepted means what it says; what is not names the field and the remedy."""

from typing import Any

import pytest

from shadowlift.api.names import HEADER_ID
from shadowlift.api.objective import Missing, PredictionType
from shadowlift.api.parse import parse_spec
from shadowlift.errors import InvalidInput
from tests.support.world import spec


def changed(path: str, value: Any) -> dict[str, Any]:
    """A valid spec but for one field; a value of `...` takes the field away."""
    raw: Any = spec()
    *parents, last = path.split(".")
    node: Any = raw
    for name in parents:
        node = node[int(name)] if isinstance(node, list) else node.setdefault(name, {})
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return dict(raw)


def test_the_short_form_has_stated_defaults():
    """What is left out has the value that the CRD shows."""
    read = parse_spec(spec(deadline="7d"))
    assert (read.service.port, read.router.replicas, read.answer_within, read.serve) == (8080, 2, "500ms", "Auto")
    assert (read.trial, read.paused, read.unit, read.strategy.shadow.percent) == ("1", False, None, "100%")
    objective = read.objective
    assert (objective.minimum_lift, objective.false_promotion_rate) == ("0", "0.01")
    assert (objective.lift_worth_waiting_for, objective.kept_for_the_deadline) == (0.02, 0.6)
    assert (objective.outcome.missing, objective.outcome.key.header) == (Missing.WORST, HEADER_ID)
    assert read.prediction.type is PredictionType.STRING


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("objective.outcome.maturity", ..., "spec.objective.outcome.maturity"),
        ("objective.outcome.maturity", "5 s", "spec.objective.outcome.maturity"),
        ("objective.outcome.maturity", "999ms", "spec.objective.outcome.maturity"),
        ("objective.outcome.maturity", "91d", "spec.objective.outcome.maturity"),
        ("objective.outcome.from", [], "spec.objective.outcome.from"),
        ("objective.outcome.from", [{"serviceAccount": "Nobody"}], "spec.objective.outcome.from.0.serviceAccount"),
        ("objective.outcome.missing", "Ignore", "spec.objective.outcome.missing"),
        ("objective.targetLift", "2%", "spec.objective.targetLift"),
        ("objective.targetLift", 0.02, "spec.objective.targetLift"),
        ("objective.guardrails", [], "spec.objective.guardrails"),
        ("deadline", "9s", "spec.deadline"),
        ("deadline", "366d", "spec.deadline"),
        ("deadline", "5s", "spec.deadline"),
        ("answerWithin", "0s", "spec.answerWithin"),
        ("answerWithin", "61s", "spec.answerWithin"),
        ("strategy.shadow.percent", "101%", "spec.strategy.shadow.percent"),
        ("strategy.canary", {}, "spec.strategy.canary.steps"),
        ("strategy.canary", {"steps": []}, "spec.strategy.canary.steps"),
        ("strategy.canary", {"steps": [{"weight": "0.05%"}]}, "spec.strategy.canary.steps.0.weight"),
        ("strategy.canary", {"steps": [{"weight": "0%"}]}, "spec.strategy.canary.steps.0.weight"),
        ("strategy.canary", {"steps": [{"weight": "5%"}, {"weight": "5%"}]}, "spec.strategy.canary.steps.1.weight"),
        ("strategy.canary", {"steps": [{"weight": "5%", "minimumDuration": "soon"}]}, "spec.strategy.canary.steps.0.minimumDuration"),
        ("strategy.canary", {"steps": [{"weight": "5%", "minimumDuration": "2h"}]}, "spec.deadline"),
        (
            "strategy.canary",
            {"steps": [{"weight": "5%"}], "circuitBreaker": {"window": "1h"}},
            "spec.strategy.canary.circuitBreaker.window",
        ),
        ("current", ..., "spec.current"),
        ("current.service.port", 65_536, "spec.current.service.port"),
        ("current.service.name", "Rules", "spec.current.service.name"),
        ("candidates", [], "spec.candidates"),
        ("candidates.0.name", "Logreg", "spec.candidates.0.name"),
        ("candidates.0.bento.replicas", 1, "spec.candidates.0.bento.replicas"),
        ("candidates.0.bento.image", "", "spec.candidates.0.bento.image"),
        ("candidates.0.bento.env", [{"name": "1A"}], "spec.candidates.0.bento.env.0.name"),
        ("candidates.0.bento.resources", {"limits": {"memory": "lots"}}, "spec.candidates.0.bento.resources.limits.memory"),
        ("prediction", ..., "spec.prediction"),
        ("prediction.type", "Decimal", "spec.prediction.type"),
        ("objective.cycle", "59s", "spec.objective.cycle"),
        ("objective.cycle", "7d", "spec.deadline"),
        ("strategy.shadow", {"rejectAfter": "61m"}, "spec.strategy.shadow.rejectAfter"),
        ("strategy.shadow", {"rejectAfter": "soon"}, "spec.strategy.shadow.rejectAfter"),
        ("objective.deadlineShare", "half", "spec.objective.deadlineShare"),
        ("objective.range", {"min": "0", "max": "1e3"}, "spec.objective.range.max"),
        ("prediction.body", "a[", "spec.prediction.body"),
        ("unit", {"header": "X-User-Id"}, "spec.unit.header"),
        ("router.replicas", 51, "spec.router.replicas"),
        ("serve", "", "spec.serve"),
        ("trial", "", "spec.trial"),
        ("guardrails", [{"name": "tail", "type": "Speed", "maxIncrease": "20%"}], "spec.guardrails.0.type"),
        ("guardrails", [{"name": "tail", "type": "Latency", "maxIncrease": "a lot"}], "spec.guardrails.0.maxIncrease"),
    ],
)  # fmt: skip
def test_what_cannot_be_accepted_is_named(path: str, value: Any, field: str):
    """The error names the field as a person writes it, and says more than that it is wrong."""
    with pytest.raises(InvalidInput) as caught:
        parse_spec(changed(path, value))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert len(caught.value.message) > 10


@pytest.mark.parametrize("deadline", ["20s", "19s"])
def test_a_deadline_leaves_room_for_outcomes(deadline: str):
    """A time box within maturity could never count a pair: refused, not waited for."""
    raw = changed("objective.outcome.maturity", "20s")
    with pytest.raises(InvalidInput, match=r"^spec\.deadline: must be longer than objective\.outcome\.maturity"):
        parse_spec({**raw, "deadline": deadline})
    parse_spec({**raw, "deadline": "21s", "strategy": {"shadow": {"rejectAfter": "0s"}}})


def test_a_deadline_leaves_room_for_a_rejection():
    """With a time box of what a rejection must have stood for, none could come; also where nobody has said for how long."""
    raw = changed("objective.outcome.maturity", "20s")
    for strategy in ({}, {"strategy": {"shadow": {"rejectAfter": "5m"}}}):
        with pytest.raises(
            InvalidInput, match=r"^spec\.strategy\.shadow\.rejectAfter: 5m .* shorter than spec\.deadline"
        ):
            parse_spec({**raw, **strategy, "deadline": "320s"})
        parse_spec({**raw, **strategy, "deadline": "321s"})
    parse_spec(spec(strategy={"shadow": {"rejectAfter": "0s"}}, deadline="10s"))
    parse_spec(spec(strategy={"shadow": {"rejectAfter": "1h"}}, deadline="2h"))


def test_six_candidates_are_refused():
    """Five share the error budget; more would each have next to none."""
    some = [{"name": name, "bento": {"image": f"{name}:1"}} for name in "abcdef"]
    with pytest.raises(InvalidInput, match=r"^spec\.candidates: .*at most 5"):
        parse_spec(spec(candidates=some))
    assert len(parse_spec(spec(candidates=some[:5])).candidates) == 5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("objective.outcome.maturity", "1s"),
        ("objective.outcome.maturity", "54m"),
        ("objective.outcome.from", [{"serviceAccount": "Anyone"}]),
        ("deadline", "365d"),
        ("answerWithin", "1ms"),
        ("answerWithin", "60s"),
        ("candidates.0.bento.replicas", 100),
        ("candidates.0.bento.resources", {"limits": {"cpu": "0.5", "memory": "1.5Gi"}}),
        ("router.replicas", 50),
        ("serve", "logreg"),
        ("strategy.shadow", {"rejectAfter": "0s"}),
    ],
)
def test_the_bounds_themselves_are_accepted(path: str, value: Any):
    """A bound belongs to what is allowed."""
    parse_spec(changed(path, value))


@pytest.mark.parametrize("values", [{"malignant": "M"}, {}])
def test_the_value_map_is_read_as_written(values: dict[str, str]):
    """Values keep their case: they are data, not names."""
    assert parse_spec(spec(prediction={"body": "diagnosis", "map": values})).prediction.map == values


@pytest.mark.parametrize("raw", [{}, {"candidates": None}, {"current": []}])
def test_nonsense_is_one_clear_error(raw: dict[str, Any]):
    """However wrong, it is InvalidInput, never another exception."""
    with pytest.raises(InvalidInput, match=r"^spec\."):
        parse_spec(raw)


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, 0.6),
        ({"deadlineShare": "0"}, 0.0),
        ({"deadlineShare": "0.2"}, 0.2),
        ({"minimumLift": "0.01"}, 0.0),
        ({"cycle": "24h"}, 0.0),
        ({"type": "Brier"}, 0.0),
        ({"type": "AbsoluteError", "range": {"min": "0", "max": "9"}, "targetLift": "2"}, 0.0),
    ],
)
def test_part_of_alpha_is_kept_for_the_deadline_where_an_exact_test_exists(changes: dict[str, Any], kept: float):
    """A little more than half by default, none where it would be lost."""
    raw = spec(deadline="7d")
    raw["objective"] |= changes
    assert parse_spec(raw).objective.kept_for_the_deadline == kept


@pytest.mark.parametrize(
    ("objective", "value", "accepted"),
    [
        ("AbsoluteError", "0", True),
        ("AbsoluteError", "-60", True),
        ("AbsoluteError", "180.1", False),
        ("AbsoluteError", "never", False),
        ("AbsoluteError", "nan", False),
        ("Brier", "0", True),
        ("Brier", "1", True),
        ("Brier", "0.5", False),
        ("Brier", "true", False),
    ],
)
def test_what_stands_for_no_number_is_one_that_could_come(objective: str, value: str, accepted: bool):
    """A missingValue outside of what outcomes may be would never equal one."""
    raw = spec(deadline="7d")
    raw["prediction"] = {"body": "minutes", "type": "Number"}
    raw["objective"] |= {"type": objective, "targetLift": "0.5"}
    raw["objective"]["outcome"] |= {"missing": "Value", "missingValue": value}
    if objective == "AbsoluteError":
        raw["objective"]["range"] = {"min": "-60", "max": "180"}
    if accepted:
        assert parse_spec(raw).objective.outcome.missing_value == value
        return
    with pytest.raises(InvalidInput) as caught:
        parse_spec(raw)
    assert caught.value.field == "spec.objective.outcome.missingValue"
