"""Whole objects as they reach the API server, compared with the copies beside this file, which a reviewer reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowlift.api.spec import Bento, Router
from shadowlift.resources.owner import Owner
from shadowlift.resources.records import record_manifest
from shadowlift.resources.routers import RouterSettings, config_map, router_manifests
from shadowlift.resources.workload import workload_manifests
from tests.unit.rollout.given import promoted

FOLDER = Path(__file__).parent
OWNER = Owner("triage", "clinic", "7d1e6a52-0000-4000-8000-000000000001")
SETTINGS = RouterSettings("registry.example/shadowlift:0.1.0")
Manifests = list[dict[str, Any]]

FULL_BENTO = {
    "image": "registry.example/triage:logreg-1",
    "port": 3100,
    "env": [{"name": "THRESHOLD", "value": "0.5"}, {"name": "EMPTY"}],
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
    "imagePullSecrets": [{"name": "registry"}],
}

FULL_ROUTER = {"replicas": 3, "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}}}


def workload(bento: dict[str, Any], replicas: int) -> Manifests:
    return workload_manifests(OWNER, "triage-0123456789", Bento.model_validate(bento), replicas)


def router(router: dict[str, Any], port: int = 8080, settings: RouterSettings = SETTINGS) -> Manifests:
    return router_manifests(OWNER, Router.model_validate(router), port, settings)


def records() -> Manifests:
    """Beginning and end of a promoted trial; not the frozen bets, whose last digits are the machine's."""
    return [record_manifest(OWNER, record) for record in promoted().records if record.baseline is None]


CASES: dict[str, Callable[[], Manifests]] = {
    "workload": lambda: workload({"image": "registry.example/triage:logreg-1"}, 2),
    "workload-with-everything": lambda: workload(FULL_BENTO, 5),
    "workload-at-zero": lambda: workload({"image": "registry.example/triage:logreg-1"}, 0),
    "router": lambda: router({}),
    "router-with-everything": lambda: router(FULL_ROUTER, 80, RouterSettings("registry.example/shadowlift:0.1.0", "Never")),
    "configuration": lambda: [config_map(OWNER, {"lds.yaml": "{}", "shipper.json": "{}"}, "3-0a1b2c3d")],
    "records": records,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_objects_are_those_that_were_reviewed(name: str, update_golden: bool):
    """Field by field. `--update-golden` writes the copies anew; the difference is part of the commit."""
    path, made = FOLDER / f"{name}.yaml", CASES[name]()
    if update_golden:
        path.write_text("---\n".join(yaml.safe_dump(item, sort_keys=False, width=120) for item in made))
    assert made == list(yaml.safe_load_all(path.read_text()))


def test_no_copy_is_left_of_what_is_no_longer_made():
    """One file per case."""
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_building_twice_gives_equal_objects_of_their_own(name: str):
    """Builders are pure, and what one caller changes another does not see."""
    one, other = CASES[name](), CASES[name]()
    assert one == other
    for item in one:
        item["metadata"]["labels"]["changed"] = "by a caller"
    assert one != other
    assert other == CASES[name]()
