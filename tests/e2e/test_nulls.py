"""What must never be promoted: the same model again, beside a current that fails, a mistaken path, another type, chosen labels.

All at once and side by side in one namespace, each with clients, routers and outcomes of its own.
"""

from dataclasses import dataclass, field
from typing import Any

from dev.traffic import manifests
from dev.traffic.cluster_api import DEPLOYMENT, is_rolled_out, wait_for
from dev.traffic.stand import Stand
from tests.e2e.place import LITTLE_CPU, PATIENCE, ROUTER, SOON_REJECTED, Place, images, no_failures, spec

DEADLINE = "60s"  # some seven hundred matured pairs at this rate, and short enough to await
RATE = 12.0  # of each; together more than any other test asks for
SELDOM, OFTEN = ("rules-that-seldom-fail", "0.002"), ("rules-that-often-fail", "0.15")  # 0.7 % and 13 % of the cases


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
    # A failure of current is never a win; where there are too many of them nothing is decided.
    Null("current-fails-seldom", "triage-rules-bento", ("Expired", "Rejected"), rules=SELDOM[0]),
    Null("current-fails-often", "triage-rules-bento", ("Expired",), "CurrentUnreadable", rules=OFTEN[0]),
)


def ended(status: dict) -> bool:
    return status.get("phase") in ("Promoted", "Rejected", "Expired")


def start(place: Place, case: Null) -> tuple[Null, Place, Stand]:
    """One case's clients and hospital; the clients ask the rules until their router is there."""
    here = Place(place.cluster, place.namespace, case.name)
    return case, here, here.traffic(RATE, sender=case.sender, rules=case.rules, suffix=f"-{case.name}")


def apply(here: Place, case: Null) -> None:
    """Its ModelDeployment; the deadline counts from when its routers have loaded the trial."""
    router = {**ROUTER, "replicas": 1}
    given = {"deadline": DEADLINE, "strategy": SOON_REJECTED, "answerWithin": "5s", "router": router}
    wanted = spec("model", images()[case.image], LITTLE_CPU, **given, **case.change)
    wanted["current"]["service"]["name"] = case.rules
    here.apply(wanted)


def test_nulls(place: Place):
    """None is promoted, none ever answers a client; each says why."""
    for name, rate in (SELDOM, OFTEN):
        rules = manifests.rules(place.namespace, images()["triage-rules"], name=name, env={"FAIL_RATE": rate})
        place.cluster.apply(*rules)
    for name, _ in (SELDOM, OFTEN):
        wait_for(name, lambda name=name: is_rolled_out(place.cluster.get(DEPLOYMENT, name, place.namespace)), PATIENCE)  # type: ignore[misc]
    running = [start(place, case) for case in CASES]
    for some in zip(running[::2], running[1::2], strict=True):  # twelve pods that start at once would take the machine
        for case, here, _ in some:
            apply(here, case)
        for _, here, stand in some:
            here.until_phase("Shadowing")
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
    for name in ("same-model", "current-fails-seldom"):
        evidence = next(here.status["trial"]["evidence"] for case, here, _ in running if case.name == name)
        assert evidence["n"] > 0
        assert evidence["wins"] == 0, f"{name}: {evidence}"
    failed = {case.name: stand.report()["failed"] for case, _, stand in running if case.rules != manifests.RULES}
    assert all(failed.values()), f"a current that was to fail did not: {failed}"
