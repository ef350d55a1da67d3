"""After a promotion: some units stay where they were, the guardrails go on, and a person may have been asked before."""

from collections.abc import Callable
from typing import Any

import pytest

from shadowlift.api.ledger import FIRST_STEP_EPOCH, EpochCounters
from shadowlift.api.record import UNASKED
from shadowlift.api.status import Phase
from shadowlift.rollout.observed import Traffic
from tests.support.world import BETTER, spec
from tests.unit.rollout.given import Life, arms, counting, last_step

ERRORS = [{"name": "errors", "type": "ErrorRate", "maxIncrease": "0.02"}]
EPOCH = FIRST_STEP_EPOCH + 2
HOUR = 3600.0
QUIET = arms((950, 800), (50, 40))
HARMFUL = arms((950, 800), (50, 40), failures_by_arm={"candidate": 400})
MANUAL = {"policy": "Manual"}


def proven(**changes: Any) -> Life:
    """A canary whose lift is proven in its last step, which is over; nothing is decided yet."""
    life = last_step(**changes)
    life.count(FIRST_STEP_EPOCH + 1, arms((2000, 1800), (2000, 1600)))
    life.now += 20
    return life


def on_probation(**changes: Any) -> Life:
    """Promoted just now; routers have loaded it."""
    life = proven(**{"guardrails": ERRORS, **changes})
    for _ in range(5):
        life.cycle()
    return life


def last(life: Life) -> tuple[str, str]:
    return life.records[-1].kind.value, life.records[-1].reason


def shared(life: Life) -> tuple[int, str]:
    """The candidate's share by the routers' configuration, and who has the rest."""
    assert life.published is not None
    return life.published.intent.weight, life.published.intent.serve


def test_a_twentieth_stays_with_current_for_an_hour():
    """After a canary by default; the requests are told apart from those of the steps."""
    life = on_probation()
    assert life.status is not None
    assert (life.status.phase, life.status.weight) == (Phase.PROMOTED, "95%")
    assert life.published is not None
    assert life.published.intent.trial is not None
    assert (shared(life), life.published.intent.trial.epoch) == ((950, "current"), EPOCH)
    condition = life.condition("Progressing")
    assert condition is not None
    assert "5% of the units stay with current" in condition.message
    assert life.condition("Ready").status == "True"  # type: ignore[union-attr]


def test_then_all_units_are_the_candidates():
    """When the time is over, routers have loaded it, and something is known of it."""
    life = on_probation()
    life.count(EPOCH, QUIET)
    life.now += HOUR
    assert life.settle().weight == "100%"
    assert (last(life), shared(life)) == (("Settled", "ProbationPassed"), (1000, "candidate"))


@pytest.mark.parametrize(
    "nobody_knows",
    [
        lambda life: setattr(life, "error", "no answer"),
        lambda life: life.counters.clear(),
        lambda life: life.count(EPOCH, arms()),
        lambda life: life.edit(paused=True),
        lambda life: setattr(life, "loads", False),
    ],
    ids=["recorder away", "trial forgotten", "no unit", "paused", "routers lag"],
)
def test_it_is_not_over_while_nobody_knows_what_came_of_it(nobody_knows: Callable[[Life], None]):
    """Not knowing is not being safe."""
    life = on_probation()
    life.count(EPOCH, QUIET)
    nobody_knows(life)
    if not life.loads and life.published is not None:
        life.pods = tuple(type(pod)(pod.name, pod.uid, pod.ready, None, None) for pod in life.pods)
    life.now += 2 * HOUR
    for _ in range(3):
        life.cycle()
    assert last(life)[0] == "Promoted"


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda life: life.count(EPOCH, HARMFUL), "Guardrail"),
        (
            lambda life: setattr(life, "traffic", (Traffic(life.now - 5, 0, 0), Traffic(life.now, 20, 15))),
            "CircuitBreaker",
        ),
    ],
    ids=["guardrail", "circuit breaker"],
)
def test_harm_takes_the_promotion_back(harm: Callable[[Life], object], reason: str):
    """A record first, then the very next configuration; status says why."""
    life = on_probation()
    harm(life)
    plan = life.cycle()
    assert (last(life), plan.router) == (("RolledBack", reason), None)
    life.cycle()
    assert shared(life) == (0, "current")
    status = life.settle()
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert (status.phase, status.weight, status.trial.verdict.reason) == (Phase.REJECTED, "0%", reason)


def test_a_roll_back_returns_to_what_served_before():
    """An earlier promotion serves again, with all units."""
    life = on_probation()
    life.count(EPOCH, QUIET)
    life.now += HOUR
    life.settle()
    first = life.world().promoted
    life.edit(candidates=[{"name": "tree", "bento": {"image": "tree:1", "replicas": 2}}])
    life.settle()
    life.count(0, arms(current=(200, 160)))
    life.settle()
    life.count(FIRST_STEP_EPOCH, arms((10, 8), (190, 152)))
    life.now += 20
    life.settle()
    life.count(FIRST_STEP_EPOCH + 1, arms((2000, 1800), (2000, 1600)))
    life.now += 20
    for _ in range(6):
        life.cycle()
    assert (life.records[-1].candidate, shared(life)) == ("tree", (950, "candidate"))
    life.count(EPOCH, HARMFUL)
    status = life.settle()
    assert status.serving is not None
    assert (status.serving.name, status.weight) == ("logreg", "100%")
    assert life.world().promoted == first


