"""What the chart says to values that it cannot use, and that its lint is clean."""

from typing import Any

import helm_python
import pytest

from dev.generate import CHART, rendered

IMAGE = {"image": {"repository": "registry.example/shadowlift"}}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no image": ({}, "image.repository is not set"),
    "an unknown key": (IMAGE | {"replicaz": 2}, "additional properties 'replicaz' not allowed"),
    "an unknown key further in": (IMAGE | {"operator": {"replica": 2}}, "additional properties 'replica' not allowed"),
    "no replica": (IMAGE | {"operator": {"replicas": 0}}, "/operator/replicas"),
    "a duration without unit": (IMAGE | {"recorder": {"retention": "30"}}, "/recorder/retention"),
    "a digest cut short": ({"image": {"repository": "r", "digest": "sha256:abc"}}, "/image/digest"),
    "a digest in the repository": ({"image": {"repository": "r@sha256:abc"}}, "/image/repository"),
    "no namespaces": (IMAGE | {"scope": {"mode": "Namespaces"}}, "scope.namespaces is empty"),
    "namespaces that would not count": (IMAGE | {"scope": {"namespaces": ["a"]}}, "scope.mode is Cluster"),
    "a namespace twice": (IMAGE | {"scope": {"mode": "Namespaces", "namespaces": ["a", "a"]}}, "/scope/namespaces"),
    "an unknown resource": (IMAGE | {"recorder": {"resources": {"limits": {"gpu": "1"}}}}, "'gpu' not allowed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_unusable_values_are_refused_by_name(case: str) -> None:
    """The message names the field; for what a schema cannot say in words, also the remedy."""
    values, message = REFUSED[case]
    with pytest.raises(helm_python.HelmError) as refused:
        rendered(values)
    assert message in str(refused.value)


@pytest.mark.parametrize("values", [IMAGE, IMAGE | {"networkPolicy": {"enabled": True}}], ids=["default", "policies"])
def test_lint_is_clean(values: dict[str, Any]) -> None:
    """No warning of Helm's own linter, taken strictly."""
    report = helm_python.lint(CHART, values, strict=True, namespace="shadowlift-system", kube_version="v1.36.0")
    assert report["errors"] == []


@pytest.mark.parametrize(
    ("values", "warned"), [(IMAGE, False), (IMAGE | {"recorder": {"persistence": {"enabled": False}}}, True)]
)
def test_the_notes_warn_of_a_ledger_that_can_be_lost(values: dict[str, Any], warned: bool) -> None:
    """Who switches persistence off is told what that means."""
    with helm_python.Chart.load(CHART) as chart:
        notes = chart.render(values, name="shadowlift", namespace="shadowlift-system")["shadowlift/templates/NOTES.txt"]
    assert ("WARNING: recorder.persistence.enabled is false" in notes) is warned
