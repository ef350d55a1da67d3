"""The life of a canary, cycle by cycle: watch, step after step, and its end; every share of the traffic follows from a record."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shadowlift.api.ledger import FIRST_STEP_EPOCH, WATCH_EPOCH
from shadowlift.api.record import Record, RecordKind
from shadowlift.api.status import Phase, VerdictKind
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.stats import cases
from shadowlift.stats.arm_verdict import ArmTest
from shadowlift.stats.terms import Rates
from shadowlift.stats.verdict import Reason
from tests.unit.rollout.given import CANARY, STEP_S, Life, arms, last_step, stepping, watching

FIRST, SECOND = FIRST_STEP_EPOCH, FIRST_STEP_EPOCH + 1
LIFT = arms((2_000, 1_800), (2_000, 1_600))  # at half of the units: 10 points more
HARM = {FIRST: arms((400, 200), (7_600, 6_080)), SECOND: arms((2_000, 1_400), (2_000, 1_600))}
EVEN = arms((20_000, 16_000), (20_000, 16_000))


def kinds(life: Life) -> list[str]:
    return [record.kind.value for record in life.records]


def last(life: Life, kind: RecordKind) -> Record:
    return next(record for record in reversed(life.records) if record.kind is kind)


def intent(life: Life) -> RouterIntent:
    assert life.published is not None
    return life.published.intent


def shared(life: Life) -> tuple[int | None, int | None]:
    """Weight and epoch that the routers are told: None where nothing is split."""
    now = intent(life)
    return (now.split.weight if now.split else None, now.trial.epoch if now.trial else None)


def verdict(life: Life) -> tuple[VerdictKind, str, str]:
    """What the last look said."""
    assert life.status is not None
    assert life.status.trial is not None
    said = life.status.trial.verdict
    assert said is not None
    return said.kind, said.reason, said.message


def load(life: Life, *names: str) -> None:
    """These routers load what is published; the others do not."""
    assert life.published is not None
    version = life.published.version
    life.pods = tuple(replace(pod, loaded=version) if pod.name in names else pod for pod in life.pods)


def forget(life: Life) -> None:
    """The operator starts again with nothing remembered, and status is lost."""
    life.status, life.last, life.agreed = None, None, None


class TestWatch:
    """Nobody meets the candidate before it is known what current does."""

    def test_current_is_watched_until_a_hundred_units_have_come_to_a_result(self) -> None:
        """Units without an outcome are not results; all traffic is current's, and counted as its arm's."""
        life = watching()
        life.count(WATCH_EPOCH, arms(current=(99, 80), unknown_by_arm={"current": 40}))
        life.settle()
        assert kinds(life) == ["Started"]
        assert shared(life) == (0, WATCH_EPOCH)
        kind, reason, message = verdict(life)
        assert (kind, reason) == (VerdictKind.HOLD, "Watch")
        assert "99 of 100" in message
        assert "40 more are mature without an outcome" in message
        life.count(WATCH_EPOCH, arms(current=(100, 80)))
        life.settle()
        assert kinds(life) == ["Started", "Counting", "Stepped"]

    def test_the_end_of_the_watch_is_written_before_the_first_step(self) -> None:
        """One decision per cycle, and the routers follow the record, never the look."""
        life = watching()
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        seen = []
        for _ in range(3):
            plan = life.cycle()
            seen.append(([record.kind.value for record in plan.records], plan.router is not None, shared(life)))
        assert seen == [
            (["Counting"], False, (0, WATCH_EPOCH)),
            (["Stepped"], False, (0, WATCH_EPOCH)),
            ([], True, (50, FIRST)),
        ]
        assert life.records[1].baseline is not None
        assert (life.records[1].reason, life.records[1].baseline.test) == ("WatchDone", None)

    def test_a_watch_that_is_not_over_by_the_deadline_expires(self) -> None:
        """What has come by then is too late for a first step."""
        life = watching()
        life.now += 3600
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        assert life.settle().phase is Phase.EXPIRED
        assert kinds(life) == ["Started", "Expired"]

    def test_a_current_that_cannot_be_read_is_no_baseline(self) -> None:
        """Three of 103 units failed: that is to be mended before anybody meets the candidate."""
        life = watching()
        life.count(WATCH_EPOCH, arms(current=(100, 80), failed_currents=3, unknown_by_arm={"current": 3}))
        life.settle()
        assert verdict(life)[:2] == (VerdictKind.ERROR, "CurrentUnreadable")
        assert kinds(life) == ["Started"]


class TestSteps:
    """A step is a record; the next one waits for time, units and every router."""

    def test_the_first_step_fixes_how_units_are_judged(self) -> None:
        """By what is known of current until then: its mean is the baseline, its spread places the bets."""
        step = last(stepping(), RecordKind.STEPPED).step
        assert step is not None
        assert (step.number, step.epoch, step.weight, float(step.baseline)) == (0, FIRST, 50, 0.8)
        wanted = ArmTest.planned(minimum_lift=0.0, target_lift=0.02, rates=Rates(0.01), variance=0.8 * 0.2)
        test = ArmTest.from_json(step.test or {})
        assert test == replace(wanted, bets=test.bets, harm_bets=test.harm_bets)
        assert test.bets.fractions == pytest.approx(wanted.bets.fractions)

    def test_a_later_step_expects_what_current_came_to_so_far(self) -> None:
        """All of current's results until then, of the watch and of the steps; the test stays that of the first one."""
        life = stepping()
        life.count(FIRST, arms((10, 10), (200, 100)))
        life.now += STEP_S
        life.settle()
        step = last(life, RecordKind.STEPPED).step
        assert step is not None
        assert (step.number, step.epoch, step.weight, step.test) == (1, SECOND, 500, None)
        assert float(step.baseline) == pytest.approx((160 + 100) / 400)

    def test_a_step_lasts_from_when_all_routers_have_loaded_it(self) -> None:
        """A router that lags still gives nobody to the candidate: its time does not count."""
        life = watching()
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        life.cycle()
        life.cycle()
        life.loads = False
        for _ in range(3):
            life.cycle()
        load(life, "r-1")
        life.now += 3 * STEP_S
        life.cycle()
        assert verdict(life)[:2] == (VerdictKind.HOLD, "StepLoading")
        load(life, "r-1", "r-2")
        loaded_at = life.now
        life.cycle()
        for later, reason in ((0.5, "Step"), (STEP_S - 0.1, "Step"), (STEP_S, "StepDone")):
            life.now = loaded_at + later
            plan = life.plan()
            assert plan.status.trial is not None
            assert plan.status.trial.verdict is not None
            assert plan.status.trial.verdict.reason == reason
            assert [record.kind.value for record in plan.records] == (["Stepped"] if reason == "StepDone" else [])

    def test_a_step_of_no_length_is_loaded_all_the_same(self) -> None:
        """Its record is not its beginning: no step is passed over, however little was asked of it."""
        steps = [{"weight": weight, "minimumDuration": "0s"} for weight in ("5%", "50%", "90%")]
        life = watching(strategy={"canary": {"steps": steps}})
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        life.loads = False
        for _ in range(6):
            life.cycle()
        assert (kinds(life).count("Stepped"), shared(life)) == (1, (50, FIRST))
        life.loads, seen = True, []
        for _ in range(8):
            life.cycle()
            seen.append(shared(life)[0])
        assert list(dict.fromkeys(seen)) == [50, 500, 900]

    def test_the_cycle_comes_back_when_a_step_may_be_over(self) -> None:
        """Time alone changes it; nothing else would wake the operator."""
        life = stepping()
        wait = life.plan().requeue_after
        assert wait is not None
        assert 0 < wait < STEP_S

    @pytest.mark.parametrize(("units", "steps"), [(49, False), (50, True)])
    def test_a_step_waits_for_its_own_mature_units(self, units: int, steps: bool) -> None:
        """Both arms together, known or not; those of other epochs and those that are still open are none of it."""
        asked = [
            CANARY["canary"]["steps"][0],
            {"weight": "50%", "minimumDuration": "10s", "minimumUnits": 50},
            {"weight": "90%"},
        ]
        life = last_step(strategy={"canary": {"steps": asked}})
        seen = arms((1, 1), (units - 11, 20), unknown_by_arm={"candidate": 3, "current": 7})
        life.count(
            SECOND, seen.model_copy(update={"booked": 5000, "units_by_arm": {"candidate": 2500, "current": 2500}})
        )
        life.now += STEP_S
        life.settle()
        assert kinds(life).count("Stepped") == 2 + steps
        if not steps:
            assert verdict(life)[:2] == (VerdictKind.HOLD, "Step")
            assert "49 of 50 units are mature" in verdict(life)[2]

    def test_a_lift_is_promoted_from_the_last_step_only(self) -> None:
        """However soon it is proven: no larger share is tried before all of it."""
        life = stepping()
        life.count(FIRST, arms((500, 495), (9_500, 7_600)))
        life.settle()
        assert (verdict(life)[:2], kinds(life).count("Stepped")) == ((VerdictKind.HOLD, "Step"), 1)
        life.now += STEP_S
        life.settle()
        assert shared(life) == (500, SECOND)
        assert verdict(life)[1] == "Step", "a step that has just begun has not lasted"
        life.now += STEP_S
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.PROMOTED, "LiftProven")
        assert kinds(life) == ["Started", "Counting", "Stepped", "Stepped", "Promoted"]

    def test_a_promotion_can_be_reached_again_from_its_record(self) -> None:
        """Both steps with their own weights and baselines, the frozen test, and nothing of the watch."""
        life = last_step()
        life.count(SECOND, LIFT)
        life.now += STEP_S
        (record,) = life.cycle().records
        assert record.case is not None
        ruling = cases.rule(cases.from_json(record.case))
        assert (ruling.reason, record.reason) == (Reason.LIFT_PROVEN, "LiftProven")
        assert [(epoch["number"], epoch["weight"]) for epoch in record.case["promotion"]] == [
            (FIRST, 50),
            (SECOND, 500),
        ]
        assert record.evidence is not None
        assert (record.evidence.n, record.evidence.candidate_units, record.evidence.current_units) == (4200, 2010, 2190)
        assert (record.evidence.candidate_mean, record.evidence.current_mean) == ("0.8995", "0.8")

    def test_units_stay_where_they_are_from_step_to_step(self) -> None:
        """The same salt and the same header: a larger share only adds units."""
        life = stepping(unit={"header": "x-user-id"})
        first = intent(life).trial
        life.now += STEP_S
        life.settle()
        second = intent(life).trial
        assert first is not None
        assert second == first.model_copy(update={"epoch": SECOND})
        assert first.unit_header == "x-user-id"

    @pytest.mark.parametrize("fails_open", [True, False])
    def test_whether_current_stands_behind_a_candidate_is_the_users_to_say(self, fails_open: bool) -> None:
        """Switched off where a request must not be sent twice."""
        canary = {**CANARY["canary"], "failOpen": fails_open}
        split = intent(stepping(strategy={"canary": canary})).split
        assert split is not None
        assert split.fail_open is fails_open


