"""What the API server itself says to the examples: every valid one is taken, every invalid one refused in clear words."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.generate import ROOT
from dev.traffic.cluster_api import Cluster
from shadowlift.api.parse import parse_spec
from tests.e2e.chart.asking import TAKEN, Answer, Caller

EXAMPLES = ROOT / "manifests" / "examples"

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("definition")]


def _try(cluster: Cluster, manifest: dict[str, Any]) -> Answer:
    path = "/apis/shadowlift.dev/v1alpha1/namespaces/default/modeldeployments?dryRun=All&fieldValidation=Strict"
    return Caller(cluster).ask("POST", path, manifest)


def _resource(path: Path) -> dict[str, Any]:
    found = [item for item in yaml.safe_load_all(path.read_text()) if item["kind"] == "ModelDeployment"]
    assert len(found) == 1
    return dict(found[0])


def _promise(path: Path) -> tuple[str, str]:
    kind, _, text = path.read_text().splitlines()[0].removeprefix("# ").partition(": ")
    return kind, text


INVALID = sorted((EXAMPLES / "invalid").glob("*.yaml"))
REFUSED = [path for path in INVALID if _promise(path)[0] == "refused"]
CONDITION = [path for path in INVALID if _promise(path)[0] == "condition"]
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_refused_input_is_refused_with_the_promised_words(cluster: Cluster, path: Path) -> None:
    """The first line of the example says what the API server answers, and that is what it answers."""
    answer = _try(cluster, _resource(path))
    assert answer.status in (400, 422)
    assert _promise(path)[1] in answer.message


@pytest.mark.parametrize("path", VALID + CONDITION, ids=lambda path: path.stem)
def test_other_input_is_taken(cluster: Cluster, path: Path) -> None:
    """What can only be known later (a Service, an image, a comparison of durations) is not refused by the API server."""
    assert _try(cluster, _resource(path)) == TAKEN


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_defaults_of_api_server_and_models_are_the_same(cluster: Cluster, path: Path) -> None:
    """A spec read with the API server's defaults means what it means with the models' own."""
    manifest = _resource(path)
    url = "/apis/shadowlift.dev/v1alpha1/namespaces/default/modeldeployments?dryRun=All"
    stored = json.loads(cluster.request("POST", url, json.dumps(manifest), content_type="application/json"))
    assert parse_spec(stored["spec"]) == parse_spec(manifest["spec"])


@pytest.mark.parametrize("empty", ["service", "promotion", "router"])
def test_an_empty_object_means_its_defaults(cluster: Cluster, empty: str) -> None:
    """`router: {}` says as much as no router at all; no rule may stumble over what is absent."""
    manifest = _resource(EXAMPLES / "valid" / "minimal.yaml")
    manifest["spec"][empty] = {}
    assert _try(cluster, manifest) == TAKEN
    assert parse_spec(manifest["spec"]) == parse_spec(_resource(EXAMPLES / "valid" / "minimal.yaml")["spec"])
