"""What `docs/reference/metrics.md` says is what the programs export and announce: names, labels, ports, Events."""

import re

import pytest
from prometheus_client import CollectorRegistry

from dev.generate import ROOT, rendered
from shadowlift.api.names import PORT_LIVE, PORT_SHIPPER
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase, VerdictKind
from shadowlift.reconcile.tell import WARNINGS
from shadowlift.recorder.metrics import Metrics as RecorderMetrics
from shadowlift.shipper.metrics import Metrics as ShipperMetrics
from shadowlift.telemetry.metrics import Metrics as OperatorMetrics

PAGE = (ROOT / "docs/reference/metrics.md").read_text()
REGISTRIES = {
    "Operator": OperatorMetrics().registry,
    "Recorder": RecorderMetrics().registry,
    "Router": ShipperMetrics()._registry,
}
OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")
SCRAPED = {"namespace", "name", "pod"}  # which the page's scrape configuration gives to the routers' series

Series = list[tuple[str, tuple[str, ...]]]


def section(heading: str) -> str:
    (body,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return body


def documented(program: str) -> Series:
    rows = re.findall(r"^\| `(shadowlift_\w+)` \|([^|]*)\|[^|]*\| [^|]+ \|$", section(program), re.MULTILINE)
    return sorted((name, tuple(re.findall(r"`(\w+)`", labels))) for name, labels in rows)


def exported(registry: CollectorRegistry) -> Series:
    every = {id(metric): metric for metric in registry._names_to_collectors.values()}
    return sorted((f"{m._name}_total" if m._type == "counter" else m._name, m._labelnames) for m in every.values())


@pytest.mark.parametrize("program", REGISTRIES)
def test_every_metric_is_on_the_page_and_nothing_else(program: str):
    """Names with their labels, in either direction; each stands once."""
    assert documented(program) == exported(REGISTRIES[program])


def test_rules_and_text_speak_of_series_that_exist():
    """A rule on a series that nobody exports is silent for ever."""
    there = {name for registry in REGISTRIES.values() for name, _ in exported(registry)}
    there |= {
        name + end for registry in REGISTRIES.values() for name, _ in exported(registry) for end in OF_A_HISTOGRAM
    }
    assert set(re.findall(r"\bshadowlift_\w+", PAGE)) <= there


def test_rules_speak_of_labels_and_values_that_exist():
    """Selectors and groupings of the alerts."""
    rules = section("What to alert on")
    labels = {label for registry in REGISTRIES.values() for _, names in exported(registry) for label in names} | SCRAPED
    selected = re.findall(r"(\w+)(?:=~?|!=|!~)\"", rules)
    grouped = [label for group in re.findall(r"(?:by|on) \(([^)]*)\)", rules) for label in group.split(", ")]
    assert selected
    assert grouped
    assert {*selected, *grouped} <= labels
    phases = {value for found in re.findall(r'phase=~?"([^"]+)"', rules) for value in found.split("|")}
    assert phases <= {phase.value for phase in Phase}
    assert set(re.findall(r'kind="(\w+)"', rules)) <= {kind.value for kind in VerdictKind}


def test_ports_are_those_of_the_pods():
    """As the chart annotates operator and recorder, and as the shipper listens."""
    values = {"image": {"repository": "registry.example/shadowlift"}}
    pods = [item["spec"]["template"]["metadata"] for item in rendered(values) if "template" in item.get("spec", {})]
    asked = {pod["labels"]["app.kubernetes.io/component"]: pod["annotations"] for pod in pods}
    assert {one["prometheus.io/path"] for one in asked.values()} == {"/metrics"}
    ports = {name: annotations["prometheus.io/port"] for name, annotations in asked.items()} | {
        "router": str(PORT_SHIPPER)
    }
    assert dict(re.findall(r"^\| (\w+) \| (\d+) \|", section("Where they are scraped"), re.MULTILINE)) == ports
    assert f'regex: "{PORT_LIVE}"' in PAGE
    assert f'"$1:{PORT_SHIPPER}"' in PAGE


def test_every_decision_is_an_event_on_the_page_and_nothing_else():
    """With the type that the operator gives it."""
    rows = re.findall(r"^\| (\w+) \| (Normal|Warning) \| (.+) \|$", section("Events"), re.MULTILINE)
    told = [(kind.value, "Warning" if kind in WARNINGS else "Normal") for kind in RecordKind]
    assert sorted((reason, kind) for reason, kind, _ in rows) == sorted(told)
