"""A stand with its processes running. They are started once: what a test did to them is undone before the next one."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.component.ports import free_port
from tests.component.router.stand import Process, Stand, stand


@pytest.fixture(scope="session")
def processes() -> Iterator[dict[str, Process]]:
    made = {name: Process(name, free_port()) for name in ("current", "candidate", "challenger")}
    yield made
    for process in made.values():
        process.kill()


@pytest.fixture
async def pod(processes: dict[str, Process]) -> AsyncIterator[Stand]:
    async with stand(processes) as made:
        await made.process("current")
        await made.process("candidate")
        yield made
