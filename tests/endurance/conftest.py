"""The fixtures of the end-to-end tests, for trials that take longer than every change can wait for: `make endurance`."""

from tests.e2e.conftest import cluster, place, pytest_collection_modifyitems

__all__ = ["cluster", "place", "pytest_collection_modifyitems"]
