"""Every change of the configuration happens under load, and no request notices."""

import asyncio

import pytest

from shadowlift.resources.router.intent import Rival
from shadowlift.resources.router.steps import next_intent
from tests.component.router.stand import Stand, plain, promoted, tried, until

pytestmark = pytest.mark.timeout(120)


async def test_a_whole_life_costs_no_request(pod: Stand) -> None:
    """Trial, epochs, promotion, next trial, replacement, adoption, roll-back: every step of `next_intent`, under load."""
    challenger = await pod.process("challenger")
    trial = tried(pod).trial
    next_trial = {"shadow": challenger.upstream, "trial": tried(pod, uid="trial-0002").trial}
    wishes = [
        tried(pod, epoch=1),
        tried(pod, epoch=2).model_copy(update={"rivals": (Rival(name="other", upstream=challenger.upstream),)}),
        tried(pod, epoch=2),
        plain(pod, candidate=pod.processes["candidate"].upstream),
        promoted(pod),
        promoted(pod).model_copy(update=next_trial),
        promoted(pod, candidate=challenger.upstream),
        plain(pod, current=challenger.upstream),
        plain(pod, current=challenger.upstream).model_copy(
            update={"shadow": pod.processes["candidate"].upstream, "trial": trial}
        ),
        promoted(pod),
        plain(pod),
    ]
    await pod.up(plain(pod), shipper=False)
    load = asyncio.create_task(pod.load(60, workers=6))
    swaps = 0
    for wish in wishes:
        while pod.published != wish:
            step = next_intent(pod.published, True, wish, spare_is_idle=True)
            await pod.bring(step)
            swaps += 1
            seen = len(pod.statuses)
            await until(lambda seen=seen: len(pod.statuses) >= seen + 10, "requests go through it")
    pod.stop_load()
    statuses = await load
    assert swaps >= 2 * len(wishes) - 2
    assert set(statuses) == {200}


async def test_a_roll_back_does_not_wait_for_a_swap_that_is_under_way(pod: Stand) -> None:
    """Two swaps right after one another: no request is lost, and current answers at the end."""
    await pod.up(promoted(pod), shipper=False)
    load = asyncio.create_task(pod.load(60, workers=6))
    for n in range(10):
        forth = next_intent(pod.published, True, promoted(pod, try_timeout_ms=500 + n), spare_is_idle=True)
        pod.publish(forth)
        pod.publish(next_intent(forth, False, plain(pod), spare_is_idle=True))
        await pod.loaded()
        for _ in range(4):
            await pod.bring(next_intent(pod.published, True, promoted(pod, try_timeout_ms=500 + n), spare_is_idle=True))
    pod.publish(next_intent(pod.published, False, plain(pod), spare_is_idle=True))
    await pod.loaded()
    pod.stop_load()
    assert set(await load) == {200}
    _, _, headers = await pod.ask()
    assert headers["X-By"] == "current"


async def test_draining_cuts_no_request(pod: Stand) -> None:
    """The preStop hook returns when nothing is under way any more; until then everything is answered; then SIGTERM."""
    await pod.up(plain(pod), shipper=False)
    await pod.mode("current", "after0.2")
    statuses: list[int] = []

    async def client() -> None:
        while True:
            status, _, headers = await pod.ask()
            statuses.append(status)
            if headers.get("Connection") == "close":
                return  # a client of a Service: its next connection goes to another router

    clients = [asyncio.create_task(client()) for _ in range(20)]
    await until(lambda: len(statuses) >= 60, "all clients are at it")
    pod.run("drain")
    async with asyncio.timeout(30):
        await asyncio.gather(*clients)
    await pod.mode("current", "after9")
    late = asyncio.create_task(pod.ask())  # longer than endpoints need to propagate
    health = f"http://127.0.0.1:{pod.layout.health_port}/ready"
    async with pod.client.get(health) as response:
        assert response.status == 503
    assert await asyncio.to_thread(pod.programs["drain"].wait, 60) == 0
    assert late.done()
    assert (await late)[0] == 200
    assert await pod.end("router") == 0
    assert set(statuses) == {200}
