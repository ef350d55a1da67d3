"""A fresh world per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.recorder.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A recorder's ledger with one registered trial."""
    world = World(tmp_path)
    world.register()
    yield world
    world.database.close()
