"""`bentoml serve triage_faulty.service:TriageFaulty` answers as triage_logreg does until POST /fault tells it to fail.

The mode belongs to the pod: it is a file in the temporary directory, so that a restarted process fails on.
"""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

import bentoml
from starlette.responses import Response
from triage.case import Case, diagnose
from triage.linear import load

Mode = Literal["ok", "error", "hang", "crash", "garbage", "late"]

MODEL = Path(__file__).parents[1] / "triage_logreg" / "model.json"
STATE = Path(tempfile.gettempdir(), "triage-fault-mode")
LATE_SECONDS = 2.0
"""Later than any sensible answerWithin, sooner than the service's own timeout."""


def mode() -> Mode:
    """How to fail now; `ok` until told otherwise."""
    told = STATE.read_text() if STATE.exists() else "ok"
    return next((known for known in get_args(Mode) if known == told), "ok")


@bentoml.service(workers=1, traffic={"timeout": 3600})
class TriageFaulty:
    """A candidate that can fail in each way a candidate can. The timeout leaves a hanging request hanging."""

    def __init__(self) -> None:
        self.model = load(MODEL)

    @bentoml.api(route="/fault")
    async def fault(self, mode: Mode) -> Mode:
        """From the next request on, fail in this way."""
        STATE.write_text(mode)  # noqa: ASYNC240 - a few bytes into memory
        return mode

    @bentoml.api(route="/triage")
    async def triage(self, case: Case, /) -> Any:  # a diagnosis, or a bare response: BentoML cannot describe both
        """The diagnosis, or the failure that was asked for."""
        match mode():
            case "error":
                return Response('{"error": "as asked"}', status_code=500, media_type="application/json")
            case "hang":
                await asyncio.Event().wait()
            case "crash":
                os._exit(1)
            case "garbage":
                return Response("<html>it works!</html>", media_type="text/html")
            case "late":
                await asyncio.sleep(LATE_SECONDS)
        return diagnose(self.model.probability(case))
