"""A status below 8 KiB, whatever there is to say. Called by `report`, which builds it.

What is left out stands elsewhere: older decisions, whole messages, earlier stretches and senders in the decision records, pods in the
cluster. Who serves, verdicts, reasons, evidence and coverage always stay.
"""

import json
from collections.abc import Iterator
from typing import Any

from shadowlift.api.status import Status

MOST_BYTES = 8 * 1024
LEAST = 3  # of a list
SHORT, SHORTEST = 120, 40  # characters of a message


def brief(status: Status) -> Status:
    """The status as it is if it is small enough, else the longest that is."""
    shorter = status
    for shorter in _shorter(status):
        if size(shorter) < MOST_BYTES:
            break
    return shorter


def size(status: Status) -> int:
    """Bytes of its JSON, as the API server keeps it."""
    return len(json.dumps(_data(status), separators=(",", ":"), ensure_ascii=False).encode())


def _shorter(status: Status) -> Iterator[Status]:
    """As it is, then with ever less in it."""
    yield status
    while len(status.history) > LEAST:
        status = status.model_copy(update={"history": status.history[:-1]})
        yield status
    router = status.router
    behind = {name: version for name, version in router.loaded.items() if version != router.wanted}
    for loaded in (behind, dict(sorted(behind.items())[:LEAST])):
        status = status.model_copy(update={"router": router.model_copy(update={"loaded": loaded})})
        yield status
    yield _with_short_messages(status, SHORT)
    if status.trial is not None:
        trial = status.trial
        lists = {"epochs": trial.epochs[-LEAST:], "senders": trial.senders[:LEAST]}
        status = status.model_copy(update={"trial": trial.model_copy(update=lists), "history": status.history[:1]})
    yield _with_short_messages(status, SHORTEST)


def _with_short_messages(status: Status, length: int) -> Status:
    def cut(data: Any) -> Any:
        if isinstance(data, list):
            return [cut(one) for one in data]
        if not isinstance(data, dict):
            return data
        return {name: _first(value, length) if name == "message" else cut(value) for name, value in data.items()}

    return Status.model_validate(cut(_data(status)))


def _first(message: str, length: int) -> str:
    return message if len(message) <= length else f"{message[: length - 3]}..."


def _data(status: Status) -> dict[str, Any]:
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)
