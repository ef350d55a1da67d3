"""What must never be promoted: the same model again, a current that fails, a mistaken path, another type, chosen labels.

All at once and side by side in one namespace, each with clients, routers and outcomes of its own.
"""

from dataclasses import dataclass, field
from typing import Any

from dev.traffic import manifests
from dev.traffic.cluster_api import DEPLOYMENT, is_rolled_out, wait_for
from dev.traffic.stand import Stand
from tests.e2e.place import PATIENCE, Place, images, no_failures, spec

DEADLINE = "75s"  # more than a thousand matured pairs at this rate, and short enough to await
RATE = 25.0
FAILING = "failing-rules"


@dataclass
class Null:
    """One case, and what its end must be."""

    name: str
    image: str
    phases: tuple[str, ...]
    reason: str | None = None  # of the last verdict
    change: dict[str, Any] = field(default_factory=dict)
    sender: tuple[str, ...] = ()
    rules: str = manifests.RULES


CASES = (
    # Equal answers are proof of futility too, where they are many.
    Null("same-model", "triage-rules-bento", ("Expired", "Rejected")),
    Null(
        "mistaken-path", "triage-logreg", ("Expired",), "Incomparable", {"prediction": {"body": "label[0]", "map": {}}}
    ),
    Null(
        "other-type",
        "triage-logreg",
        ("Expired",),
        "CurrentUnreadable",
        {"prediction": {"body": "diagnosis", "type": "Boolean", "map": {"malignant": "true", "benign": "false"}}},
    ),
    # A worse model, and outcomes only where the rules said B: those that are missing count against it.
    Null("chosen-labels", "triage-stale", ("Expired", "Rejected"), sender=("--only-when", "B")),
    Null("failing-current", "triage-rules-bento", ("Expired", "Rejected"), rules=FAILING),
)


def ended(status: dict) -> bool:
    return status.get("phase") in ("Promoted", "Rejected", "Expired")


def start(place: Place, case: Null) -> tuple[Null, Place, Stand]:
    """One case's clients and hospital; the clients ask the rules until their router is there."""
    here = Place(place.cluster, place.namespace, case.name)
    return case, here, here.traffic(RATE, sender=case.sender, rules=case.rules, suffix=f"-{case.name}")


def apply(here: Place, case: Null) -> None:
    """Its ModelDeployment; the deadline counts from when its routers have loaded the trial."""
    wanted = spec("model", images()[case.image], deadline=DEADLINE, answerWithin="5s", **case.change)
    wanted["current"]["service"]["name"] = case.rules
    here.apply(wanted)


def test_nulls(place: Place):
    """None is promoted, none ever answers a client; each says why."""
    place.cluster.apply(
        *manifests.rules(place.namespace, images()["triage-rules"], name=FAILING, env={"FAIL_RATE": "0.03"})
    )
    wait_for("failing rules", lambda: is_rolled_out(place.cluster.get(DEPLOYMENT, FAILING, place.namespace)), PATIENCE)
    running = [start(place, case) for case in CASES]
    for case, here, stand in running:
        apply(here, case)
        here.until_loaded()
        stand.move(here.router_url)
    for case, here, stand in running:
        status = here.until("an end", ended, 300)
        verdict = status["trial"]["verdict"]
        assert status["phase"] in case.phases, f"{case.name}: {status['phase']} {verdict}"
        assert case.reason in (None, verdict["reason"]), f"{case.name}: {verdict}"
        report = stand.report()
        assert set(report["tracks"]) == {"current"}, f"{case.name}: live answers of the candidate: {report['tracks']}"
        if case.rules == manifests.RULES:
            no_failures(report)
    same = running[0][1].status["trial"]["evidence"]
    assert same["wins"] == 0
    assert same["n"] > 0
