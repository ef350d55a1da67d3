"""What may be forgotten: refresh attempts with back-off, and the recorder's last answer."""

from itertools import pairwise

import pytest

from shadowlift.api.ledger import CountersAnswer, TrialCounters
from shadowlift.reconcile.memory import FIRST_REFRESH, LAST_REFRESH, EvidenceMemory, Memory


def test_a_refresh_is_repeated_with_back_off():
    """At once for a new version, then after 2, 4, 8 ... at most 60 seconds, each with its number."""
    memory, now, attempts = Memory(), 0.0, []
    for tick in range(4000):
        now = tick * 0.5
        attempt = memory.refresh_due("pod", "1-a", now)
        if attempt is not None:
            attempts.append((attempt, now))
    numbers, times = zip(*attempts, strict=True)
    assert list(numbers) == list(range(1, len(attempts) + 1))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[:5] == [FIRST_REFRESH * 2**n for n in range(5)]
    assert set(gaps[5:]) == {LAST_REFRESH}


@pytest.mark.parametrize(("pod", "version", "attempt"), [("pod", "2-b", 1), ("other", "1-a", 1), ("pod", "1-a", None)])
def test_another_version_or_pod_does_not_wait(pod: str, version: str, attempt: int | None):
    """Back-off is per pod and version."""
    memory = Memory()
    memory.refresh_due("pod", "1-a", 100.0)
    assert memory.refresh_due(pod, version, 100.1) == attempt


def test_nothing_is_known_before_the_recorder_was_asked():
    """A fresh operator has an error, not an empty answer."""
    memory = EvidenceMemory()
    assert (memory.ledger, memory.at) == (None, None)
    assert memory.error is not None


def test_an_answer_replaces_what_it_speaks_of():
    """Counters of trials that were not asked for stay; an error is over; an unknown trial is forgotten and registered again."""
    memory = EvidenceMemory()
    one, two = (TrialCounters(uid=f"trial-000{n}") for n in (1, 2))
    memory.take(answer([one, two], []), at=1.0)
    memory.registered = {one.uid: ("ledger-1", frozenset("r")), two.uid: ("ledger-1", frozenset("r"))}
    newer = one.model_copy(update={"open": 5})
    memory.take(answer([newer], [two.uid]), at=2.0)
    assert (memory.ledger, memory.at, memory.error) == ("ledger-1", 1_700_000_000.0, None), "by the recorder's clock"
    assert memory.counters == {one.uid: newer}
    assert set(memory.registered) == {one.uid}


def test_trials_and_pods_that_are_over_are_forgotten():
    """An operator that runs for months remembers what there is."""
    memory, key, other = Memory(), ("clinic", "triage"), ("clinic", "beds")
    one, two = (TrialCounters(uid=f"trial-000{n}") for n in (1, 2))
    memory.evidence.take(answer([one, two], []), at=1.0)
    memory.evidence.registered = {one.uid: ("ledger-1", frozenset("r")), two.uid: ("ledger-1", frozenset("r"))}
    memory.evidence.keep({two.uid})
    assert set(memory.evidence.counters) == set(memory.evidence.registered) == set(memory.evidence.traffic) == {two.uid}
    memory.see_routers(other, frozenset({"c"}))
    memory.see_routers(key, frozenset("ab"))
    for pod in "abc":
        memory.loaded[pod] = (0, "1-a")
        memory.refresh_due(pod, "1-a", 1.0)
    memory.see_routers(key, frozenset("b"))
    assert set(memory.loaded) == set(memory.refreshed) == {"b", "c"}
    memory.forget(key)
    assert set(memory.loaded) == set(memory.refreshed) == set("c")
    assert set(memory.routers) == {other}


def answer(trials: list[TrialCounters], unknown: list[str]) -> CountersAnswer:
    return CountersAnswer(
        ledger_id="ledger-1", schema_version=1, at=1_700_000_000_000_000, trials=trials, unknown=unknown
    )
