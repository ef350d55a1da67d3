"""Leader election by a Lease, outside Kopf: one operator acts, the others keep their store warm and wait.

Called by `handlers.run`. Times are seconds; a lease not renewed for `DURATION` may be taken. The holder gives up before others may
take over, by its own monotonic clock, so that clocks need not agree.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

from shadowlift.adapters.clock import SystemClock
from shadowlift.adapters.kubernetes import KubernetesCluster
from shadowlift.errors import Conflict, NotFound, ShadowliftError

DURATION = 10
RENEW_DEADLINE = 7
RETRY = 1.5


class Lease:
    """One named lease and who we are."""

    def __init__(self, cluster: KubernetesCluster, namespace: str, name: str, identity: str) -> None:
        self._cluster, self._namespace, self._name, self._identity = cluster, namespace, name, identity
        self._clock = SystemClock()
        self._seen: tuple[str, float] = ("", 0.0)  # renewTime as written by the holder, and when we first saw it
        self._holder = ""  # as read last

    async def acquire(self) -> None:
        """Return once the lease is ours."""
        while not await self._try():  # noqa: ASYNC110 - the other side is an API server: there is no event to wait for
            await asyncio.sleep(RETRY)

    async def hold(self) -> None:
        """Renew; return only when the lease is lost: at once where somebody else has it, else before anybody can."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while loop.time() - renewed < RENEW_DEADLINE:
            started = loop.time()
            try:
                ours = await asyncio.wait_for(self._try(), RENEW_DEADLINE - (started - renewed))
            except TimeoutError:
                return
            if ours:
                renewed = started
            elif self._holder not in ("", self._identity):
                return
            await asyncio.sleep(RETRY)

    async def release(self) -> None:
        """Give the lease back on a clean exit, so that the next one need not wait."""
        try:
            lease = await self._cluster.get("Lease", self._namespace, self._name)
            if lease["spec"].get("holderIdentity") == self._identity:
                lease["spec"]["holderIdentity"] = ""
                await self._cluster.replace(lease)
        except ShadowliftError:
            return

    async def _try(self) -> bool:
        try:
            lease = await self._cluster.get("Lease", self._namespace, self._name)
        except NotFound:
            return await self._write(self._cluster.create, self._fresh())
        except ShadowliftError:
            return False
        spec = lease.get("spec") or {}
        holder, written = spec.get("holderIdentity") or "", spec.get("renewTime") or ""
        self._holder, now = holder, asyncio.get_running_loop().time()
        if written != self._seen[0]:
            self._seen = (written, now)
        if holder not in ("", self._identity) and now - self._seen[1] < DURATION:
            return False
        lease["spec"] = {**spec, **self._fresh()["spec"]}
        if holder != self._identity:
            lease["spec"]["leaseTransitions"] = spec.get("leaseTransitions", 0) + 1
        return await self._write(self._cluster.replace, lease)

    async def _write(self, write: Any, lease: dict[str, Any]) -> bool:
        try:
            written = await write(lease)
        except (Conflict, ShadowliftError):
            return False
        return bool(written["spec"].get("holderIdentity") == self._identity)

    def _fresh(self) -> dict[str, Any]:
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": DURATION,
                "renewTime": stamp,
            },
        }
