"""What changes while a candidate is in a canary: the tables in `docs/explanation/changes-in-mid-trial.md`, line by line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.ledger import WATCH_EPOCH
from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from shadowlift.rollout.world import Stage
from tests.unit.resources import test_identity
from tests.unit.rollout.given import (
    ANYWHERE,
    BENTO,
    OTHER_CONTENT,
    OTHER_CURRENT,
    OTHER_QUESTION,
    STEP_S,
    Life,
    created_again,
    last_step,
    stepping,
    succeeding,
)
from tests.unit.rollout.test_breaker import breaking
from tests.unit.rollout.test_canary import FIRST, HARM, LIFT, SECOND, intent, kinds, shared, verdict
from tests.unit.rollout.test_changes_in_shadow import YES, attempts, salt
from tests.unit.rollout.test_objects import routed
from tests.unit.rollout.test_probation import MANUAL

FROZEN = {**OTHER_CONTENT, **OTHER_CURRENT, **OTHER_QUESTION}


def publishes(life: Life) -> None:
    """Until the routers are given something else; a record comes before its effect, one in each cycle."""
    for _ in range(3):
        if life.cycle().router is not None:
            return
    raise AssertionError(f"nothing was published: {kinds(life)}")


class TestTheQuestion:
    """Evidence for one question is never used for another, and nobody stays with a candidate of which nothing is asked."""

    def test_every_frozen_field_is_changed_here(self) -> None:
        """A new one must be tried in a canary too."""
        assert {field for change in FROZEN.values() for field in change} == set(test_identity.FROZEN)

    @pytest.mark.parametrize("change", FROZEN.values(), ids=FROZEN)
    def test_a_changed_frozen_field_ends_the_trial_without_a_verdict(self, change: dict[str, Any]) -> None:
        """The next trial begins where trials begin, and all units are current's."""
        life = last_step()
        before, trial, life.service = kinds(life), life.trial, ANYWHERE
        life.edit(**change)
        (record,) = life.cycle().records
        assert (record.kind, record.reason, record.trial) == (RecordKind.ABANDONED, "SpecChanged", trial)
        life.settle()
        assert kinds(life) == [*before, "Abandoned", "Started"]
        assert life.trial != trial
        assert life.world().stage in (Stage.WATCH, Stage.WARM_UP)
        assert (intent(life).weight, intent(life).serve) == (0, "current")
        assert intent(life).current == life.world().current.upstream

    @pytest.mark.parametrize("loads", [True, False], ids=["routers answer", "routers do not answer"])
    @pytest.mark.parametrize("change", FROZEN.values(), ids=FROZEN)
    def test_units_go_back_by_the_very_next_configuration(self, change: dict[str, Any], loads: bool) -> None:
        """Whether or not the routers have answered, and whether or not they know another current yet: a route can go at any time."""
        life = last_step()
        life.loads, life.service = loads, ANYWHERE
        if not loads:
            life.pods = tuple(replace(pod, loaded=None) for pod in life.pods)
        life.edit(**change)
        life.cycle()
        publishes(life)
        assert (intent(life).weight, intent(life).serve) == (0, "current")

    def test_another_image_runs_beside_the_old_one_until_no_router_knows_that(self) -> None:
        """Units go back first; then the old pods have nothing to do."""
        life = last_step()
        (old,) = life.workloads
        life.edit(**OTHER_CONTENT["another image"])
        seen = []
        for _ in range(40):  # 20 seconds: the last hanging request is over
            agreed, known = life.observed().routers.agreed, routed(life)
            life.cycle()
            seen.append(sorted(life.workloads))
            assert old in life.workloads or (agreed and old not in known)
        assert max(map(len, seen)) == 2
        assert len(seen[-1]) == 1
        assert old not in seen[-1]

    def test_units_go_back_to_an_earlier_promotion(self) -> None:
        """What serves until then need not be current."""
        life = succeeding()
        proven = intent(life).candidate
        life.edit(trial="2")
        life.cycle()
        publishes(life)
        assert (shared(life)[0] or 0, intent(life).serve, intent(life).candidate) == (0, "candidate", proven)

    def test_another_try_has_half_the_error_rate(self) -> None:
        """Looking at the same candidate again costs, however far the first look came."""
        life = last_step()
        life.edit(trial="2")
        life.settle()
        assert attempts(life) == [(1, 0.01), (2, 0.005)]

    def test_until_another_current_is_there_all_go_to_who_answered_before(self) -> None:
        """The split ends at once: whom its other arm would be compared with is not there yet."""
        life = last_step()
        before, life.starts = intent(life).current, False
        life.edit(**OTHER_CURRENT["another bento"])
        life.cycle()
        for _ in range(10):
            life.cycle()
            assert (shared(life), intent(life).serve, intent(life).current) == ((None, None), "current", before)
        life.starts = True
        life.settle()
        assert intent(life).current == life.world().current.upstream != before
        assert (shared(life), intent(life).serve) == ((0, WATCH_EPOCH), "current")


