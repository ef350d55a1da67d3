"""The life cycle as data: phases, edges, step table, files and diagram say the same."""

import inspect
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from shadowlift.api.ledger import EpochCounters
from shadowlift.api.status import Phase
from shadowlift.rollout import steps
from shadowlift.rollout.decide import STEPS
from shadowlift.rollout.phases import EDGES, mermaid
from tests.support.world import BETTER, WORSE
from tests.unit.rollout.given import (
    CANARY,
    WARM,
    Life,
    arms,
    counting,
    last_step,
    promoted,
    stepping,
    warming,
    watching,
)


def test_every_phase_has_its_file_its_step_and_its_edges():
    """The folder listing is the life cycle; the table is its index; nothing is left over on either side."""
    folder = Path(inspect.getfile(steps)).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "step"}
    assert files == {phase.value.lower() for phase in Phase}
    assert set(STEPS) == set(EDGES) == set(Phase)
    for phase, step in STEPS.items():
        assert Path(inspect.getfile(step)).stem == phase.value.lower()
        assert step.__name__ == phase.value.lower()


def test_edges_lead_elsewhere_and_every_phase_can_be_paused():
    """No phase follows itself; each can be paused, and a paused one can resume anywhere."""
    for phase, followers in EDGES.items():
        assert phase not in followers
        assert phase is Phase.PAUSED or Phase.PAUSED in followers
    assert EDGES[Phase.PAUSED] == frozenset(Phase) - {Phase.PAUSED}


def test_the_diagram_is_the_table():
    """Every edge but those of Paused, once; nothing else; the same text each time."""
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> Pending"]
    drawn = [tuple(line.strip().split(" --> ")) for line in lines[2:]]
    wanted = {(a.value, b.value) for a, after in EDGES.items() for b in after if Phase.PAUSED not in (a, b)}
    assert len(drawn) == len(set(drawn)) == len(wanted)
    assert set(drawn) == wanted
    assert mermaid() == mermaid()


def rejected() -> Life:
    life = counting()
    life.count(2, EpochCounters(**WORSE))
    life.settle()
    return life


def expired() -> Life:
    life = counting()
    life.now += 3601
    life.settle()
    return life


def pending() -> Life:
    life = Life(starts=False)
    life.settle()
    return life


def paused() -> Life:
    life = counting()
    life.edit(paused=True)
    life.settle()
    return life


IN_PHASE: dict[Phase, Callable[[], Life]] = {
    Phase.PENDING: pending,
    Phase.SHADOWING: counting,
    Phase.CANARY: stepping,
    Phase.PROMOTED: promoted,
    Phase.REJECTED: rejected,
    Phase.EXPIRED: expired,
    Phase.PAUSED: paused,
}
BENTO = {"image": "logreg:1", "replicas": 2}


def evidence(life: Life, counters: dict) -> None:
    """Evidence comes, where a trial is known."""
    if life.status and life.status.trial and life.trial in life.counters:
        better = counters is BETTER
        life.count(0, arms(current=(200, 160)))
        life.count(1, WARM)
        life.count(2, EpochCounters(**counters))
        life.count(3, arms((500, 450 if better else 200), (9_500, 7_600)))
        life.count(4, arms((2_000, 1_800 if better else 800), (2_000, 1_600)))


def forget(life: Life) -> None:
    """The operator starts again, and status is lost."""
    life.status = life.last = None


EVENTS: dict[str, Callable[[Life], object]] = {
    "the candidate proves a lift": lambda life: evidence(life, BETTER),
    "the candidate does harm": lambda life: evidence(life, WORSE),
    "the deadline comes": lambda life: setattr(life, "now", life.now + 3601),
    "pause": lambda life: life.edit(paused=True),
    "resume": lambda life: life.edit(paused=False),
    "serve current": lambda life: life.edit(serve="Current"),
    "serve the candidate": lambda life: life.edit(serve="logreg"),
    "serve by evidence": lambda life: life.edit(serve="Auto"),
    "another image": lambda life: life.edit(candidates=[{"name": "logreg", "bento": {**BENTO, "image": "logreg:2"}}]),
    "another try": lambda life: life.edit(trial="2"),
    "another current": lambda life: life.edit(current={"service": {"name": "rules", "port": 8080}, "revision": "2"}),
    "adoption": lambda life: life.edit(current={"bento": BENTO}),
    "the recorder is gone": lambda life: setattr(life, "error", "no answer"),
    "current is gone": lambda life: setattr(life, "service", None),
    "time passes": lambda life: setattr(life, "now", life.now + 20),
    "steps instead of a shadow": lambda life: life.edit(strategy=CANARY),
    "the candidate starts": lambda life: setattr(life, "starts", True),
    "the operator forgets": forget,
}


@cache
def settled_in(phase: Phase) -> Life:
    return IN_PHASE[phase]()


def walk(life: Life, events: list[str], cycles: int) -> None:
    """Let events happen one after another, with some cycles after each; every change of phase must be an edge."""
    at = life.plan().status.phase
    for number, name in enumerate(events):
        EVENTS[name](life)
        for _ in range(cycles):
            after = life.cycle().status.phase
            assert after is at or after in EDGES[at], f"{at} -> {after} after {events[: number + 1]}"
            at = after


@pytest.mark.parametrize("phase", Phase)
def test_whatever_happens_next_follows_an_edge(phase: Phase):
    """From every phase, under every event, cycle by cycle: only edges of the table are walked."""
    assert settled_in(phase).plan().status.phase is phase
    for name in EVENTS:
        walk(settled_in(phase).copy(), [name], cycles=3)


@pytest.mark.parametrize("phase", Phase)
def test_whatever_happens_at_any_moment_follows_an_edge(phase: Phase):
    """Events that come while effects of the one before are still on their way; seeded, so that a failure can be repeated."""
    chance = random.Random(phase.value)
    for _ in range(4):
        walk(settled_in(phase).copy(), chance.sample(sorted(EVENTS), 5), cycles=chance.randint(1, 3))


@pytest.mark.parametrize(
    ("start", "phase"),
    [
        (warming, Phase.SHADOWING),
        (counting, Phase.SHADOWING),
        (watching, Phase.CANARY),
        (stepping, Phase.CANARY),
        (last_step, Phase.CANARY),
        (promoted, Phase.PROMOTED),
    ],
)
def test_the_named_worlds_are_what_they_say(start: Callable[[], Life], phase: Phase):
    """The builders of these tests hold what they promise."""
    life = start()
    assert life.status is not None
    assert life.status.phase is phase
