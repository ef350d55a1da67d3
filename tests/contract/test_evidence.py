"""The port `Evidence`: what the operator may rely on, asked of the fake and of the recorder program alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import aiohttp
import pytest

from shadowlift.adapters.recorder import RecorderClient
from shadowlift.adapters.token import TokenFile
from shadowlift.api.ledger import TrialRegistration
from shadowlift.errors import InvalidInput, Unavailable
from shadowlift.reconcile.ports import Evidence
from tests.component.recorder.api_server import serve
from tests.component.recorder.program import Recorder, people, registration
from tests.support.world import FakeRecorder
from tests.unit.rollout.tale import tell

pytestmark = pytest.mark.timeout(60)
TRIAL, OTHER = "trial-0001", "trial-0002"


@dataclass
class Bench:
    """A recorder as the operator sees it, and a way to take it away."""

    evidence: Evidence
    stop: Callable[[], Awaitable[Any]]


@asynccontextmanager
async def fake(_: Path) -> AsyncIterator[Bench]:
    recorder = FakeRecorder()

    async def stop() -> None:
        recorder.down = True

    yield Bench(recorder, stop)


@asynccontextmanager
async def program(folder: Path) -> AsyncIterator[Bench]:
    token = folder / "operator-token"
    token.write_text("operator")
    async with serve(people()) as tokens, Recorder(folder, tokens) as recorder, aiohttp.ClientSession() as session:
        client = RecorderClient(session, recorder.url, TokenFile(token))
        yield Bench(client, lambda: recorder.stop(SIGKILL))


@pytest.fixture(params=[fake, program], ids=["fake", "program"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with request.param(tmp_path) as one:
        yield one


def trial(uid: str = TRIAL, **changes: Any) -> TrialRegistration:
    return TrialRegistration.model_validate(registration(uid, **changes))


async def test_a_ledger_has_one_identity(bench: Bench):
    """The same at every look, also without any trial: by it lost evidence is noticed."""
    first, second = await bench.evidence.counters([]), await bench.evidence.counters([TRIAL])
    assert first.ledger_id
    assert first.ledger_id == second.ledger_id


async def test_unknown_trials_are_listed(bench: Bench):
    """Never an empty answer that looks like no evidence yet; known ones have counters, all zero."""
    await bench.evidence.register(trial())
    answer = await bench.evidence.counters([TRIAL, OTHER])
    assert [one.uid for one in answer.trials] == [TRIAL]
    assert answer.unknown == [OTHER]
    (counters,) = answer.trials
    assert (counters.epochs, counters.open, counters.outcomes, counters.orphans) == ({}, 0, 0, 0)


async def test_registering_may_be_repeated_and_routers_may_change(bench: Bench):
    """A new router pod, or the end of the trial, is the same registration again."""
    await bench.evidence.register(trial())
    await bench.evidence.register(trial())
    await bench.evidence.register(trial(routers=["router-1", "router-2"]))
    await bench.evidence.register(trial(closed=True))
    assert (await bench.evidence.counters([TRIAL])).unknown == []


@pytest.mark.parametrize(
    "change",
    [{"frozenHash": "other"}, {"maturityUs": 1}, {"senders": ["another"]}, {"missing": "AtRandom"}],
    ids=lambda c: next(iter(c)),
)
async def test_a_registration_never_contradicts_the_first(bench: Bench, change: dict[str, Any]):
    """What is frozen stays: another question is another trial."""
    await bench.evidence.register(trial())
    with pytest.raises(InvalidInput):
        await bench.evidence.register(trial(**change))


async def test_a_record_is_kept_beside_its_trial(bench: Bench):
    """Again is fine."""
    await bench.evidence.register(trial())
    (record,) = tell(("Started", TRIAL)).records
    for _ in range(2):
        await bench.evidence.keep_record(TRIAL, "triage-started", record)


async def test_a_record_never_changes(bench: Bench):
    """Another content under the same name is refused."""
    await bench.evidence.register(trial())
    one, other = tell(("Started", TRIAL)).records[0], tell(("Started", TRIAL, {"alpha": 0.5})).records[0]
    await bench.evidence.keep_record(TRIAL, "triage-started", one)
    with pytest.raises(InvalidInput):
        await bench.evidence.keep_record(TRIAL, "triage-started", other)


async def test_a_record_of_an_unknown_trial_is_refused(bench: Bench):
    """The trial first, then what was decided about it."""
    with pytest.raises(InvalidInput):
        await bench.evidence.keep_record(TRIAL, "triage-started", tell(("Started", TRIAL)).records[0])


async def test_a_recorder_that_is_gone_is_unavailable(bench: Bench):
    """Nothing is known then; it is tried again."""
    await bench.evidence.register(trial())
    await bench.stop()
    for ask in (
        lambda: bench.evidence.counters([TRIAL]),
        lambda: bench.evidence.register(trial()),
        lambda: bench.evidence.keep_record(TRIAL, "x", tell(("Started", TRIAL)).records[0]),
    ):
        with pytest.raises(Unavailable):
            await ask()
