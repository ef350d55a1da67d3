"""A stand with both processes running."""

from collections.abc import AsyncIterator

import pytest

from tests.component.router.stand import Stand, stand


@pytest.fixture
async def pod() -> AsyncIterator[Stand]:
    async with stand() as made:
        await made.process("current")
        await made.process("candidate")
        yield made