class TestHands:
    """What a person does meanwhile."""

    @pytest.mark.parametrize(
        "change", [OTHER_CONTENT["another image"], OTHER_QUESTION["trial"]], ids=["image", "trial"]
    )
    def test_units_go_back_at_once_where_a_paused_trial_is_another_one(self, change: dict[str, Any]) -> None:
        """A pause decides nothing, so the record waits for its end; the units do not."""
        life = last_step()
        before = kinds(life)
        life.edit(paused=True, **change)
        assert life.cycle().router is not None
        assert (shared(life), intent(life).serve, intent(life).weight) == ((None, None), "current", 0)
        assert (life.settle().phase, kinds(life)) == (Phase.PAUSED, before)
        life.edit(paused=False)
        life.settle()
        assert kinds(life) == [*before, "Abandoned", "Started"]

    def test_in_a_pause_only_the_circuit_breaker_acts(self) -> None:
        """Proven harm waits; a process that fails outright loses its units as ever."""
        life = last_step()
        before = kinds(life)
        life.edit(paused=True)
        life.count(SECOND, HARM[SECOND])
        life.settle()
        assert (kinds(life), shared(life)) == (before, (500, SECOND))
        (record,) = breaking(life).cycle().records
        assert (record.kind, record.reason) == (RecordKind.REJECTED, "CircuitBreaker")
        life.cycle()
        assert (shared(life), intent(life).weight) == ((None, None), 0)

    def test_an_override_serves_the_candidate_and_auto_brings_the_step_back(self) -> None:
        """No proof and no record: the trial waits, and the step lasts anew from when it is loaded again."""
        life = last_step()
        before, route = kinds(life), intent(life)
        assert route.split is not None
        life.count(SECOND, LIFT)
        life.edit(serve="logreg")
        life.cycle()
        assert (shared(life), intent(life).serve) == ((None, None), "candidate")
        assert intent(life).candidate == route.split.candidate
        assert life.settle().phase is Phase.PENDING
        progressing = life.condition("Progressing")
        assert progressing is not None
        assert progressing.reason == "ServeOverride"
        life.now += 5 * STEP_S
        life.edit(serve="Auto")
        life.settle()
        assert (intent(life).split, intent(life).trial) == (route.split, route.trial)
        assert (kinds(life), verdict(life)[1]) == (before, "Step")

    @pytest.mark.parametrize("serve", ["Current", "logreg"])
    def test_the_deadline_does_not_wait_for_an_override(self, serve: str) -> None:
        """What is proven by then is not promoted while a person holds the traffic."""
        life = last_step()
        life.count(SECOND, LIFT)
        life.edit(serve=serve)
        life.settle()
        life.now += 3600
        life.settle()
        assert kinds(life)[-1] == "Expired"

    def test_serve_current_takes_an_earlier_promotion_back_and_the_trial_with_it(self) -> None:
        """What it was measured against does not serve any more; with Auto another one begins, against current."""
        life = succeeding()
        life.edit(serve="Current")
        assert life.settle().phase is Phase.PENDING
        ends = [(record.kind.value, record.reason, record.candidate) for record in life.records[-2:]]
        assert ends == [("RolledBack", "ServeCurrent", "logreg"), ("Abandoned", "BaselineChanged", "tree")]
        assert (shared(life), intent(life).serve) == ((None, None), "current")
        life.edit(serve="Auto")
        life.settle()
        started = life.records[-1]
        assert started.terms is not None
        assert (started.candidate, started.terms.against) == ("tree", life.world().current.identity)
        assert (shared(life), intent(life).serve) == ((0, WATCH_EPOCH), "current")

    @pytest.mark.parametrize("yes", YES.values(), ids=YES)
    def test_who_promotes_is_asked_at_the_next_look(self, yes: Callable[[str], dict[str, Any]]) -> None:
        """Manual in mid-trial: what is proven is proposed, and promoted by a person or when nobody is to be asked any more."""
        life = last_step()
        life.edit(promotion=MANUAL)
        life.count(SECOND, LIFT)
        life.now += STEP_S
        life.settle()
        assert (kinds(life)[-1], shared(life)) == ("Proposed", (500, SECOND))
        life.edit(promotion=yes(life.trial))
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.PROMOTED, "LiftProven")

    def test_another_probation_counts_when_it_is_promoted(self) -> None:
        """Its terms are those of the spec at that moment; until then it changes nothing."""
        life = last_step()
        before = kinds(life), intent(life)
        life.edit(promotion={"probation": {"duration": "2h", "holdback": "20%"}})
        life.settle()
        assert (kinds(life), intent(life)) == before
        life.count(SECOND, LIFT)
        life.now += STEP_S
        (record,) = life.cycle().records
        assert record.probation is not None
        assert (record.kind, record.probation.seconds) == (RecordKind.PROMOTED, 7200)
        publishes(life)
        assert shared(life) == (800, SECOND + 1)

    @pytest.mark.parametrize(
        ("change", "pods"),
        [
            ({"router": {"replicas": 3}}, 2),
            ({"service": {"port": 80}}, 2),
            ({"candidates": [{"name": "logreg", "bento": {**BENTO, "replicas": 5}}]}, 5),
        ],
        ids=["router", "service", "replicas"],
    )
    def test_how_many_run_and_where_clients_call_ends_nothing(self, change: dict[str, Any], pods: int) -> None:
        """Neither is anybody's evidence."""
        life = last_step()
        before = kinds(life), intent(life)
        life.edit(**change)
        life.settle()
        assert (kinds(life), intent(life)) == before
        assert [workload.replicas for workload in life.workloads.values()] == [pods]

    def test_created_again_it_is_the_first_attempt_of_another_trial(self) -> None:
        """Nobody meets the candidate before current is watched anew, and nobody is recognised."""
        life = last_step()
        life.count(SECOND, LIFT)
        again = created_again(life).settled()
        assert (kinds(again), attempts(again), shared(again)) == (["Started"], [(1, 0.01)], (0, WATCH_EPOCH))
        assert again.trial != life.trial
        assert salt(again) != salt(life)


