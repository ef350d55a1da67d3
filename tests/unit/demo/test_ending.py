"""The last page holds the evidence, what to do next and how long it took; a stage's time survives its failure."""

import json
import sys

import pytest

from dev.demo import ending, stages
from dev.demo.__main__ import images
from dev.demo.feed import View
from dev.demo.story import Failed
from shadowlift.api.status import Status
from tests.unit.demo.conftest import status


def test_the_last_page_tells_evidence_next_steps_clean_up_and_times():
    shown = View("tumour-triage", "logreg", Status.model_validate(status("Promoted", "logreg")))
    table = [["NAME", "PHASE"], ["tumour-triage", "Promoted"]]
    page = ending.page(ending.Facts([shown], table, [("cluster", 14.25), ("story", 60.0)], local=True))
    for told in (
        "  tumour-triage  Promoted",
        "tumour-triage: Promoted. Served by logreg since 2026-11-24",
        "only the candidate right 60 times",
        "evidence that it is better: 312 (promoted at 100)",
        "get controllerrevisions",
        "To clean up",
        "14.2 s",
        "74.2 s",
    ):
        assert told in page


def test_a_model_deployment_without_a_trial_is_told_as_such():
    assert ending.found(View("x")) == "x: no trial"


@pytest.mark.parametrize("namespace", ["clinic", "shop"])
def test_on_somebodys_own_cluster_clean_up_names_what_is_ours_and_leaves_the_rest(namespace):
    """The CRD would take every ModelDeployment of the cluster with it."""
    told = ending.clean_up(namespace, local=False)
    assert f"kubectl delete namespace {namespace}, then python -m dev.install uninstall (the CRD" in told
    assert "--purge" not in told
    assert "make cluster-down" in ending.clean_up(namespace, local=True)


def test_the_images_are_those_of_the_index_and_one_that_is_not_there_is_named(tmp_path):
    index = tmp_path / "images.json"
    names = ("shadowlift", "triage-rules", "triage-logreg", "triage-stale")
    index.write_text(json.dumps({name: {"image": f"shadowlift.local/{name}:1"} for name in names}))
    assert images(index).better == "shadowlift.local/triage-logreg:1"
    index.write_text('{"shadowlift": {"image": "x"}}')
    with pytest.raises(Failed, match="'triage-rules'; build it"):
        images(index)


def test_each_stage_is_noted_with_its_time_and_gives_its_exit_code(tmp_path):
    file = tmp_path / "stages"
    assert stages.main([str(file), "good", "--", sys.executable, "-c", ""]) == 0
    assert stages.main([str(file), "bad", "--", sys.executable, "-c", "raise SystemExit(3)"]) == 3
    assert [name for name, _ in stages.read(file)] == ["good", "bad"]
    assert stages.main([str(file), "no command"]) == 2
    assert stages.read(None) == stages.read(tmp_path / "absent") == []
