"""One leader. Races over real HTTP; everything about time on a clock that jumps, with the real durations."""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from shadowlift.adapters import lease
from shadowlift.adapters.lease import DURATION, RENEW_DEADLINE, RETRY, Lease
from shadowlift.errors import Conflict, NotFound, ShadowliftError, Unavailable
from tests.component.adapters.api_server import ApiServer, connected, serve
from tests.unit.reconcile.loop import run

LEASE = "/apis/coordination.k8s.io/v1/namespaces/system/leases/operator"


@asynccontextmanager
async def contenders(*names: str) -> AsyncIterator[tuple[ApiServer, list[Lease]]]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve())
        clusters = [(await stack.enter_async_context(connected(server.url)))[0] for _ in names]
        yield (
            server,
            [Lease(cluster, "system", "operator", name) for cluster, name in zip(clusters, names, strict=True)],
        )


def holder(server: ApiServer) -> str:
    return str(server.objects[LEASE]["spec"]["holderIdentity"])


async def test_of_many_that_try_at_once_one_gets_it():
    """Creating or replacing: resourceVersion decides, for a new lease and for one that was given back."""
    async with contenders(*"abcdef") as (server, leases):
        for _ in range(3):
            won = await asyncio.gather(*(one._try() for one in leases))
            assert sum(won) == 1
            winner = leases[won.index(True)]
            assert holder(server) == winner._identity
            await winner.release()
            assert holder(server) == ""


async def test_a_lease_that_is_given_back_is_taken_at_once(monkeypatch: pytest.MonkeyPatch):
    """A clean exit costs the others one retry, not the whole duration; the change is counted."""
    monkeypatch.setattr(lease, "RETRY", 0.01)
    async with contenders("a", "b") as (server, (first, second)):
        await first.acquire()
        waiting = asyncio.create_task(second.acquire())
        await first.release()
        async with asyncio.timeout(DURATION / 2):
            await waiting
        assert holder(server) == "b"
        assert server.objects[LEASE]["spec"]["leaseTransitions"] == 1


async def test_giving_back_what_is_not_ours_does_nothing():
    """Neither a lease of somebody else nor one that is not there."""
    async with contenders("a", "b") as (server, (first, second)):
        await second.release()
        assert server.objects == {}
        await first.acquire()
        await second.release()
        assert holder(server) == "a"


async def test_a_renewal_writes_what_kubernetes_wants():
    """Holder, duration and a MicroTime; what others wrote into the lease stays."""
    async with contenders("a") as (server, (first,)):
        await first.acquire()
        server.objects[LEASE]["metadata"]["labels"] = {"by": "somebody"}
        assert await first._try()
        spec = server.objects[LEASE]["spec"]
        assert (spec["holderIdentity"], spec["leaseDurationSeconds"]) == ("a", DURATION)
        assert spec["renewTime"].endswith("Z")
        assert len(spec["renewTime"].split(".")[1]) == 7
        assert server.objects[LEASE]["metadata"]["labels"] == {"by": "somebody"}


class Leases:
    """What a lease needs of a cluster, in memory. `trouble` makes every call fail; `hangs` makes it wait for ever."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.trouble: ShadowliftError | None = None
        self.hangs = False
        self.versions = 0

    async def _reach(self) -> None:
        await asyncio.sleep(3600 * 24 if self.hangs else 0.01)
        if self.trouble is not None:
            raise self.trouble

    async def get(self, _kind: str, _namespace: str, _name: str) -> dict[str, Any]:
        await self._reach()
        if self.lease is None:
            raise NotFound("lease")
        return copy.deepcopy(self.lease)

    async def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        await self._reach()
        return copy.deepcopy(self.lease) if self.lease is not None else self._store(manifest)

    async def replace(self, manifest: dict[str, Any]) -> dict[str, Any]:
        await self._reach()
        if self.lease is None or manifest["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise Conflict("lease")
        return self._store(manifest)

    def _store(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.versions += 1
        self.lease = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": str(self.versions)}}
        return copy.deepcopy(self.lease)

    @property
    def holder(self) -> str:
        return self.lease["spec"]["holderIdentity"] if self.lease else ""

    def contender(self, name: str) -> Lease:
        return Lease(self, "system", "operator", name)  # type: ignore[arg-type]


def now() -> float:
    return asyncio.get_running_loop().time()


def test_the_times_fit_together():
    """The holder gives up, with its last wait, before anybody may take over; one lost renewal changes no leader."""
    assert RENEW_DEADLINE + RETRY < DURATION
    assert RETRY * 3 < RENEW_DEADLINE


def test_a_lease_that_is_renewed_is_never_taken():
    """However long the other one waits."""

    async def scenario() -> None:
        leases = Leases()
        await leases.contender("a").acquire()
        holding = asyncio.create_task(leases.contender("a").hold())
        waiting = asyncio.create_task(leases.contender("b").acquire())
        await asyncio.sleep(600)
        assert not holding.done()
        assert not waiting.done()
        assert leases.holder == "a"

    run(scenario())


@pytest.mark.parametrize("clock", ["1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"])
def test_a_dead_holder_is_succeeded_after_the_duration_and_not_before(clock: str):
    """By the contender's own clock, from when it first saw the last renewal: whose clocks are wrong does not matter."""

    async def scenario() -> None:
        leases = Leases()
        await leases.contender("a").acquire()
        assert leases.lease is not None
        leases.lease["spec"]["renewTime"] = clock
        began = now()
        await leases.contender("b").acquire()
        assert DURATION <= now() - began < DURATION + 2 * RETRY
        assert leases.holder == "b"

    run(scenario())


