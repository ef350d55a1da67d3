"""Metrics: what a status says is what the series say; what is gone leaves no series behind."""

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.status import Phase
from shadowlift.telemetry.metrics import Metrics
from tests.support.world import BETTER
from tests.unit.rollout.given import Life, counting, promoted, warming


def series(metrics: Metrics) -> dict[str, float]:
    lines = metrics.text().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def show(metrics: Metrics, life: Life) -> dict[str, float]:
    metrics.show("clinic", "triage", life.plan().status)
    return series(metrics)


WHO = 'name="triage",namespace="clinic"'


def test_exactly_one_phase_is_one():
    """Every phase has a series, so that an alert can be written before the phase was ever reached."""
    metrics = Metrics()
    show(metrics, counting())
    seen = show(metrics, promoted())
    phases = {phase: seen[f'shadowlift_phase{{{WHO},phase="{phase.value}"}}'] for phase in Phase}
    assert phases == {phase: float(phase is Phase.PROMOTED) for phase in Phase}


def test_only_the_last_verdict_is_shown():
    """Another verdict takes the place of the one before."""
    metrics = Metrics()
    show(metrics, warming())
    life = counting()
    life.count(2, EpochCounters(wins=5, losses=5, ties=90, live=100))
    seen = show(metrics, life)
    assert [name for name in seen if name.startswith("shadowlift_verdict")] == [
        f'shadowlift_verdict{{kind="Hold",{WHO},reason="NotProven"}}'
    ]


def test_evidence_is_shown_as_numbers():
    """Also an e-value that no double holds: then it is infinite, not an error."""
    metrics, life = Metrics(), counting()
    life.count(2, EpochCounters(**{**BETTER, "wins": 9000, "losses": 0}))
    life.cycle()
    seen = show(metrics, life)
    assert seen[f"shadowlift_evidence_units{{{WHO}}}"] == 9900
    assert seen[f"shadowlift_evidence_lift{{{WHO}}}"] > 0.8
    assert seen[f"shadowlift_evidence_e_value{{{WHO}}}"] > 1e6


def test_a_new_trial_does_not_show_the_lift_of_the_one_before():
    """What is not known yet has no series: an alert on it must not fire for a candidate that is gone."""
    metrics, life = Metrics(), counting()
    life.count(2, EpochCounters(wins=5, losses=5, ties=90, live=100))
    life.cycle()
    assert f"shadowlift_evidence_lift{{{WHO}}}" in show(metrics, life)
    seen = show(metrics, warming())
    assert f"shadowlift_evidence_lift{{{WHO}}}" not in seen
    assert seen[f"shadowlift_evidence_units{{{WHO}}}"] == 0


def test_what_is_gone_leaves_nothing_behind():
    """All its series go, those of others stay; forgetting twice, or what was never shown, is fine."""
    metrics = Metrics()
    show(metrics, counting())
    metrics.show("clinic", "other", promoted().plan().status)
    for name in ("triage", "triage", "never-seen"):
        metrics.forget("clinic", name)
    seen = series(metrics)
    assert not any('name="triage"' in line for line in seen)
    assert any('name="other"' in line for line in seen)
    assert show(metrics, counting())[f'shadowlift_phase{{{WHO},phase="Shadowing"}}'] == 1


def test_counters_count():
    """Decisions by kind, API requests by method and code, cycles with their length and error."""
    metrics = Metrics()
    metrics.decided("Promoted")
    for code in (200, 200, 409, 0):
        metrics.requested("PATCH", code)
    metrics.cycled(0.02, None)
    metrics.cycled(3.0, "Unavailable")
    seen = series(metrics)
    assert seen['shadowlift_decisions_total{kind="Promoted"}'] == 1
    assert seen['shadowlift_api_requests_total{code="200",method="PATCH"}'] == 2
    assert seen['shadowlift_api_requests_total{code="0",method="PATCH"}'] == 1
    assert (seen["shadowlift_cycle_seconds_count"], seen["shadowlift_cycle_seconds_sum"]) == (2, 3.02)
    assert seen['shadowlift_cycle_errors_total{error="Unavailable"}'] == 1


def test_two_operators_in_one_process_do_not_share_series():
    """A registry of its own: nothing global."""
    one, two = Metrics(), Metrics()
    one.decided("Started")
    assert "shadowlift_decisions_total" in one.text().decode()
    assert "Started" not in two.text().decode()


def test_without_a_trial_nothing_of_the_one_before_is_left():
    """The spec asks for another one: neither its verdict nor its lift speaks of that."""
    metrics, life = Metrics(), counting()
    life.count(2, EpochCounters(wins=5, losses=5, ties=90, live=100))
    life.cycle()
    show(metrics, life)
    metrics.show("clinic", "triage", life.plan().status.model_copy(update={"trial": None}))
    left = [name for name in series(metrics) if name.startswith(("shadowlift_verdict", "shadowlift_evidence_l"))]
    assert left == []


def test_what_waits_for_a_person_is_one():
    """An alert need not know every reason."""
    metrics, life = Metrics(), counting()
    assert show(metrics, life)[f"shadowlift_stalled{{{WHO}}}"] == 0
    life.edit(deadline="1s")
    assert show(metrics, life)[f"shadowlift_stalled{{{WHO}}}"] == 1
    metrics.forget("clinic", "triage")
    assert f"shadowlift_stalled{{{WHO}}}" not in series(metrics)
