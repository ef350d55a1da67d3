"""Every valid example, applied as it stands on a real cluster: it is served, and its trial begins."""

from pathlib import Path
from typing import Any

import pytest

from dev.traffic import manifests
from dev.traffic.cluster_api import MODEL_DEPLOYMENT, Cluster, wait_for
from tests.e2e.examples import VALID, documents
from tests.e2e.place import PATIENCE, Place, condition, images, short


def prepare(place: Place, item: dict[str, Any]) -> None:
    """Give an example what it takes for granted: its process in place, and an image for a model that is not of our stories."""
    current = item["spec"]["current"].get("service")
    if current:
        rules = manifests.rules(place.namespace, images()["triage-rules"], name=current["name"])
        way_in = manifests.service(current["name"], place.namespace, current["port"], 8080)
        place.cluster.apply(rules[0], way_in)
    for holder in (*item["spec"]["candidates"], item["spec"]["current"]):
        bento = holder.get("bento")
        if bento and bento["image"].startswith("registry.example/"):
            bento["image"] = images()[
                "triage-logreg"
            ]  # it answers nothing that the example asks for; its trial begins all the same


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_example_works(cluster: Cluster, path: Path):
    """Its routers are Ready and have loaded a trial."""
    place = Place(cluster, "example")
    place.open()
    try:
        for item in documents(path):
            item["metadata"]["namespace"] = place.namespace
            prepare(place, item)
            cluster.apply(item)
        name = documents(path)[-1]["metadata"]["name"]

        def measured() -> bool:
            status = (cluster.get(MODEL_DEPLOYMENT, name, place.namespace) or {}).get("status", {})
            return status.get("phase") in ("Shadowing", "Canary") and condition(status, "Ready").get("status") == "True"

        def seen() -> object:
            return short((cluster.get(MODEL_DEPLOYMENT, name, place.namespace) or {}).get("status", {}))

        wait_for(f"{path.stem} to be measured", measured, PATIENCE, seen)
    finally:
        place.close()
