"""The shop's story: what is asked for can be asked for, and the timeline says what a person wants to know."""

import pytest

from dev.demo.shop import PARTS, Part, line, model_deployment
from shadowlift.api.parse import parse_spec


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_each_part_is_a_canary_on_rewards(part: Part):
    """Three steps, a short probation, and the time box that its end needs."""
    spec = parse_spec(model_deployment(part, "registry.example/offers:1")["spec"])
    assert spec.strategy.canary is not None
    assert [step.weight for step in spec.strategy.canary.steps] == ["5%", "25%", "50%"]
    assert spec.prediction is None
    assert spec.probation is not None


def test_a_line_tells_time_share_and_lift():
    """Also where nothing is known yet."""
    evidence = {"estimate": "+2.5", "lower": "+0.3", "upper": "+4.1", "n": 900}
    trial = {"evidence": evidence, "verdict": {"kind": "Hold", "reason": "Step"}}
    told = line(61.4, PARTS[0], {"phase": "Canary", "weight": "25%", "trial": trial})
    assert all(word in told for word in ("[  61 s]", "personal", "Canary", "25%", "Hold/Step", "+2.5", "900 visitors"))
    assert line(0, PARTS[0], {}).endswith("0%")