@pytest.mark.parametrize("trouble", ["refusing", "silent", "gone"])
def test_a_holder_that_cannot_renew_stops_before_others_may_begin(trouble: str):
    """Counted from the last renewal that it is sure of."""

    async def scenario() -> None:
        leases = Leases()
        first = leases.contender("a")
        await first.acquire()
        holding = asyncio.create_task(first.hold())
        await asyncio.sleep(60)
        assert leases.lease is not None
        renewed = copy.deepcopy(leases.lease["spec"]["renewTime"])
        leases.trouble = Unavailable("no answer") if trouble != "silent" else None
        leases.hangs = trouble == "silent"
        began = now()
        await holding
        assert now() - began < DURATION
        assert leases.lease["spec"]["renewTime"] == renewed

    run(scenario())


@pytest.mark.parametrize("error", [Unavailable("no answer"), Conflict("somebody was faster")])
def test_a_short_outage_changes_no_leader(error: ShadowliftError):
    """Some renewals may fail."""

    async def scenario() -> None:
        leases = Leases()
        first = leases.contender("a")
        await first.acquire()
        holding = asyncio.create_task(first.hold())
        for _ in range(5):
            leases.trouble = error
            await asyncio.sleep(2.5 * RETRY)
            leases.trouble = None
            await asyncio.sleep(2.5 * RETRY)
        assert not holding.done()

    run(scenario())


def test_a_holder_that_was_replaced_stops():
    """Somebody else's name on the lease: it is over, whatever the reason, and the name stays."""

    async def scenario() -> None:
        leases = Leases()
        first = leases.contender("a")
        await first.acquire()
        holding = asyncio.create_task(first.hold())
        await asyncio.sleep(10)
        assert leases.lease is not None
        leases.lease["spec"] |= {"holderIdentity": "b", "renewTime": "2027-01-15T08:00:00.000000Z"}
        began = now()
        await holding
        assert now() - began < RETRY + 1
        assert leases.holder == "b"

    run(scenario())


def test_waiting_outlives_an_api_server_that_is_away():
    """A standby does not end with an outage."""

    async def scenario() -> None:
        leases = Leases()
        leases.trouble = Unavailable("no answer")
        waiting = asyncio.create_task(leases.contender("a").acquire())
        await asyncio.sleep(600)
        assert not waiting.done()
        leases.trouble = None
        await waiting
        assert leases.holder == "a"

    run(scenario())


def test_a_successor_never_acts_beside_its_predecessor():
    """Two that lose the API server by turns: at no time do both believe that the lease is theirs."""

    async def scenario() -> None:
        leases = Leases()
        acting: set[str] = set()
        changes = 0

        async def live(name: str, mine: Leases) -> None:
            nonlocal changes
            contender = Lease(mine, "system", "operator", name)  # type: ignore[arg-type]
            while True:
                await contender.acquire()
                assert not acting, f"{name} begins beside {acting}"
                acting.add(name)
                changes += 1
                await contender.hold()
                acting.discard(name)

        views = {name: View(leases) for name in ("a", "b")}
        lives = [asyncio.create_task(live(name, view)) for name, view in views.items()]
        for turn in range(8):
            await asyncio.sleep(30)
            away = views[("a", "b")[turn % 2]]
            away.trouble = Unavailable("no answer")
            await asyncio.sleep(30)
            away.trouble = None
        assert not any(task.done() for task in lives)
        assert changes >= 8

    run(scenario())


class View(Leases):
    """One contender's own way to the same lease: it may be broken for this one alone."""

    def __init__(self, shared: Leases) -> None:
        self._shared = shared
        super().__init__()

    async def get(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        await self._reach()
        return await self._shared.get(kind, namespace, name)

    async def create(self, manifest: dict[str, Any]) -> dict[str, Any]:
        await self._reach()
        return await self._shared.create(manifest)

    async def replace(self, manifest: dict[str, Any]) -> dict[str, Any]:
        await self._reach()
        return await self._shared.replace(manifest)
