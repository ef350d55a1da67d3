"""The work queue: each key once, when it is due, never twice at the same time, with back-off after an error."""

import asyncio
import random

import pytest

from shadowlift.reconcile.queue import FIRST_BACKOFF, LAST_BACKOFF, KeyedQueue
from tests.unit.reconcile.loop import run


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_key_is_taken_once_however_often_it_was_asked_for():
    """Ten changes are one look."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        for _ in range(10):
            queue.add("a")
        assert len(queue) == 1
        assert await queue.take() == "a"
        assert len(queue) == 0
        queue.done("a")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 3600)

    run(scenario())


def test_keys_come_in_the_order_in_which_they_are_due():
    """Due time first, then the order of asking."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("late", 5)
        queue.add("first")
        queue.add("second")
        queue.add("soon", 2)
        seen = []
        for _ in range(4):
            key = await queue.take()
            queue.done(key)
            seen.append((key, now()))
        assert seen == [("first", 0), ("second", 0), ("soon", 2), ("late", 5)]

    run(scenario())


@pytest.mark.parametrize(("first", "second", "due"), [(10, 3, 3), (3, 10, 3), (10, 0, 0), (0, 10, 0)])
def test_the_earlier_wish_wins(first: float, second: float, due: float):
    """Asking for later never delays, asking for sooner hastens; and it is one look all the same."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a", first)
        queue.add("a", second)
        queue.done(await queue.take())
        assert now() == due
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 3600)

    run(scenario())


def test_a_worker_that_waits_for_later_is_woken_for_sooner():
    """A change is looked at now, though the next appointment is in an hour."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("appointment", 3600)
        worker = asyncio.create_task(queue.take())
        await asyncio.sleep(7)
        queue.add("change")
        assert await worker == "change"
        assert now() == 7

    run(scenario())


def test_two_changes_reach_two_workers_at_once():
    """A worker that goes to wait in the very moment in which another takes the first of two does not miss the second."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("appointment", 3600)
        other = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        queue.add("one")
        queue.add("two")
        assert await queue.take() == "one"
        assert await other == "two"
        assert now() == 0

    run(scenario())


def test_a_key_is_never_worked_on_twice_at_the_same_time():
    """Changes that come during the work are looked at after it."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        assert await queue.take() == "a"
        queue.add("a")
        other = asyncio.create_task(queue.take())
        await asyncio.sleep(100)
        assert not other.done()
        queue.done("a")
        assert await other == "a"

    run(scenario())


def test_other_keys_go_on_beside_a_busy_one():
    """One slow ModelDeployment holds up nobody else."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        for key in ("a", "b"):
            queue.add(key)
        assert await queue.take() == "a"
        queue.add("a")
        assert await queue.take() == "b"

    run(scenario())


def test_the_end_of_the_work_may_name_the_next_look():
    """`again` seconds from the end; a change in between comes first."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        queue.done(await queue.take(), again=30)
        assert await queue.take() == "a"
        assert now() == 30
        queue.add("a")
        queue.done("a", again=30)
        assert await queue.take() == "a"
        assert now() == 30

    run(scenario())


def test_failures_back_off_up_to_a_minute_and_success_forgets():
    """Doubling from the first wait, per key; a success begins anew."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        waits = []
        for _ in range(12):
            key = await queue.take()
            began = now()
            said = queue.failed(key, jitter=1.0)
            assert await queue.take() == "a"
            assert now() - began == pytest.approx(said)
            waits.append(said)
            queue._release("a", 0.0)
        assert waits[:4] == pytest.approx([FIRST_BACKOFF * 2**n for n in range(4)])
        assert waits[-1] == LAST_BACKOFF
        queue.done(await queue.take())
        queue.add("a")
        assert queue.failed(await queue.take(), jitter=1.0) == FIRST_BACKOFF

    run(scenario())


@pytest.mark.parametrize(("jitter", "part"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_jitter_spreads_over_the_second_half(jitter: float, part: float):
    """A thousand that fail together do not come back together; none comes back at once."""

    async def scenario() -> float:
        queue: KeyedQueue[str] = KeyedQueue()
        queue.add("a")
        return queue.failed(await queue.take(), jitter)

    assert run(scenario()) == pytest.approx(FIRST_BACKOFF * part)


def test_failures_of_one_key_are_not_those_of_another():
    """Back-off is per key."""

    async def scenario() -> None:
        queue: KeyedQueue[str] = KeyedQueue()
        for _ in range(5):
            queue.add("a")
            queue.failed(await queue.take(), 1.0)
        queue.add("b")
        assert queue.failed(await queue.take(), 1.0) == FIRST_BACKOFF

    run(scenario())


@pytest.mark.parametrize("seed", range(5))
def test_four_workers_lose_nothing_and_never_meet(seed: int):
    """Random wishes, random work, random failures: every wish is followed by a look that begins after it."""

    async def scenario() -> None:
        chance = random.Random(seed)
        queue: KeyedQueue[int] = KeyedQueue()
        wished: dict[int, float] = {}
        looked: dict[int, float] = {}
        busy: set[int] = set()

        async def work() -> None:
            while True:
                key = await queue.take()
                assert key not in busy
                busy.add(key)
                looked[key] = now()
                await asyncio.sleep(chance.random())
                busy.discard(key)
                if chance.random() < 0.2:
                    queue.failed(key, chance.random())
                else:
                    queue.done(key)

        workers = [asyncio.create_task(work()) for _ in range(4)]
        for _ in range(300):
            await asyncio.sleep(chance.random() * 0.1)
            key = chance.randrange(20)
            wished[key] = now()
            queue.add(key, chance.choice([0, 0, 0, 1]))
        await asyncio.sleep(1000)
        assert not any(worker.done() for worker in workers)
        assert all(looked[key] >= at for key, at in wished.items())
        assert len(queue) == 0

    run(scenario())
