"""The real recorder as a process on loopback, and a client that speaks to it as operator, shipper or sender."""

import asyncio
import io
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.component.ports import free_port
from tests.component.recorder.api_server import TokenList

OPERATOR = "system:serviceaccount:shadowlift-system:shadowlift-operator"
SENDER = "system:serviceaccount:clinic:outcome-sender"
SHIPPER = "system:serviceaccount:clinic:default"
SOURCE = Path(__file__).parents[3] / "operator"
DEADLINE = 30.0  # seconds for anything that should take a fraction of one


def people() -> TokenList:
    """The tokens of a small clinic: the operator, a sender, and two router pods."""
    return TokenList(
        {
            "operator": (OPERATOR, "operator-pod"),
            "sender": (SENDER, None),
            "router-1": (SHIPPER, "router-1"),
            "router-2": (SHIPPER, "router-2"),
            "stranger": ("system:serviceaccount:other:stranger", "stranger-pod"),
            "foreign-sender": ("system:serviceaccount:other:outcome-sender", None),
        }
    )


class Recorder:
    """One recorder process over one directory; it may be killed and started again."""

    session: aiohttp.ClientSession

    def __init__(self, folder: Path, tokens: TokenList, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own_token = folder / "token"
        own_token.write_text("recorder\n")
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SHADOWLIFT_DATABASE_URL": f"sqlite:///{folder}/ledger.db",
            "SHADOWLIFT_LISTEN": f"127.0.0.1:{self.port}",
            "SHADOWLIFT_OPERATOR_ACCOUNT": OPERATOR,
            "SHADOWLIFT_KUBERNETES_URL": tokens.url,
            "SHADOWLIFT_KUBERNETES_TOKEN_FILE": str(own_token),
            "SHADOWLIFT_GRACE": "100ms",
            **environment,
        }
        self.process: asyncio.subprocess.Process | None = None
        self.output = folder / "recorder.log"

    async def __aenter__(self) -> Self:
        """Started and ready."""
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE))
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Gone, whatever happened."""
        await self.stop(signal.SIGKILL)
        await self.session.close()

    async def spawn(self) -> asyncio.subprocess.Process:
        with self.output.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "shadowlift", "recorder", env=self.environment, stdout=output, stderr=output
            )

    async def start(self) -> None:
        """Start and wait until ready."""
        self.process = await self.spawn()
        async with asyncio.timeout(DEADLINE):
            while not await self._ready():
                if self.process.returncode is not None:
                    raise AssertionError(self.output.read_text())
                await asyncio.sleep(0.02)

    async def stop(self, number: signal.Signals) -> int | None:
        """Send a signal and wait for the end; the exit code."""
        if self.process is None or self.process.returncode is not None:
            return None
        self.process.send_signal(number)
        async with asyncio.timeout(DEADLINE):
            return await self.process.wait()

    async def send(
        self, method: str, path: str, body: Any = None, token: str = "operator"
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, parsed body and headers."""
        raw = io.BytesIO(body) if isinstance(body, bytes) else None
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        json = None if raw is not None or body is None else body
        async with self.session.request(method, self.url + path, json=json, data=raw, headers=headers) as response:
            answer = (
                await response.json(content_type=None) if "json" in response.content_type else await response.text()
            )
            return response.status, answer, dict(response.headers)

    async def register(self, uid: str = "trial-0001", **changes: Any) -> None:
        status, answer, _ = await self.send("PUT", f"/v1/trials/{uid}", registration(uid, **changes))
        assert status == 200, answer

    async def ship(self, body: dict[str, Any]) -> int:
        status, _, _ = await self.send("POST", "/v1/batches", body, token=body["router"])
        return status

    async def outcomes(self, values: dict[str, Any]) -> tuple[int, Any]:
        body = {"outcomes": [{"key": key, "value": value} for key, value in values.items()]}
        status, answer, _ = await self.send("POST", OUTCOMES, body, token="sender")
        return status, answer

    async def counters(self, uid: str = "trial-0001") -> dict[str, Any]:
        status, answer, _ = await self.send("POST", "/v1/counters", {"trials": [uid]})
        assert status == 200, answer
        trial: dict[str, Any] = answer["trials"][0]
        return trial

    async def _ready(self) -> bool:
        try:
            status, _, _ = await self.send("GET", "/readyz", token="")
        except aiohttp.ClientError:
            return False
        return status == 200


OUTCOMES = "/v1/namespaces/clinic/modeldeployments/triage/outcomes"


def registration(uid: str = "trial-0001", **changes: Any) -> dict[str, Any]:
    return {
        "uid": uid,
        "namespace": "clinic",
        "name": "triage",
        "resourceUid": "cr-1",
        "frozenHash": "abc",
        "startedAt": 0,
        "predictionType": "String",
        "missing": "Worst",
        "maturityUs": 200_000,
        "senders": ["outcome-sender"],
        "routers": ["router-1"],
        **changes,
    }


def row(id_: str, track: str, value: str, t: int, **changes: Any) -> dict[str, Any]:
    live = {"mirrored": True} if track == "live" else {}
    return {
        "trial": "trial-0001",
        "epoch": 2,
        "id": id_,
        "track": track,
        "t": t,
        "status": "ok",
        "value": value,
        **live,
        **changes,
    }


def batch(seq: int, t: int, rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {"version": 1, "router": "router-1", "seq": seq, "sentAt": t, "low": t, "rows": rows, **changes}


def now() -> int:
    """Unix microseconds, as routers write them."""
    return time.time_ns() // 1000


async def settled(recorder: Recorder, uid: str = "trial-0001") -> dict[str, Any]:
    """The counters as soon as no unit is open any more."""
    async with asyncio.timeout(DEADLINE):
        while (counters := await recorder.counters(uid))["open"]:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
    return counters