class TestEnd:
    """Each end is a record first; then nobody meets the candidate any more."""

    @pytest.mark.parametrize("loads", [True, False], ids=["routers answer", "routers do not answer"])
    @pytest.mark.parametrize(("start", "epoch"), [(stepping, FIRST), (last_step, SECOND)])
    def test_harm_ends_any_step_and_the_split_is_gone_at_once(
        self, start: Callable[[], Life], epoch: int, loads: bool
    ) -> None:
        """It waits for no step to last; the very next configuration gives everything to current."""
        life = start()
        life.count(epoch, HARM[epoch])
        life.loads = loads
        plan = life.cycle()
        assert [(record.kind, record.reason) for record in plan.records] == [(RecordKind.REJECTED, "Harm")]
        assert plan.router is None
        assert life.cycle().router is not None
        assert (shared(life), intent(life).serve, intent(life).weight) == ((None, None), "current", 0)
        life.loads = True
        assert life.settle().phase is Phase.REJECTED
        assert {workload.replicas for workload in life.workloads.values()} == {0}

    def test_harm_speaks_through_whatever_holds_a_step_back(self) -> None:
        """Lost pods, a hand on the traffic: neither keeps a harmful candidate in its trial."""
        life = stepping()
        life.count(FIRST, HARM[FIRST])
        life.workloads = {name: replace(workload, ready=0) for name, workload in life.workloads.items()}
        life.starts = False
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.REJECTED, "Harm")

    def test_a_target_that_is_out_of_reach_ends_it(self) -> None:
        """40,000 units on which both do as well: two points are not there, and the message says so in the user's words."""
        life = last_step()
        life.count(SECOND, EVEN)
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.REJECTED, "Futility")
        assert "below spec.objective.targetLift, after 40200 units" in record.message

    @pytest.mark.parametrize(
        ("start", "units"),
        [(watching, {}), (stepping, {}), (stepping, {FIRST: arms((500, 495), (9_500, 7_600))}), (last_step, {})],
        ids=["watch", "first step", "first step, proven", "last step"],
    )
    def test_the_deadline_ends_what_is_not_promoted(self, start: Callable[[], Life], units: dict[int, Any]) -> None:
        """Also where only a larger share was in the way: there is no time for it any more."""
        life = start()
        for epoch, counters in units.items():
            life.count(epoch, counters)
        life.now += 3600
        before = kinds(life)
        assert life.settle().phase is Phase.EXPIRED
        assert kinds(life) == [*before, "Expired"]
        assert shared(life) == (None, None)

    def test_what_is_proven_in_the_last_step_is_promoted_at_the_deadline(self) -> None:
        """The one look at that moment is a look like others."""
        life = last_step()
        life.count(SECOND, LIFT)
        life.now += 3600
        (record,) = life.cycle().records
        assert record.kind is RecordKind.PROMOTED

    @pytest.mark.parametrize(
        "steps",
        [
            [{"weight": "10%", "minimumDuration": "10s"}, {"weight": "50%", "minimumDuration": "10s"}],
            [{"weight": "5%", "minimumDuration": "1s"}, {"weight": "50%", "minimumDuration": "10s"}],
            [{"weight": "5%", "minimumDuration": "10s"}],
            [*CANARY["canary"]["steps"], {"weight": "90%", "minimumDuration": "10s"}],
        ],
        ids=["weight", "duration", "fewer", "more"],
    )
    def test_other_steps_are_another_trial(self, steps: list[dict[str, Any]]) -> None:
        """What was planned is frozen: the trial is abandoned, and the next one watches current first."""
        life = stepping()
        salt = intent(life).trial
        life.edit(strategy={"canary": {"steps": steps}})
        (record,) = life.cycle().records
        assert (record.kind, record.reason) == (RecordKind.ABANDONED, "SpecChanged")
        life.settle()
        assert kinds(life)[-2:] == ["Abandoned", "Started"]
        assert shared(life) == (0, WATCH_EPOCH)
        now = intent(life).trial
        assert salt is not None
        assert now is not None
        assert now.salt != salt.salt, "the same users are not the first ones of every trial"


