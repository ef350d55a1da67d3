"""The recorder's whole way, from registration to counters, over HTTP."""

import signal
from pathlib import Path

import pytest

from tests.component.recorder.api_server import serve
from tests.component.recorder.program import OUTCOMES, Recorder, batch, now, people, row, settled

pytestmark = pytest.mark.timeout(180)  # a real program, started anew by each test


async def test_pairs_meet_their_outcomes_and_are_counted(tmp_path: Path) -> None:
    """A win, a loss and a tie come out as such; SIGTERM ends the program with 0, and the next one knows everything."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        t = now()
        rows = [
            row(id_, track, value, t - 1000)
            for id_, current, candidate in (("a", "M", "B"), ("b", "M", "B"), ("c", "M", "M"))
            for track, value in (("live", current), ("shadow", candidate))
        ]
        # Outcomes first: however slow the machine, they are not late.
        status, receipt = await recorder.outcomes({"a": "B", "b": "M"})
        assert (status, receipt) == (202, {"accepted": 2, "pending": 2, "unchanged": 0, "changed": 0, "late": 0})
        assert await recorder.ship(batch(1, t, rows)) == 202
        counters = await settled(recorder)
        epoch = counters["epochs"]["2"]
        assert (epoch["wins"], epoch["losses"], epoch["ties"]) == (1, 1, 1)
        assert (await recorder.outcomes({"c": "B"}))[1]["late"] == 1
        assert await recorder.stop(signal.SIGTERM) == 0
        await recorder.start()
        assert (await recorder.counters())["epochs"] == counters["epochs"]
        _, page, _ = await recorder.send("GET", OUTCOMES + "?after=1&limit=1", token="sender")
        assert [outcome["key"] for outcome in page["outcomes"]] == ["b"]
        assert page["next"] == 2


async def test_counters_name_the_ledger_and_unknown_trials(tmp_path: Path) -> None:
    """A lost ledger is another ledger, and a trial that nobody registered is not one with zeros."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        _, answer, _ = await recorder.send(
            "POST", "/v1/counters", {"trials": ["trial-0001", "trial-9999", "trial-9999"]}
        )
        assert [trial["uid"] for trial in answer["trials"]] == ["trial-0001"]
        assert answer["unknown"] == ["trial-9999"]
        ledger_id = answer["ledgerId"]
        await recorder.stop(signal.SIGKILL)
        for file in tmp_path.glob("ledger.db*"):  # noqa: ASYNC240 - nothing else runs here
            file.unlink()
        await recorder.start()
        _, answer, _ = await recorder.send("POST", "/v1/counters", {"trials": ["trial-0001"]})
        assert answer["unknown"] == ["trial-0001"]
        assert answer["ledgerId"] != ledger_id
