"""The story is told to its end only if everything in it came true; whatever did not is named."""

import io

import pytest

from dev.demo.feed import View
from dev.demo.plain import Lines
from dev.demo.story import Failed, Images, Pace, Story, why_rejected
from dev.traffic import manifests
from shadowlift.api.status import Status
from tests.unit.demo.conftest import status

QUICK = Pace(look=0.001, proof=0.01, pods=0.3, verdict=0.3, traffic=0.3)


@pytest.fixture
def story(cluster):
    out = io.StringIO()
    made = Story(cluster, Images("shadowlift", "rules", "logreg", "stale"), "http://r", Lines(out), pace=QUICK)
    made.text = out  # type: ignore[attr-defined]
    return made


def test_one_model_is_promoted_and_another_rejected(story, cluster):
    story.tell()
    assert [view.phase for view in story.views.values()] == ["Promoted", "Rejected"]
    assert cluster.urls["driver"] == "http://tumour-triage:8080/triage"
    text = story.text.getvalue()
    assert "kind: ModelDeployment" in text
    assert "Checked: while clients got" in text
    assert [name for name, _ in story.times][-1] == "nobody lost a request"


def test_what_an_earlier_telling_left_is_removed_first(story, cluster):
    cluster.apply(manifests.namespace("clinic"), {"kind": "Pod", "metadata": {"name": "left"}})
    story.tell()
    assert ("Pod", "left") not in cluster.objects


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"idle": True}, "cannot be believed.*counted only 0 requests"),
        ({"mirrored": True}, "cannot be believed.*still mirrored"),
        ({"failed": 1}, "1 requests failed: {'reset': 1}"),
        ({"leaks": True}, "answers of the rejected model"),
        ({"ends": {"tumour-triage": "Rejected"}}, "tumour-triage should become Promoted, it became Rejected"),
        ({"ends": {"tumour-triage": "Shadowing"}}, "Who is right more often.*Not within 0.3 s.*NotEnoughEvidence"),
        (
            {"ends": {"tumour-triage": "Promoted", "tumour-triage-stale": "Expired"}},
            "tumour-triage-stale should become Rejected",
        ),
    ],
)
def test_a_story_that_did_not_come_true_fails_and_says_what_was_wrong(story, cluster, fault, message):
    for name, value in fault.items():
        setattr(cluster, name, value)
    with pytest.raises(Failed, match=message):
        story.tell()


@pytest.mark.parametrize(("reason", "told"), [("Harm", "does harm"), ("Futility", "worth it"), ("Other", "Other")])
def test_the_reason_of_a_rejection_is_the_operators_not_the_storys(reason, told):
    """A worse model may be found out either way, whichever proof comes first."""
    raw = status("Rejected", verdict={"kind": "Reject", "reason": reason, "message": "m"})
    assert told in why_rejected(View("x", "stale", Status.model_validate(raw)))
