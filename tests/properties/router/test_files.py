"""The files of the ConfigMap: golden copies of whole files, and the rules that must hold in all of them.

`UPDATE_GOLDEN=1` writes the golden copies anew; the change is then reviewed as part of the commit.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from shadowlift.api.capture import NOT_COPIED, CaptureConfig, Extraction, Line, Track
from shadowlift.resources import routers
from shadowlift.resources.router.capture import line_format
from shadowlift.resources.router.config import router_files
from shadowlift.resources.router.intent import Chain, Rival, RouterIntent
from shadowlift.resources.router.layout import POD
from tests.properties.router.test_steps import wishes
from tests.unit.router.intents import intent, process, share, trial

GOLDEN = Path(__file__).parents[2] / "golden" / "router"
BY_HEADER = Extraction(header="x-prediction")
CASES: dict[str, RouterIntent] = {
    "current": intent(),
    "trial": intent(shadow=process("logreg"), trial=trial(key_header="x-order")),
    "trial-by-header": intent(
        shadow=process("logreg"),
        trial=trial(percent_millionths=125_000, unit_header=None, current=BY_HEADER, candidate=BY_HEADER),
    ),
    "promoted": intent(candidate=process("logreg"), serve="candidate", spare=(Chain(members=(process("old"),)),)),
    "promoted-and-trial": intent(
        candidate=process("logreg"), serve="candidate", shadow=process("tree"), trial=trial(epoch=1)
    ),
}
CASES |= {
    "several": intent(
        shadow=process("logreg"),
        rivals=(Rival(name="boosted", upstream=process("boosted")), Rival(name="stale", upstream=process("stale"))),
        trial=trial(),
    ),
    "canary": intent(candidate=process("logreg"), split=share(250), trial=trial(epoch=4)),
    "promoted-and-canary": intent(
        candidate=process("logreg"),
        serve="candidate",
        split=share(5, "tree", fail_open=False),
        trial=trial(epoch=3, unit_header=None, current=Extraction(), candidate=Extraction()),
    ),
}
ALWAYS_THE_SAME = ("bootstrap.yaml", "lds.yaml")


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str) -> None:
    """The files of this case are, byte for byte, the ones that were reviewed."""
    for name, text in router_files(CASES[case], "7-0badcafe").items():
        path = GOLDEN / ("common" if name in ALWAYS_THE_SAME else case) / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.read_text() == text, f"{path} differs; if that is meant, run with UPDATE_GOLDEN=1"


@given(wish=wishes())
def test_what_is_common_never_changes(wish: RouterIntent) -> None:
    """Nothing of a trial is in listeners or bootstrap: a change of them would drain connections."""
    files, plain = router_files(wish, "v"), router_files(intent(), "v")
    assert [files[name] for name in ALWAYS_THE_SAME] == [plain[name] for name in ALWAYS_THE_SAME]


@given(wish=wishes())
def test_every_cluster_that_is_named_is_there(wish: RouterIntent) -> None:
    """Routes lead to the clusters that `routed` says, and all of them are in the cluster file."""
    files = {name: json.loads(text) for name, text in router_files(wish, "7-aa").items()}
    routes = [route for table in ("rds-live.yaml", "rds-shadow.yaml") for route in _routes(files[table])]
    led_to = {cluster for route in routes for cluster in _clusters(route["route"])}
    known = {cluster["name"] for cluster in files["cds.yaml"]["resources"]}
    doors = {
        "shadow",
        "shadow-1",
        "shadow-2",
        "shadow-3",
        "shadow-4",
    }  # always: the two files are not read at one moment
    copies = {policy["cluster"] for route in routes for policy in route["route"].get("request_mirror_policies", ())}
    assert led_to == wish.routed
    assert known == wish.clusters | doors
    assert copies <= doors
    assert len(copies) == len(wish.rivals) + (wish.shadow is not None)


@given(wish=wishes())
def test_the_version_is_in_every_file_that_is_loaded(wish: RouterIntent) -> None:
    """Envoy reports `version_info`; the shipper compares it with its own."""
    files = {name: json.loads(text) for name, text in router_files(wish, "7-aa").items()}
    loaded = ("lds.yaml", "cds.yaml", "rds-live.yaml", "rds-shadow.yaml")
    assert {files[name]["version_info"] for name in loaded} == {"7-aa"}
    assert files["shipper.json"]["version"] == "7-aa"
    assert RouterIntent.model_validate(files["intent.json"]) == wish


def test_a_line_has_exactly_the_fields_of_its_model() -> None:
    """Router and shipper speak of the same line."""
    for track in Track:
        assert set(line_format(track)) == set(Line.model_fields)


def test_the_shipper_is_told_the_trial() -> None:
    """`shipper.json` reads as the shipper's own model."""
    config = CaptureConfig.model_validate_json(router_files(CASES["trial"], "7-aa")["shipper.json"])
    assert config.trial is not None
    assert (config.trial.uid, config.trial.key_header) == ("trial-0001", "x-order")


def test_no_time_out_and_no_retry_of_answers_stand_before_current() -> None:
    """A router may reconnect to current; it never cuts it, and never makes it act twice."""
    for case in CASES.values():
        for route in _routes(json.loads(router_files(case, "v")["rds-live.yaml"])):
            if _clusters(route["route"]) == {case.current.cluster}:
                assert route["route"]["timeout"] == "0s"
                assert route["route"]["retry_policy"]["retry_on"] == "connect-failure"


def test_secrets_do_not_leave_with_a_copy() -> None:
    """The mirror removes what `NOT_COPIED` lists."""
    for route in _routes(json.loads(router_files(CASES["trial"], "v")["rds-live.yaml"])):
        for policy in route["route"].get("request_mirror_policies", []):
            removed = {change["remove"] for change in policy["request_headers_mutations"] if "remove" in change}
            assert removed == NOT_COPIED


def test_the_pod_is_laid_out_as_its_manifest_says() -> None:
    """Paths and ports in the configuration are those of the Deployment."""
    assert (
        POD.config_dir,
        POD.spool_dir,
        POD.health_port,
    ) == (routers.CONFIG_DIR, routers.SPOOL_DIR, routers.PORT_HEALTH)


def _clusters(action: dict[str, Any]) -> set[str]:
    """Where a route leads."""
    shares = action.get("weighted_clusters", {}).get("clusters", [])
    return {share["name"] for share in shares} or {action["cluster"]}


def _routes(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [route for host in table["resources"][0]["virtual_hosts"] for route in host["routes"]]
