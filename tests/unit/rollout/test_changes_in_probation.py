"""What changes while a promoted candidate is on probation: the tables in `docs/explanation/changes-in-mid-trial.md`, line by line."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.record import RecordKind
from shadowlift.api.status import Phase
from tests.unit.rollout.given import (
    ANYWHERE,
    BENTO,
    CANARY,
    NOW,
    OTHER_CONTENT,
    OTHER_CURRENT,
    OTHER_QUESTION,
    STEP_S,
    Life,
    arms,
    created_again,
    past_first_step,
    succeeding,
)
from tests.unit.rollout.test_breaker import breaking
from tests.unit.rollout.test_canary import LIFT, SECOND, forget, intent, kinds
from tests.unit.rollout.test_changes_in_shadow import attempts, salt
from tests.unit.rollout.test_gates import SEEN, US
from tests.unit.rollout.test_probation import (
    EPOCH,
    ERRORS,
    HARMFUL,
    HOUR,
    MANUAL,
    QUIET,
    last,
    on_probation,
    proven,
    shared,
)

HELD_BACK = (950, "current")
ALL = (1000, "candidate")


def quiet() -> Life:
    """On probation, and nothing is wrong."""
    life = on_probation()
    life.count(EPOCH, QUIET)
    return life


def on_top() -> Life:
    """On probation, with an earlier promotion under it."""
    life = past_first_step(succeeding())
    life.count(SECOND, LIFT)
    life.now += STEP_S
    for _ in range(6):
        life.cycle()
    return life


def passes(life: Life) -> bool:
    """Whether all units are the candidate's when the time is over, and a record says so."""
    life.now += HOUR
    life.settle()
    return (last(life), shared(life)) == (("Settled", "ProbationPassed"), ALL)


class TestTheQuestion:
    """It is answered: what is asked now is asked of what comes next."""

    @pytest.mark.parametrize("change", OTHER_QUESTION.values(), ids=OTHER_QUESTION)
    def test_a_changed_frozen_field_ends_it_and_the_promotion_stands(self, change: dict[str, Any]) -> None:
        """Without a record: all units are the candidate's, and nothing is measured any more, so that no harm is found."""
        life = breaking(on_probation())
        life.count(EPOCH, HARMFUL)
        before = life.records
        life.edit(**change)
        status = life.settle()
        assert (life.records, shared(life), intent(life).trial) == (before, ALL, None)
        assert (status.phase, status.weight) == (Phase.PROMOTED, "100%")
        assert status.serving is not None
        assert (status.serving.name, status.serving.reason) == ("logreg", "Promoted")

    @pytest.mark.parametrize("change", OTHER_QUESTION.values(), ids=OTHER_QUESTION)
    def test_changed_back_within_the_time_it_goes_on(self, change: dict[str, Any]) -> None:
        """The record of the promotion is what it goes by, and that is still the newest trial's."""
        life = quiet()
        before, spec, route = life.records, life.spec, intent(life)
        life.edit(**change)
        life.settle()
        life.edit(**{field: spec.get(field) for field in change})
        life.settle()
        assert (life.records, shared(life)) == (before, HELD_BACK)
        assert (intent(life).split, intent(life).trial) == (route.split, route.trial)
        assert passes(life)

    @pytest.mark.parametrize("change", OTHER_CONTENT.values(), ids=OTHER_CONTENT)
    def test_another_image_is_measured_against_the_promoted_one(self, change: dict[str, Any]) -> None:
        """That serves all from now on, from its own pods; the new one meets nobody before current was watched."""
        life = on_probation()
        before, promoted = kinds(life), life.world().promoted
        assert promoted is not None
        life.edit(**change)
        assert life.settle().phase is Phase.CANARY
        assert kinds(life) == [*before, "Started"]
        assert life.records[-1].terms is not None
        assert life.records[-1].terms.against == promoted.identity
        now = intent(life)
        assert now.split is not None
        assert (now.serve, now.candidate, now.split.weight) == ("candidate", promoted.upstream, 0)
        assert now.split.candidate != promoted.upstream
        assert sorted(workload.replicas for workload in life.workloads.values()) == [2, 2]

    def test_a_tag_that_moved_is_not_looked_at(self) -> None:
        """What was promoted is the content of the spec; which image a tag means now is its owner's business."""
        life = quiet()
        before = life.plan()
        life.workloads = {name: replace(one, images=frozenset({"sha256:b"})) for name, one in life.workloads.items()}
        assert life.plan() == before
        life.now += HOUR
        (record,) = life.cycle().records
        assert record.kind is RecordKind.SETTLED


