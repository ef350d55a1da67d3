"""Who is asking: a bearer token becomes a `Caller`. Called by `http` for every request under /v1.

`Reviewer` is the port to whoever knows tokens; `token_review` is its adapter to the API server. A verdict is kept for
a minute under the token's hash, never the token.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Protocol

from shadowlift.recorder.clock import Clock

CACHE_US = 60_000_000  # a revoked token works for this long at most
REFUSED_CACHE_US = 5_000_000  # a token that becomes valid (clock skew at its birth) is asked about again soon
MAX_CACHED = 10_000
_PREFIX = "system:serviceaccount:"


@dataclass(frozen=True)
class Caller:
    """An authenticated user. What a user that is no ServiceAccount, or a token bound to no pod, lacks is None."""

    username: str
    namespace: str | None = None
    service_account: str | None = None
    pod_uid: str | None = None


def caller_of(username: str, pod_uid: str | None) -> Caller:
    """A caller by its user name, e.g. `system:serviceaccount:clinic:outcome-sender`."""
    parts = username.removeprefix(_PREFIX).split(":")
    if not username.startswith(_PREFIX) or len(parts) != 2:
        return Caller(username)
    return Caller(username, parts[0], parts[1], pod_uid)


class Reviewer(Protocol):
    """Knows whose a token is."""

    async def review(self, token: str) -> Caller | None:
        """The owner of a token made for our audience, or None. Repeatable.

        Raises:
            Unavailable: it cannot be told now.
        """


class KnownTokens:
    """A reviewer that has a list: for tests and for trying things out."""

    def __init__(self, callers: dict[str, Caller]) -> None:
        self._callers = callers

    async def review(self, token: str) -> Caller | None:
        """The listed owner."""
        return self._callers.get(token)


class CachingReviewer:
    """Asks another reviewer once per token and minute, also when many requests come at once."""

    def __init__(self, reviewer: Reviewer, clock: Clock) -> None:
        self._reviewer = reviewer
        self._clock = clock
        self._known: dict[bytes, tuple[int, Caller | None]] = {}  # hash -> until when, who
        self._asking: dict[bytes, asyncio.Lock] = {}

    async def review(self, token: str) -> Caller | None:
        """The owner as the other reviewer told it within the last minute."""
        digest = hashlib.sha256(token.encode()).digest()
        if (known := self._fresh(digest)) is not None:
            return known[1]
        async with self._asking.setdefault(digest, asyncio.Lock()):
            try:
                if (known := self._fresh(digest)) is not None:
                    return known[1]
                caller = await self._reviewer.review(token)
            finally:
                self._asking.pop(digest, None)
            if len(self._known) >= MAX_CACHED:
                self._known.clear()  # a flood of invalid tokens; asking again is cheaper than an eviction policy
            self._known[digest] = (self._clock() + (CACHE_US if caller else REFUSED_CACHE_US), caller)
            return caller

    def _fresh(self, digest: bytes) -> tuple[int, Caller | None] | None:
        known = self._known.get(digest)
        return known if known is not None and known[0] > self._clock() else None