def test_its_terms_are_those_of_the_promotion():
    """A holdback that is changed meanwhile is the next promotion's: a share of its own would be an epoch of its own."""
    life = on_probation()
    life.edit(promotion={"probation": {"duration": "10h", "holdback": "20%"}})
    life.settle()
    assert shared(life)[0] == 950
    life.count(EPOCH, QUIET)
    life.now += HOUR
    life.settle()
    assert last(life)[0] == "Settled"


@pytest.mark.parametrize(
    ("change", "weight"),
    [
        ({"serve": "Current"}, 0),
        ({"serve": "logreg"}, 1000),
        ({"router": {"replicas": 3}}, 950),
        ({"paused": True}, 950),
    ],
)
def test_what_a_person_says_in_the_meantime(change: dict[str, Any], weight: int):
    """An override is an override; a pause leaves the shares as they are."""
    life = on_probation()
    life.edit(**change)
    for _ in range(6):
        life.cycle()
    assert shared(life)[0] == weight


def test_a_new_current_takes_all_of_it_back():
    """spec.current was changed: it serves again."""
    life = on_probation()
    life.edit(current={"service": {"name": "rules", "port": 8080}, "revision": "2"})
    life.settle()
    assert ("Superseded", "CurrentChanged") in [(record.kind.value, record.reason) for record in life.records]
    assert shared(life)[0] == 0


def test_after_a_shadow_alone_there_is_none_unless_asked_for():
    """Nobody was held to live answers; who asks for it gets it."""
    life = counting()
    life.count(2, EpochCounters(**BETTER))
    assert life.settle().weight == "100%"
    asked = counting(promotion={"probation": {"holdback": "10%"}})
    asked.count(2, EpochCounters(**BETTER))
    for _ in range(6):
        asked.cycle()
    assert shared(asked) == (900, "current")


def test_a_person_is_asked_and_asked_once():
    """Manual: a proposal, and the trial goes on at its last step."""
    life = proven(promotion=MANUAL)
    status = life.settle()
    assert (last(life)[0], status.phase, shared(life)[0]) == ("Proposed", Phase.CANARY, 500)
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert life.trial in status.trial.verdict.message
    life.edit(promotion={**MANUAL, "approve": "another-trial"})
    status = life.settle()
    assert "another-trial is another trial" in status.trial.verdict.message  # type: ignore[union-attr]
    assert [record.kind.value for record in life.records].count("Proposed") == 1


def test_an_approval_promotes_what_was_proven_when_it_was_proposed():
    """The e-value has fallen below its bar since; the proof has not."""
    life = proven(promotion=MANUAL)
    life.settle()
    life.count(FIRST_STEP_EPOCH + 1, arms((4000, 3220), (4000, 3200)))
    life.edit(promotion={**MANUAL, "approve": life.trial})
    for _ in range(4):
        life.cycle()
    assert last(life) == ("Promoted", "LiftProven")
    assert life.records[-1].message.startswith("approved")


@pytest.mark.parametrize("policy", ["Manual", "Automatic"])
def test_an_approval_waits_for_all_but_the_proof(policy: str):
    """No pod is ready: neither a person nor a changed policy promotes into nothing."""
    life = proven(promotion=MANUAL)
    life.settle()
    life.workloads = {name: type(one)(one.name, one.replicas, 0, one.images) for name, one in life.workloads.items()}
    life.starts = False
    life.edit(promotion={"policy": policy, "approve": life.trial})
    status = life.settle()
    assert last(life)[0] == "Proposed"
    assert status.trial is not None
    assert status.trial.verdict is not None
    assert status.trial.verdict.reason == "Replicas"


def test_a_proposal_that_a_changed_policy_promotes_says_so():
    """The record's evidence may be below the bar by then: the proof is that of the proposal."""
    life = proven(promotion=MANUAL)
    life.settle()
    life.count(FIRST_STEP_EPOCH + 1, arms((4000, 3220), (4000, 3200)))
    life.edit(promotion=None)
    for _ in range(4):
        life.cycle()
    assert last(life) == ("Promoted", "LiftProven")
    assert life.records[-1].message.startswith(UNASKED)


def test_harm_after_a_proposal_rejects():
    """Whoever approves later finds nothing to approve."""
    life = proven(promotion=MANUAL, guardrails=ERRORS)
    life.settle()
    life.count(FIRST_STEP_EPOCH + 1, arms((2000, 1800), (2000, 1600), failures_by_arm={"candidate": 600}))
    life.settle()
    assert last(life) == ("Rejected", "Guardrail")


def test_a_proposal_that_nobody_approves_ends_with_the_deadline():
    """The time box is one for people too."""
    life = proven(promotion=MANUAL)
    life.settle()
    life.now += 3700
    assert life.settle().phase is Phase.EXPIRED


def test_spec_knows_no_probation_by_default_without_a_canary():
    """The default depends on the strategy, in the models as in the docs."""
    assert Life(spec=spec()).world().spec.probation is None
    assert Life(spec=spec(promotion={"probation": {}})).world().spec.probation is not None
