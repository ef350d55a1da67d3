"""Which configuration the routers get: what the step wishes, reached by safe swaps only, in every life."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.rollout import routing
from shadowlift.rollout.decide import STEPS
from shadowlift.rollout.observed import ServiceView
from tests.support.world import BETTER, WORSE, spec
from tests.unit.rollout.given import WARM, Life, counting, promoted, warming

BENTO = {"image": "logreg:1", "replicas": 2}
BOOST = [{"name": "boost", "bento": {"image": "boost:1", "replicas": 2}}]


def intent(life: Life) -> RouterIntent:
    assert life.published is not None
    return life.published.intent


def host(image: str) -> str:
    life = Life(spec=spec(candidates=[{"name": "x", "bento": {**BENTO, "image": image}}]))
    return life.world().challenger.upstream.host


RULES = "rules.clinic.svc.cluster.local."


@pytest.mark.parametrize("seed", range(5))
def test_a_life_with_lagging_routers_never_breaks_before_making(seed: int):
    """Routers load late and one by one, the user changes their mind: routes lead only to clusters that every router has."""
    chance = random.Random(seed)
    life = Life(loads=False)
    held: dict[str, RouterIntent] = {}  # what each router has loaded
    for _ in range(40):
        if life.status and life.status.trial and life.trial in life.counters and chance.random() < 0.3:
            life.count(1, WARM)
            life.count(2, EpochCounters(**chance.choice([BETTER, WORSE])))
        if chance.random() < 0.15:
            serve = chance.choice(["Auto", "Auto", "Current", "logreg"])
            life.edit(serve=serve, trial=chance.choice(["1", "2"]))
        life.cycle()
        published = life.published
        pods = []
        for pod in life.pods:
            if published is None or chance.random() < 0.5:
                pods.append(pod)
                continue
            before = held.get(pod.name)
            if before is not None and pod.loaded != published.version:
                assert published.intent.routed <= before.clusters
                assert before.routed <= published.intent.clusters
            held[pod.name] = published.intent
            pods.append(replace(pod, loaded=published.version))
        life.pods = tuple(pods)


def test_before_a_trial_all_goes_to_current():
    """The first configuration: current, nothing beside it."""
    life = Life(ledger=None)
    life.settle()
    first = intent(life)
    assert (first.serve, first.current.host, first.candidate, first.shadow, first.trial) == (
        "current",
        RULES,
        None,
        None,
        None,
    )


def test_no_mirror_before_the_recorder_knows_the_trial():
    """A line of an unregistered trial would be dropped: registration is loaded first."""
    life = Life()
    registered = False
    for _ in range(12):
        plan = life.cycle()
        if plan.router is not None and intent(life).trial is not None:
            assert registered
            break
        registered = registered or bool(plan.registrations)
    else:
        pytest.fail("no trial was published")


def test_a_trial_mirrors_with_its_own_salt_and_terms():
    """Epoch 1 while warming up, 2 when it counts; everything the shipper needs is in the route."""
    life = warming(unit={"header": "x-user-id"}, answerWithin="250ms")
    trial = intent(life).trial
    assert trial is not None
    assert (trial.uid, trial.epoch, trial.percent_millionths) == (life.trial, 1, 1_000_000)
    assert (trial.unit_header, trial.key_header, trial.answer_within_us) == ("x-user-id", None, 250_000)
    assert trial.current == trial.candidate
    life.count(1, WARM)
    life.settle()
    later = intent(life).trial
    assert later is not None
    assert later == trial.model_copy(update={"epoch": 2})


def test_an_own_key_is_captured():
    """The header that outcome senders name travels with the trial."""
    outcome = {"maturity": "5s", "from": [{"serviceAccount": "outcome-sender"}], "key": {"header": "x-case"}}
    trial = intent(warming(objective={"outcome": outcome})).trial
    assert trial is not None
    assert trial.key_header == "x-case"


def test_a_promotion_serves_the_candidate_with_current_behind_it():
    """The mirror ends; current stays known, as the fallback."""
    now = intent(promoted())
    assert now.candidate is not None
    assert (now.serve, now.candidate.host, now.current.host) == ("candidate", host("logreg:1"), RULES)
    assert (now.shadow, now.trial, now.spare) == (None, None, ())
    assert now.try_timeout_ms == 500


def test_the_next_candidate_is_measured_against_the_promoted_one():
    """The promoted one serves from its snapshot, the new one gets the copies."""
    life = promoted()
    life.edit(candidates=BOOST)
    life.settle()
    now = intent(life)
    assert now.candidate is not None
    assert now.shadow is not None
    assert (now.serve, now.candidate.host, now.shadow.host) == ("candidate", host("logreg:1"), host("boost:1"))


@pytest.mark.parametrize("loads", [True, False])
def test_a_roll_back_does_not_wait_for_verification(loads: bool):
    """Record, then the very next configuration serves current, whether or not the routers have answered."""
    life = promoted()
    life.loads = loads
    if not loads:
        life.pods = tuple(replace(pod, loaded=None) for pod in life.pods)
    life.edit(serve="Current")
    life.cycle()
    life.cycle()
    assert intent(life).serve == "current"
    assert intent(life).current.host == RULES


def test_what_left_is_kept_until_no_request_hangs_there():
    """Loading takes seconds and a try half a second: until then the clusters stay, and so do the pods."""
    life = promoted()
    life.edit(serve="Current")
    for _ in range(8):
        life.cycle()
    assert intent(life).serve == "current"
    assert intent(life).spare
    assert min(workload.replicas for workload in life.workloads.values()) > 0
    assert life.condition("Reconciling") is not None
    life.now += 5.5
    life.settle()
    assert not intent(life).spare
    assert {workload.replicas for workload in life.workloads.values()} == {0}


def test_an_override_serves_the_candidate_and_is_no_promotion():
    """serve: <candidate> moves traffic at once, writes no record, and ends when it is taken back."""
    life = Life(spec=spec(serve="logreg"))
    life.settle()
    assert intent(life).serve == "candidate"
    assert life.records == ()
    life.edit(serve="Auto")
    life.settle()
    assert intent(life).serve == "current"


def test_an_override_of_a_candidate_without_pods_serves_what_served():
    """Nobody is sent to nowhere."""
    life = Life(spec=spec(serve="logreg"), starts=False)
    life.settle()
    assert intent(life).serve == "current"


def test_a_candidate_that_is_rejected_leaves_the_configuration():
    """Routes first, then clusters: at rest nothing of it is left."""
    life = counting()
    life.count(2, EpochCounters(**WORSE))
    life.settle()
    assert [upstream.host for upstream in intent(life).upstreams] == [RULES]


def test_versions_grow_and_name_their_content():
    """The number tells which came later; the same content under another number is another version."""
    life, versions = Life(), []
    for _ in range(12):
        plan = life.cycle()
        if plan.router is not None:
            versions.append(plan.router.version)
            data = plan.router.config_map["data"]
            assert all(
                plan.router.version in text
                for name, text in data.items()
                if name.split(".")[0] in ("lds", "cds", "shipper")
            )
    assert len(versions) >= 3
    for one, other in pairwise(versions):
        assert int(other.split("-")[0]) == int(one.split("-")[0]) + 1


def test_files_of_another_operator_version_are_written_anew():
    """The intent is right, the files are not what this operator would write: a new version, the same intent."""
    life = counting()
    assert life.published is not None
    life.published = replace(life.published, fresh=False)
    plan = life.plan()
    assert plan.router is not None
    assert int(plan.router.version.split("-")[0]) == life.published.number + 1
    before = life.published.intent
    life.cycle()
    assert intent(life) == before


def test_a_router_that_lags_is_refreshed_and_awaited():
    """One pod has something else: it is named in the plan, and the cycle comes back soon."""
    life = counting()
    life.pods = (life.pods[0], replace(life.pods[1], loaded="1-00000000"))
    life.loads = False
    plan = life.plan()
    assert plan.refresh == ("r-2",)
    assert plan.requeue_after == 0.5
    assert plan.router is None
    assert any(condition.type == "Reconciling" for condition in plan.status.conditions)
    assert not routing.settled(life.world(), STEPS[plan.status.phase](life.world()))


def test_a_router_that_is_not_ready_is_not_waited_for():
    """It loads what is mounted before it becomes ready; traffic does not go there."""
    life = counting()
    life.pods = (life.pods[0], replace(life.pods[1], loaded=None, ready=False))
    assert life.plan().refresh == ()
    assert life.world().observed.routers.agreed


@pytest.mark.parametrize("how", ["a bento that is not ready", "a Service that is not there"])
@pytest.mark.parametrize("served", ["candidate", "current"])
def test_traffic_never_moves_to_a_current_that_is_not_there(served: str, how: str):
    """A changed spec.current is prepared first: who answered goes on, and the status says what is awaited."""
    life = promoted() if served == "candidate" else counting()
    before = intent(life)
    life.starts = False
    if how == "a bento that is not ready":
        life.edit(current={"bento": {"image": "next:1", "replicas": 2}})
    else:
        life.edit(current={"service": {"name": "typo", "port": 8080}})
        life.service = None
    for _ in range(30):
        life.cycle()
        assert (intent(life).current, intent(life).serve) == (before.current, before.serve)
        assert intent(life).candidate == before.candidate or before.serve == "current"
    ready = life.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("False", "CurrentNotReady" if "bento" in how else "CurrentNotFound")
    assert life.status is not None
    assert life.status.serving is not None
    assert life.status.serving.name == ("logreg" if served == "candidate" else "current")
    life.starts, life.service = True, ServiceView("typo", frozenset({8080}))
    life.settle()
    assert intent(life).current != before.current
    assert intent(life).serve == "current"


def test_what_hung_under_a_longer_try_is_waited_for_by_that():
    """The roll-back also shortens answerWithin: requests of before may still take what they were given."""
    life = Life(spec=spec(answerWithin="60s"))
    life.settle()
    life.count(1, WARM)
    life.settle()
    life.count(2, EpochCounters(**BETTER))
    life.settle()
    life.edit(serve="Current", answerWithin="100ms", paused=True)
    for _ in range(100):  # 50 seconds
        life.cycle()
    assert intent(life).spare
    life.settle()
    assert not intent(life).spare


def test_what_left_is_kept_from_when_every_router_knows():
    """Routers that load late send there until then: the wait begins with their word, not with the publication."""
    life = promoted()
    life.loads = False
    life.edit(serve="Current")
    for _ in range(80):  # 40 seconds
        life.cycle()
    life.loads = True
    for _ in range(6):
        life.cycle()
    assert intent(life).spare
