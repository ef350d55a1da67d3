"""What the operator says to the examples that the API server takes: the promised condition, with words that help.

Needs an installation and `SHADOWLIFT_IMAGES`, as every test of a running operator does. All examples stand side by side from the
beginning of the whole run (`conftest.stalled`): the slowest of them, a candidate that never becomes ready, is given up late.
"""

from pathlib import Path
from typing import Any

import pytest

from dev.traffic.cluster_api import MODEL_DEPLOYMENT, Cluster, wait_for
from tests.e2e.examples import STALLED, STALLED_EXAMPLES, documents
from tests.e2e.place import Place

GIVEN_UP = 600.0  # seconds: Kubernetes' own 300 for a rollout without progress, and a busy machine
pytestmark = [pytest.mark.timeout(2 * GIVEN_UP), pytest.mark.usefixtures("definition")]


@pytest.mark.parametrize("path", STALLED_EXAMPLES, ids=lambda path: path.stem)
def test_the_promised_condition_is_set(cluster: Cluster, stalled: Place, path: Path) -> None:
    """`Stalled` carries the reason that the example's first line names, and a message of one line."""
    reason = path.read_text().splitlines()[0].removeprefix(STALLED)
    name = documents(path)[-1]["metadata"]["name"]

    def condition() -> dict[str, Any] | None:
        status = (cluster.get(MODEL_DEPLOYMENT, name, stalled.namespace) or {}).get("status", {})
        found = [item for item in status.get("conditions", []) if item["type"] == "Stalled"]
        return dict(found[0]) if found else None

    seen = wait_for(f"{name} to stall", condition, GIVEN_UP)
    assert (seen["status"], seen["reason"]) == ("True", reason)
    assert seen["message"]
    assert "\n" not in seen["message"]