class TestCurrent:
    """The promotion was measured against it."""

    @pytest.mark.parametrize("change", OTHER_CURRENT.values(), ids=OTHER_CURRENT)
    def test_another_current_serves_all_and_a_new_trial_begins(self, change: dict[str, Any]) -> None:
        """A record first; what is proven against one process says nothing about another."""
        life = on_probation()
        trial, life.service = life.trial, ANYWHERE
        life.edit(**change)
        (record,) = life.cycle().records
        assert (record.kind, record.reason, record.trial) == (RecordKind.SUPERSEDED, "CurrentChanged", trial)
        life.settle()
        assert kinds(life)[-2:] == ["Superseded", "Started"]
        assert life.trial != trial
        assert (shared(life), intent(life).current) == ((0, "current"), life.world().current.upstream)

    def test_adopted_the_same_pods_serve_all_as_current(self) -> None:
        """Git says so now: no pod moves, and nobody is left with the process of before."""
        life = on_probation()
        workloads = dict(life.workloads)
        life.edit(current={"bento": BENTO})
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.SUPERSEDED, "Adopted")
        for _ in range(30):
            life.cycle()
            assert life.workloads == workloads
        status = life.settle()
        assert (shared(life), intent(life).split) == ((0, "current"), None)
        assert intent(life).current.host.split(".")[0] in workloads
        assert status.phase is Phase.PROMOTED
        assert kinds(life)[-1] == "Superseded"


