"""PersistentVolumes: what is released is emptied and offered again, and nothing else is touched."""

import json
from pathlib import Path
from typing import Any

import pytest

from dev.cluster import volumes
from dev.cluster.api import ApiError
from dev.cluster.state import State


class Recorder:
    """An API server of one volume: keeps the changes it accepted, refuses those of an old version."""

    def __init__(self, version: str = "7") -> None:
        self.version = version
        self.accepted: list[tuple[str, dict[str, Any]]] = []

    def patch(self, path: str, change: dict[str, Any]) -> None:
        if change["metadata"]["resourceVersion"] != self.version:
            raise ApiError(409, "modified")
        self.accepted.append((path, change))


def _seen(phase: str, version: str = "7") -> dict[str, Any]:
    return {"metadata": {"name": "local-03", "resourceVersion": version}, "status": {"phase": phase}}


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A cluster whose third volume holds a file."""
    state = State(tmp_path)
    folder = state.volumes / "local-03"
    folder.mkdir(parents=True)
    (folder / "old.db").write_text("secret of the last user")
    return state


def test_a_released_volume_is_emptied_and_unclaimed(state: State) -> None:
    """The next claim gets an empty folder that any user may write to."""
    api = Recorder()
    volumes.give_back(state, api, _seen("Released"))
    folder = state.volumes / "local-03"
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o777
    ((path, change),) = api.accepted
    assert path.endswith("/local-03")
    assert change["spec"] == {"claimRef": None}


@pytest.mark.parametrize("phase", ["Bound", "Available", "Pending", "Failed"])
def test_a_volume_in_use_is_left_alone(state: State, phase: str) -> None:
    """Only a released volume is emptied."""
    api = Recorder()
    volumes.give_back(state, api, _seen(phase))
    assert (state.volumes / "local-03" / "old.db").exists()
    assert api.accepted == []


def test_an_outdated_event_is_dropped(state: State) -> None:
    """A newer event of the same volume follows, so a conflict is no error."""
    volumes.give_back(state, Recorder(version="8"), _seen("Released"))


def test_volumes_honour_a_pods_group_and_belong_to_the_default_class(state: State) -> None:
    """The kind `local` applies fsGroup; a claim that names no class gets the default one."""
    volume, storage = volumes.volume(state, "local-03"), volumes.storage_class()
    assert volume["spec"]["local"]["path"] == str(state.volumes / "local-03")
    assert volume["spec"]["storageClassName"] == storage["metadata"]["name"]
    assert 'is-default-class": "true"' in json.dumps(storage)