class TestHands:
    """What a person does meanwhile, and what an operator forgets."""

    def test_serve_current_takes_all_traffic_at_once_and_auto_brings_the_step_back(self) -> None:
        """No record and no new epoch: the trial waits, and the step lasts anew from when it is loaded again."""
        life = last_step()
        before, route = kinds(life), intent(life)
        life.edit(serve="Current")
        life.cycle()
        assert (shared(life), intent(life).serve, intent(life).weight) == ((None, None), "current", 0)
        status = life.settle()
        assert status.phase is Phase.PENDING
        progressing = life.condition("Progressing")
        assert progressing is not None
        assert progressing.reason == "ServeOverride"
        life.count(SECOND, LIFT)
        life.now += 5 * STEP_S
        life.edit(serve="Auto")
        life.settle()
        assert (intent(life).split, intent(life).trial) == (route.split, route.trial)
        assert (kinds(life), verdict(life)[1]) == (before, "Step")
        life.now += STEP_S
        assert life.cycle().records[0].kind is RecordKind.PROMOTED

    def test_a_watch_waits_while_a_person_holds_the_traffic(self) -> None:
        """Nothing is measured then, and nobody is moved by what was."""
        life = watching()
        life.edit(serve="Current")
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        life.settle()
        assert (kinds(life), shared(life)) == (["Started"], (None, None))

    @pytest.mark.parametrize("start", [watching, stepping, last_step])
    def test_a_pause_freezes_share_and_epoch(self, start: Callable[[], Life]) -> None:
        """Though the next step, or a promotion, would be due; afterwards life goes on where it was."""
        life = start()
        before, split = kinds(life), shared(life)
        life.edit(paused=True)
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        life.count(SECOND, LIFT)
        life.now += 5 * STEP_S
        assert life.settle().phase is Phase.PAUSED
        assert (kinds(life), shared(life)) == (before, split)
        life.edit(paused=False)
        life.settle()
        assert len(kinds(life)) > len(before)

    def test_a_step_that_was_decided_before_a_pause_waits_for_its_end(self) -> None:
        """The record is written and its effect is not there yet: the share in force stays, with its epoch."""
        life = stepping()
        life.now += STEP_S
        assert life.cycle().records[0].kind is RecordKind.STEPPED
        life.edit(paused=True)
        life.settle()
        assert shared(life) == (50, FIRST)
        life.edit(paused=False)
        life.settle()
        assert shared(life) == (500, SECOND)

    def test_a_pause_ends_with_the_time_box(self) -> None:
        """Proven or not: nothing is promoted while a person has asked for a pause."""
        life = last_step()
        life.count(SECOND, LIFT)
        life.edit(paused=True)
        life.settle()
        life.now += 3600
        life.settle()
        assert kinds(life)[-1] == "Expired"

    @pytest.mark.parametrize("start", [watching, stepping, last_step])
    def test_an_operator_that_starts_again_changes_nothing(self, start: Callable[[], Life]) -> None:
        """Share, epoch and the step under way are in the records; what is lost is the time that a step had lasted."""
        life = start()
        before, route = life.records, intent(life)
        forget(life)
        life.settle()
        assert (life.records, intent(life)) == (before, route)
        life.now += STEP_S
        life.count(WATCH_EPOCH, arms(current=(200, 160)))
        life.count(SECOND, LIFT)
        life.settle()
        assert len(life.records) > len(before)

    @pytest.mark.parametrize("how", ["the recorder is away", "it knows nothing"])
    def test_without_counters_a_canary_stays_as_it_is(self, how: str) -> None:
        """Unknown widens nothing, and takes nothing away."""
        life = stepping()
        before, split = kinds(life), shared(life)
        life.now += STEP_S
        life.error = "no answer" if how == "the recorder is away" else None
        life.counters = {}
        life.settle()
        assert (kinds(life), shared(life)) == (before, split)
        assert verdict(life)[:2] == (VerdictKind.ERROR, "EvidenceUnavailable")
