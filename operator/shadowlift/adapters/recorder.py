"""The recorder over HTTP: implements the port Evidence."""

from typing import Any

import aiohttp
from pydantic import BaseModel, ValidationError

from shadowlift.adapters.token import TokenFile
from shadowlift.api.ledger import CountersAnswer, CountersQuery, DecisionCopy, TrialRegistration
from shadowlift.api.record import Record
from shadowlift.errors import InvalidInput, Refused, Unavailable

_TIMEOUT = aiohttp.ClientTimeout(total=5.0)


class RecorderClient:
    """The operator's side of the recorder's API."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: TokenFile) -> None:
        self._session, self._url, self._token = session, url.rstrip("/"), token

    async def counters(self, trials: list[str]) -> CountersAnswer:
        """All counters of these trials in one call."""
        answer = await self._send("POST", "/v1/counters", CountersQuery(trials=trials))
        try:
            return CountersAnswer.model_validate(answer)
        except ValidationError as error:
            raise Unavailable(f"the recorder's answer is of another version: {error.errors()[0]['msg']}") from error

    async def register(self, registration: TrialRegistration) -> None:
        """Make a trial known."""
        await self._send("PUT", f"/v1/trials/{registration.uid}", registration)

    async def keep_record(self, trial: str, name: str, record: Record) -> None:
        """Keep a copy of a decision."""
        data = record.model_dump(mode="json", by_alias=True, exclude_none=True)
        await self._send("PUT", f"/v1/trials/{trial}/records/{name}", DecisionCopy(name=name, data=data))

    async def _send(self, method: str, path: str, body: BaseModel) -> Any:
        headers = {"Authorization": f"Bearer {self._token.read()}", "Content-Type": "application/json"}
        data = body.model_dump_json(by_alias=True)
        try:
            async with self._session.request(
                method, self._url + path, data=data, headers=headers, timeout=_TIMEOUT
            ) as answer:
                text = await answer.text()
                if answer.status < 300:
                    return await answer.json(content_type=None) if text else None
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:  # ValueError: what came is not JSON
            raise Unavailable(
                f"the recorder at {self._url} does not answer: {error or type(error).__name__}"
            ) from error
        message = f"recorder {method} {path}: {status}: {text[:300]}"
        if status in (401, 403):
            raise Refused(message)
        if status in (404, 409, 422):
            raise InvalidInput("recorder", message)
        raise Unavailable(message)