class TestHands:
    """What a person does meanwhile."""

    def test_in_a_pause_only_the_circuit_breaker_acts(self) -> None:
        """Who asks for a pause does not ask for failures."""
        life = on_probation()
        life.edit(paused=True)
        assert life.settle().phase is Phase.PAUSED
        breaking(life)
        life.settle()
        assert (last(life), shared(life)) == (("RolledBack", "CircuitBreaker"), (0, "current"))

    def test_in_a_pause_the_share_stays(self) -> None:
        """However long it is; what was proven meanwhile is acted upon at its end."""
        life = on_probation()
        life.edit(paused=True)
        life.count(EPOCH, HARMFUL)
        life.now += 2 * HOUR
        assert life.settle().phase is Phase.PAUSED
        assert (last(life)[0], shared(life)) == ("Promoted", HELD_BACK)
        life.edit(paused=False)
        (record,) = life.cycle().records
        assert record.kind is RecordKind.ROLLED_BACK

    @pytest.mark.parametrize(
        ("hold", "hours", "ends"),
        [({"paused": True}, 0.5, False), ({"paused": True}, 2, True), ({"serve": "logreg"}, 2, False)],
        ids=str,
    )
    def test_after_a_hold_it_goes_on_or_is_over(self, hold: dict[str, Any], hours: float, ends: bool) -> None:
        """The time runs in a pause, which shares on, and is not over before that; after an override, which does not, it begins anew."""
        life = quiet()
        life.edit(**hold)
        life.settle()
        life.now += hours * HOUR
        life.settle()
        assert last(life)[0] == "Promoted"
        life.edit(paused=False, serve="Auto")
        life.settle()
        assert (last(life)[0], shared(life)) == (("Settled", ALL) if ends else ("Promoted", HELD_BACK))
        assert ends or passes(life)

    @pytest.mark.parametrize(
        "change", [OTHER_CONTENT["another image"], OTHER_QUESTION["trial"]], ids=["image", "trial"]
    )
    def test_paused_and_changed_all_units_are_the_candidates(self, change: dict[str, Any]) -> None:
        """As without a pause: the promotion stands, and its probation needs no record to end."""
        life = on_probation()
        before = life.records
        life.edit(paused=True, **change)
        assert life.settle().phase is Phase.PAUSED
        assert (life.records, shared(life)) == (before, ALL)

    @pytest.mark.parametrize("start", [on_probation, on_top])
    def test_serve_current_takes_all_promotions_back_for_good(self, start: Callable[[], Life]) -> None:
        """Also one that lies under it: who says Current means it. Only a new trial may promote again."""
        life = start()
        assert shared(life)[0] == 950
        life.edit(serve="Current")
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.ROLLED_BACK, "ServeCurrent")
        life.cycle()
        assert shared(life) == (0, "current")
        for serve in ("Current", "Auto"):
            life.edit(serve=serve)
            life.now += HOUR
            assert life.settle().phase is Phase.REJECTED
            assert (last(life), shared(life)) == (("RolledBack", "ServeCurrent"), (0, "current"))
        life.edit(trial="2")
        life.settle()
        assert last(life)[0] == "Started"

    def test_an_override_gives_all_to_the_candidate_and_nothing_is_watched(self) -> None:
        """Who says its name has looked; no unit is left with what served before, so there is nothing to compare."""
        life = on_probation()
        before = life.records
        life.edit(serve="logreg")
        breaking(life).count(EPOCH, HARMFUL)
        life.settle()
        assert (life.records, shared(life), intent(life).trial) == (before, ALL, None)

    @pytest.mark.parametrize(
        "change",
        [
            {"promotion": MANUAL},
            {"promotion": {**MANUAL, "approve": "another-trial"}},
            {"router": {"replicas": 3}},
            {"service": {"port": 80}},
            {"candidates": [{"name": "logreg", "bento": {**BENTO, "replicas": 5}}]},
        ],
        ids=["policy", "approve", "router", "service", "replicas"],
    )
    def test_a_free_field_ends_nothing(self, change: dict[str, Any]) -> None:
        """It is promoted already, and how many run is nobody's evidence."""
        life = quiet()
        before, route = life.records, intent(life)
        life.edit(**change)
        life.settle()
        assert (life.records, intent(life).split, intent(life).trial) == (before, route.split, route.trial)
        assert passes(life)

    def test_created_again_nothing_of_the_promotion_is_left(self) -> None:
        """Current serves all, and the first attempt of another trial begins, with other units in front."""
        life = quiet()
        again = created_again(life).settled()
        assert (kinds(again), attempts(again), shared(again)) == (["Started"], [(1, 0.01)], (0, "current"))
        assert (again.world().promotion, again.condition("Adopted")) == (None, None)
        assert again.trial != life.trial
        assert salt(again) != salt(life)


