"""A fresh world per test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.ledger.world import World, memory_folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory: each commit waits for its disk, and that of a busy machine may take long."""
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder:
        yield Path(folder)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A recorder's ledger with one registered trial."""
    world = World(tmp_path)
    world.register()
    yield world
    world.database.close()