class TestWhatBreaks:
    """What nobody wanted."""

    def test_a_router_that_joins_is_registered_and_awaited(self) -> None:
        """Its units may be given otherwise until it has loaded the step: the time of the step begins anew."""
        life = stepping()
        before = kinds(life)
        life.pods += (replace(life.pods[0], name="r-3", uid="uid-r-3", loaded=None),)
        life.registered.clear()  # the operator has registered the trial with two
        life.loads = False
        (registration,) = life.cycle().registrations
        assert registration.routers == ["uid-r-1", "uid-r-2", "uid-r-3"]
        life.now += 2 * STEP_S
        life.cycle()
        assert (kinds(life), verdict(life)[1], shared(life)) == (before, "StepLoading", (50, FIRST))
        life.loads = True
        life.cycle()
        began = life.now
        life.cycle()
        for later, decided in ((STEP_S - 0.5, []), (STEP_S, [RecordKind.STEPPED])):
            life.now = began + later
            assert [record.kind for record in life.plan().records] == decided

    def test_a_deployment_that_is_deleted_is_made_again(self) -> None:
        """And nothing else happens: neither to the share nor to the trial."""
        life = last_step()
        before, workloads = (kinds(life), intent(life)), dict(life.workloads)
        life.workloads.clear()
        life.cycle()
        assert life.workloads == workloads
        life.settle()
        assert (kinds(life), intent(life)) == before
