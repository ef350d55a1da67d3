"""The adapter from `identity.Reviewer` to the API server's TokenReview. Built by `run`; errors are translated here."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp

from shadowlift.api.names import AUDIENCE
from shadowlift.errors import Unavailable
from shadowlift.recorder.identity import Caller, caller_of
from shadowlift.recorder.metrics import Metrics
from shadowlift.recorder.settings import Settings

_PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
_POD_UID = "authentication.kubernetes.io/pod-uid"
_TIMEOUT = aiohttp.ClientTimeout(total=5)  # callers wait for it, and have time-outs of their own


class TokenReviewer:
    """Asks the API server whose a token is. `close` it before its event loop ends."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._session: aiohttp.ClientSession | None = None

    async def review(self, token: str) -> Caller | None:
        """See `identity.Reviewer`."""
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [AUDIENCE]},
        }
        try:
            status = (await self._post(review)).get("status", {})
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self._metrics.token_reviews.labels("failed").inc()
            raise Unavailable(f"the API server cannot tell whose the token is: {type(error).__name__}") from error
        # An API server that does not know audiences leaves the list out: its answer would hold for any token.
        if not status.get("authenticated") or AUDIENCE not in status.get("audiences", []):
            self._metrics.token_reviews.labels("refused").inc()
            return None
        self._metrics.token_reviews.labels("authenticated").inc()
        user = status["user"]
        pod_uids = user.get("extra", {}).get(_POD_UID) or [None]
        return caller_of(user["username"], pod_uids[0])

    async def close(self) -> None:
        """Close the connections; safe to repeat."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, review: dict[str, Any]) -> dict[str, Any]:
        own = await asyncio.to_thread(Path(self._settings.token_file).read_text)  # each time: the kubelet renews it
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, connector=self._connector())
        headers = {"Authorization": f"Bearer {own.strip()}"}
        async with self._session.post(self._settings.api_server + _PATH, json=review, headers=headers) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer

    def _connector(self) -> aiohttp.TCPConnector:
        if self._settings.api_server.startswith("http://"):
            return aiohttp.TCPConnector()
        return aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=self._settings.ca_file))
