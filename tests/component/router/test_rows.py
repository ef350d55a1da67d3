"""What a trial's requests become at the recorder."""

import asyncio

import pytest

from shadowlift.api.capture import Track
from shadowlift.api.ledger import RowStatus
from shadowlift.resources.router.intent import Rival
from tests.component.router.stand import Stand, tried, until

pytestmark = pytest.mark.timeout(60)


async def test_every_request_becomes_one_live_and_one_shadow_row(pod: Stand) -> None:
    """N requests give N live and N shadow rows with pairwise equal ids, which the clients were told."""
    await pod.up(tried(pod))
    ids = []
    for burst in range(5):
        answers = await asyncio.gather(*(pod.ask(headers={"x-user-id": f"u{burst}-{n}"}) for n in range(60)))
        assert {status for status, _, _ in answers} == {200}
        ids += [headers["x-shadowlift-id"] for _, _, headers in answers]
    await until(lambda: len(pod.recorder.rows(Track.SHADOW)) >= 300, "all rows have come")
    live, shadow = pod.recorder.rows(Track.LIVE), pod.recorder.rows(Track.SHADOW)
    assert sorted(row.id for row in live) == sorted(row.id for row in shadow) == sorted(ids)
    assert {(row.status, row.value) for row in live + shadow} == {(RowStatus.OK, "benign")}
    assert len({row.unit for row in live}) == 300
    assert pod.recorder.tokens == {"Bearer a-token"}
    assert pod.recorder.batches[-1].lines_lost == 0


async def test_each_of_several_candidates_answers_a_copy_of_its_own(pod: Stand) -> None:
    """One live request, a copy and a row for each; a candidate that hangs keeps nobody's copies from the other."""
    await pod.process("challenger")
    rival = Rival(name="boosted", upstream=pod.processes["challenger"].upstream)
    await pod.up(tried(pod).model_copy(update={"rivals": (rival,)}))
    ids = [(await pod.ask())[2]["x-shadowlift-id"] for _ in range(40)]
    await until(lambda: len(pod.recorder.rows(Track.SHADOW)) >= 80, "all rows have come")
    by = {
        name: [row.id for row in pod.recorder.rows(Track.SHADOW) if row.candidate == name] for name in (None, "boosted")
    }
    assert sorted(by[None]) == sorted(by["boosted"]) == sorted(ids)
    assert (await pod.seen("candidate"))["requests"] == (await pod.seen("challenger"))["requests"] == 40
    await pod.mode("challenger", "hang")
    for _ in range(10):
        await asyncio.gather(*(pod.ask() for _ in range(30)))  # in all more than a candidate's places for copies
    await until(lambda: len(pod.recorder.rows(Track.LIVE)) >= 340, "all rows have come")
    assert (await pod.seen("candidate"))["requests"] == 340
