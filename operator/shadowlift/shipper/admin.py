"""Envoy's admin interface over its Unix socket. Used by `watch`, `forward` and `status`; translates its errors."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from shadowlift.api.capture import LINES_COUNTER, LoadedConfig
from shadowlift.errors import NotFound, Unavailable
from shadowlift.shipper.account import Reading

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_UNDER_WAY = (
    "http.live.downstream_rq_active",
    "http.shadow.downstream_rq_active",
    "cluster.shadow.upstream_rq_active",
    "cluster.shadow.upstream_rq_pending_active",
)
_SHED = ("cluster.shadow.upstream_rq_active_overflow", "cluster.shadow.upstream_rq_pending_overflow")
_VERSIONS = {
    "cds": "cluster_manager.cds",
    "lds": "listener_manager.lds",
    "live": "http.live.rds.live",
    "shadow": "http.shadow.rds.shadow",
}
_WARMING = "cluster_manager.warming_clusters"
_TROUBLE = ("update_rejected", "update_failure")


class Admin:
    """One Envoy. All calls may be repeated.

    All of them raise `NotFound` where no Envoy listens, and `Unavailable` where one listens but does not answer.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        connector = aiohttp.UnixConnector(path=str(self._socket))
        self._session = aiohttp.ClientSession("http://envoy", connector=connector, timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._session:
            await self._session.close()

    async def is_live(self) -> bool:
        """Whether Envoy has started and serves."""
        return (await self._call("GET", "/ready")).strip() == "LIVE"

    async def reopen_logs(self) -> None:
        """Ask Envoy to close its log and to open a new one at its old place; it does so with its next flush."""
        await self._call("POST", "/reopen_logs")

    async def reading(self, now: int) -> Reading:
        """The counters that account for lines."""
        try:
            born = self._socket.stat().st_mtime_ns // 1000  # Envoy makes the socket anew when it starts
        except OSError as error:
            raise NotFound("Envoy's admin socket is not there") from error
        stats = await self._stats((LINES_COUNTER, *_SHED, *_UNDER_WAY))
        return Reading(
            at=now,
            born=born,
            given=int(stats.get(LINES_COUNTER, "0")),
            shed=_sum(stats, _SHED),
            under_way=_sum(stats, _UNDER_WAY),
        )

    async def loaded(self, mounted: str | None) -> LoadedConfig:
        """What Envoy has in force, compared with what is mounted."""
        prefixes = _VERSIONS.values()
        names = [f"{prefix}.{name}" for prefix in prefixes for name in ("version_text", *_TROUBLE)]
        stats = await self._stats((*names, _WARMING))
        versions = {kind: stats.get(f"{prefix}.version_text") or None for kind, prefix in _VERSIONS.items()}
        warming = int(stats.get(_WARMING, "0"))
        rejected = _sum(stats, (f"{prefix}.{name}" for prefix in prefixes for name in _TROUBLE))
        agreed = mounted is not None and warming == 0 and set(versions.values()) == {mounted}
        return LoadedConfig(mounted=mounted, loaded=versions, warming=warming, rejected=rejected, agreed=agreed)

    async def prometheus(self) -> str:
        """All statistics in Prometheus' text format."""
        return await self._call("GET", "/stats/prometheus")

    async def _stats(self, names: tuple[str, ...]) -> dict[str, str]:
        pattern = "^(" + "|".join(re.escape(name) for name in names) + ")$"
        lines = (await self._call("GET", "/stats", filter=pattern)).splitlines()
        pairs = (line.partition(": ") for line in lines)
        return {name: value.strip('"') for name, _, value in pairs}

    async def _call(self, method: str, path: str, **query: str) -> str:
        if self._session is None:
            raise Unavailable("not connected")
        try:
            async with self._session.request(method, path, params=query) as response:
                return await response.text()
        except aiohttp.ClientConnectorError as error:
            raise NotFound("no Envoy listens on the admin socket") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"Envoy's admin did not answer {path}: {error!r}") from error


def _sum(stats: dict[str, str], names: Iterable[str]) -> int:
    return sum(int(stats.get(name, "0")) for name in names)
