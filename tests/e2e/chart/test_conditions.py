"""What the operator says to the examples that the API server takes: the promised condition, with words that help.

Needs an installation and `SHADOWLIFT_IMAGES`, as every test of a running operator does. All examples stand side by side, for the
slowest of them (a candidate that never becomes ready) is given up by Kubernetes after five minutes only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.generate import ROOT
from dev.traffic.cluster_api import MODEL_DEPLOYMENT, Cluster, wait_for
from tests.e2e.place import Place, images

STALLED = "# condition: Stalled/"
GIVEN_UP = 600.0  # seconds: Kubernetes' own 300 for a rollout without progress, and a busy machine
EXAMPLES = sorted(
    path for path in (ROOT / "manifests/examples/invalid").glob("*.yaml") if path.read_text().startswith(STALLED)
)
pytestmark = [pytest.mark.timeout(2 * GIVEN_UP), pytest.mark.usefixtures("definition")]


def _with_local_images(text: str) -> str:
    for name, reference in images().items():
        text = text.replace(f"registry.example/{name}:1", reference)
    return text


def _documents(path: Path) -> list[dict[str, Any]]:
    return [dict(item) for item in yaml.safe_load_all(_with_local_images(path.read_text()))]


@pytest.fixture(scope="module")
def stalled(cluster: Cluster) -> Iterator[Place]:
    """A namespace in which everything is right but what each example does wrong."""
    place = Place(cluster, "examples-stalled")
    place.open()
    for path in EXAMPLES:
        for item in _documents(path):
            item["metadata"]["namespace"] = place.namespace
            cluster.apply(item)
    yield place
    place.close()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_promised_condition_is_set(cluster: Cluster, stalled: Place, path: Path) -> None:
    """`Stalled` carries the reason that the example's first line names, and a message of one line."""
    reason = path.read_text().splitlines()[0].removeprefix(STALLED)
    name = _documents(path)[-1]["metadata"]["name"]

    def condition() -> dict[str, Any] | None:
        status = (cluster.get(MODEL_DEPLOYMENT, name, stalled.namespace) or {}).get("status", {})
        found = [item for item in status.get("conditions", []) if item["type"] == "Stalled"]
        return dict(found[0]) if found else None

    seen = wait_for(f"{name} to stall", condition, GIVEN_UP)
    assert (seen["status"], seen["reason"]) == ("True", reason)
    assert seen["message"]
    assert "\n" not in seen["message"]
