"""The whole way of evidence, with the real recorder: from a client's request to a win or a loss."""

import asyncio
from pathlib import Path

import pytest

from tests.component.recorder.api_server import serve
from tests.component.recorder.program import SHIPPER, Recorder, people, settled
from tests.component.router.stand import ROUTER, Stand, tried, until

pytestmark = pytest.mark.timeout(180)


async def test_requests_become_wins_and_losses(pod: Stand, tmp_path: Path) -> None:
    """Current and candidate differ on every request; 25 outcomes say that the candidate was right, 15 that it was wrong."""
    tokens = people()
    tokens.owners["a-token"] = (SHIPPER, ROUTER)
    async with serve(tokens), Recorder(tmp_path, tokens) as recorder:
        pod.recorder.url = recorder.url
        await pod.mode("candidate", "gzip")  # says malignant, where current says benign
        await pod.up(tried(pod))  # its first batches are refused: the trial is not registered yet
        await recorder.register(routers=[ROUTER], unitHeader="x-user-id", maturityUs=10_000_000)
        answers = await asyncio.gather(*(pod.ask(headers={"x-user-id": f"u{n % 40}"}) for n in range(40)))
        ids = [headers["x-shadowlift-id"] for _, _, headers in answers]
        truth = ["malignant"] * 25 + ["benign"] * 15
        status, _ = await recorder.outcomes(dict(zip(ids, truth, strict=True)))
        assert status == 202
        again = await asyncio.gather(*(pod.ask(headers={"x-user-id": f"u{n}"}) for n in range(10)))
        assert {status for status, _, _ in again} == {200}

        async def all_have_come() -> bool:
            epoch = (await recorder.counters())["epochs"].get("2", {})
            return bool(epoch.get("live") == 50)

        await until(all_have_come, "the recorder has all live rows")
        counters = await settled(recorder)
        epoch = counters["epochs"]["2"]
        assert (epoch["wins"], epoch["losses"], epoch["ties"]) == (25, 15, 0)
        assert (epoch["booked"], epoch["repeated"]) == (40, 10)
        assert [epoch[name] for name in ("candidateSilent", "unmatched", "ours", "gone", "unlabelled")] == [0] * 5
        assert [(router["uid"], router["linesLost"], router["shed"]) for router in counters["routers"]] == [
            (ROUTER, 0, 0)
        ]
