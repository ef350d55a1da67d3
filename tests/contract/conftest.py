"""The same rules for a fake and for what it stands for. `pytest tests/contract -m cluster` asks the API server of $KUBECONFIG.

Without that word only the fakes and the recorder program are asked: the others are deselected, and pytest says how many.
"""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "cluster: asks the API server of $KUBECONFIG; selected by `-m cluster` only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "cluster" in (config.option.markexpr or ""):
        return  # the expression decides
    asked = [item for item in items if item.get_closest_marker("cluster") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in asked])
    items[:] = asked
