"""`pytest tests/golden/manifests --update-golden` writes the golden copies anew; so does UPDATE_GOLDEN=1, as for the router's."""

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden manifests anew instead of comparing"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden copies are to be written."""
    return bool(request.config.getoption("--update-golden", default=False) or os.environ.get("UPDATE_GOLDEN"))
