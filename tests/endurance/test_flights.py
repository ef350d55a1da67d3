"""Numbers instead of words: minutes of delay and probabilities of being late, promoted and rejected on real flights.

The process in place is a rule ("it arrives as late as it departed"); all trials run side by side on the same kind of traffic.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from dev.traffic import manifests
from dev.traffic.cluster_api import Cluster
from tests.e2e.place import FLIGHTS, ROUTER, SOON_REJECTED, Place, images, no_failures

RATE = 20.0
OUTCOME = {"maturity": "5s", "from": [{"serviceAccount": manifests.SENDER_ACCOUNT}]}
MINUTES = {"type": "AbsoluteError", "range": {"min": "-60", "max": "180"}, "targetLift": "1", "outcome": OUTCOME}
CHANCE = {"type": "Brier", "outcome": OUTCOME}


@dataclass(frozen=True)
class Trial:
    """One question to one candidate, and how it must end."""

    name: str
    image: str
    objective: dict[str, Any]
    ends: tuple[str, ...]
    deadline: str = "20m"

    @property
    def asks_minutes(self) -> bool:
        return self.objective is MINUTES

    def spec(self) -> dict[str, Any]:
        """The ModelDeployment's."""
        ours, theirs = ("arrival_delay", "delay") if self.asks_minutes else ("late_probability", "late")
        return {
            "current": {"service": {"name": FLIGHTS.rules, "port": 8080}, "prediction": {"body": theirs}},
            "candidates": [{"name": "model", "bento": {"image": images()[self.image], "replicas": 2}}],
            "prediction": {"body": ours, "type": "Number"},
            "objective": self.objective,
            "answerWithin": "5s",
            "deadline": self.deadline,
            **({} if self.ends == ("Promoted",) else {"strategy": SOON_REJECTED}),
            "router": {**ROUTER, "replicas": 1},
        }


TRIALS = (
    Trial("minutes-better", "flights-ridge", MINUTES, ("Promoted",)),
    Trial("minutes-worse", "flights-stale", MINUTES, ("Rejected",)),
    Trial("chance-better", "flights-ridge", CHANCE, ("Promoted",)),
    Trial("chance-worse", "flights-stale", CHANCE, ("Rejected",)),
    # The rule against itself: equal answers are proof of futility too, where they are many.
    Trial("minutes-same", "flights-rule-bento", MINUTES, ("Expired", "Rejected"), deadline="90s"),
)


@pytest.mark.timeout(900)
def test_flights(cluster: Cluster):
    """The better model is promoted by either objective, the worse one rejected, the rule itself never promoted."""
    place = Place(cluster, "e2e-flights", story=FLIGHTS)
    place.open()
    running = []
    for trial in TRIALS:
        here = Place(cluster, place.namespace, trial.name, FLIGHTS)
        field = "minutes" if trial.asks_minutes else "late"
        stand = here.traffic(RATE, sender=("--truth-field", field), suffix=f"-{trial.name}")
        here.apply(trial.spec())
        running.append((trial, here, stand))
    for _, here, stand in running:
        here.until_loaded()
        stand.move(here.router_url)
    for trial, here, stand in running:
        status = here.until("an end", lambda s: s.get("phase") in ("Promoted", "Rejected", "Expired"), 400)
        evidence = status["trial"]["evidence"]
        print(f"{trial.name}: {status['phase']} {status['trial'].get('verdict', {}).get('message')}")
        assert status["phase"] in trial.ends, f"{trial.name}: {status['phase']} {evidence}"
        if status["phase"] == "Promoted":
            assert float(evidence["lower"]) > 0
        audit = stand.audit()
        assert audit.holds, f"{trial.name}: {audit}"
        no_failures(stand.report())
    same = next(here.status["trial"]["evidence"] for trial, here, _ in running if trial.name == "minutes-same")
    assert same["n"] > 0
    assert float(same["estimate"]) == 0
    place.close()