class TestWhatBreaks:
    """What nobody wanted."""

    @pytest.mark.parametrize(
        ("fail_open", "told"), [(True, "current answers in its place"), (False, "its requests fail")]
    )
    def test_where_its_pods_are_gone_it_is_said_until_the_circuit_breaker_trips(
        self, fail_open: bool, told: str
    ) -> None:
        """The share stays meanwhile; who answers in its place is as the spec has it."""
        life = on_probation(strategy={"canary": {**CANARY["canary"], "failOpen": fail_open}})
        life.starts = False
        life.workloads = {name: replace(one, ready=0) for name, one in life.workloads.items()}
        life.settle()
        progressing, split = life.condition("Progressing"), intent(life).split
        assert progressing is not None
        assert split is not None
        assert (progressing.reason, split.fail_open, shared(life)) == ("PromotedNotReady", fail_open, HELD_BACK)
        assert told in progressing.message
        breaking(life).cycle()
        assert last(life) == ("RolledBack", "CircuitBreaker")
        life.cycle()
        assert shared(life) == (0, "current")

    @pytest.mark.parametrize("harm", [lambda life: life.count(EPOCH, HARMFUL), breaking], ids=["harm", "failures"])
    def test_whatever_is_in_the_way_harm_takes_the_promotion_back(self, harm: Callable[[Life], object]) -> None:
        """A name that somebody has taken, or a Service that is gone, is for a person; users must not wait for one."""
        for change in ({"taken": ("PodDisruptionBudget/triage-router",)}, {"service": None}):
            life = on_probation()
            for name, value in change.items():
                setattr(life, name, value)
            harm(life)
            (record,) = life.cycle().records
            assert record.kind is RecordKind.ROLLED_BACK

    def test_it_lasts_from_when_all_routers_share_units_so(self) -> None:
        """An operator that is away right after its record has held nobody back in that time."""
        life = proven(guardrails=ERRORS)
        (record,) = life.cycle().records
        assert record.kind is RecordKind.PROMOTED
        life.now += 2 * HOUR
        for _ in range(4):
            life.cycle()
        life.count(EPOCH, QUIET)
        life.settle()
        assert (last(life)[0], shared(life)) == ("Promoted", HELD_BACK)
        life.now += HOUR
        life.settle()
        assert (last(life)[0], shared(life)) == ("Settled", ALL)

    def test_a_deployment_that_is_deleted_is_made_again(self) -> None:
        """And nothing else happens."""
        life = quiet()
        before, workloads = life.records, dict(life.workloads)
        life.workloads.clear()
        life.cycle()
        assert life.workloads == workloads
        life.settle()
        assert (life.records, shared(life)) == (before, HELD_BACK)

    def test_while_the_recorder_is_away_the_share_stays_and_the_time_runs(self) -> None:
        """It is not over while nobody knows what came of it; when it is back, no minute is added."""
        life = quiet()
        life.error = "no answer"
        life.now += 2 * HOUR
        life.settle()
        assert (last(life)[0], shared(life)) == ("Promoted", HELD_BACK)
        assert breaking(life).cycle().records == (), "what it said before is no reason now"
        life.traffic = ()
        life.error = None
        (record,) = life.cycle().records
        assert record.kind is RecordKind.SETTLED

    def test_an_operator_that_starts_again_goes_on(self) -> None:
        """Share, epoch and end are in the records."""
        life = quiet()
        before, route = life.records, intent(life)
        forget(life)
        life.registered.clear()
        life.settle()
        assert (life.records, intent(life).split, intent(life).trial) == (before, route.split, route.trial)
        assert life.registered == {route.trial.uid if route.trial else None}
        assert passes(life)

    @pytest.mark.parametrize("lost", ["another ledger", "fewer units"])
    def test_lost_evidence_moves_nothing(self, lost: str) -> None:
        """The lift was proven before; the guardrails go on with what there is."""
        life = quiet()
        life.settle()
        before, route = life.records, intent(life)
        if lost == "another ledger":
            life.ledger = "ledger-2"
        else:
            life.count(EPOCH, arms((90, 90), (5, 5)))
        life.now += 300
        life.settle()
        assert (life.records, intent(life)) == (before, route)
        assert passes(life)

    @pytest.mark.parametrize(
        "router",
        [{"silent": True}, {"lines_lost": 40, "last_loss": int((NOW + 300) * US)}],
        ids=["silent", "lines lost"],
    )
    def test_a_router_that_tells_nothing_holds_nothing(self, router: dict[str, Any]) -> None:
        """There is no promotion left to hold."""
        life = quiet()
        before = life.plan()
        life.routers_report(SEEN.model_copy(update=router), SEEN.model_copy(update={"uid": "uid-r-2"}))
        assert life.plan() == before
        assert passes(life)


def test_what_served_before_stays_ready_while_the_probation_may_go_on() -> None:
    """serve: tree, and back to Auto: some of the units go to what served before, which must not be started first."""
    life = on_top()
    before = {name for name, one in life.workloads.items() if one.ready}
    life.edit(serve="tree")
    life.settle()
    assert {name for name, one in life.workloads.items() if one.ready} == before
    life.edit(serve="Auto")
    for _ in range(4):
        life.cycle()
    assert shared(life)[0] == 950
    assert {name for name, one in life.workloads.items() if one.ready} == before
