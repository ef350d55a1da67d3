"""Request bodies: read within a limit, parsed strictly, every fault named. Called by `http`."""

from contextlib import ExitStack
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shadowlift.api.ledger import Batch, Fault
from shadowlift.errors import Unavailable
from shadowlift.recorder.problems import Faulty, NotJson, TooLarge

OUTCOMES_LIMIT = 1 << 20  # bytes
BATCH_LIMIT = 24 << 20  # 5,000 rows, every field at its longest and escaped: a legal batch must never be too large
BATCHES_ROOM = 48 << 20  # bytes of batches in hand at a time; parsed they take six times as much
OPERATOR_LIMIT = 1 << 20
MAX_FAULTS = 1_000
_INT64 = 1 << 63

Body = TypeVar("Body", bound=BaseModel)


class Room:
    """How much of many senders' bodies is in hand at a time, from before it is read until it is stored: so memory is bounded."""

    def __init__(self, size: int) -> None:
        self._size, self._free = size, size

    def take(self, request: Request, limit: int) -> ExitStack:
        """A place for a body of at most `limit` bytes; closing it gives the place back.

        Raises:
            Unavailable: there is none.
        """
        declared = _declared(request)
        wanted = limit if declared is None else min(declared, limit)
        if wanted > self._free:
            raise Unavailable(f"{self._size - self._free} bytes of batches are being stored already")
        self._free -= wanted
        place = ExitStack()
        place.callback(self._give_back, wanted)
        return place

    def _give_back(self, taken: int) -> None:
        self._free += taken


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes.

    Raises:
        TooLarge: it is, or says that it will be, longer.
    """
    declared = _declared(request)
    if declared is not None and declared > limit:
        raise TooLarge(f"the body has {declared} bytes; at most {limit} are accepted")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(f"the body has more than {limit} bytes")
    return bytes(body)


def _declared(request: Request) -> int | None:
    """How long the body says that it is, in bytes."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdigit() else None


def parse(model: type[Body], body: bytes) -> Body:
    """A body as a model. Strict: 1.0 is no integer and "1" no number, for a guess here would be evidence there.

    Raises:
        NotJson: it is not JSON.
        Faulty: it is not such a model; every fault is named.
    """
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        faults: dict[str, Fault] = {}
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            if found["type"] == "json_invalid":
                raise NotJson(f"the body is not JSON: {found['msg']}") from None
            field, of_a_union = _path(found["loc"]), found["loc"] and found["loc"][-1] in _BRANCHES
            faults.setdefault(field, Fault(field=field, message=_ANY_VALUE if of_a_union else found["msg"]))
        raise Faulty(list(faults.values())[:MAX_FAULTS]) from None


def check_batch(batch: Batch, versions: tuple[int, ...]) -> None:
    """What the model does not say: a known version, and numbers that a database can hold.

    Raises:
        Faulty: naming each fault.
    """
    faults: list[Fault] = []
    if batch.version not in versions:
        faults.append(
            Fault(field="version", message=f"{batch.version} is not one of {versions}: upgrade the older program")
        )
    numbers = {
        "seq": batch.seq,
        "sentAt": batch.sent_at,
        "low": batch.low,
        "linesLost": batch.lines_lost,
        "shed": batch.shed,
    }
    for index, row in enumerate(batch.rows):
        numbers[f"rows[{index}].t"] = row.t
        numbers[f"rows[{index}].epoch"] = row.epoch
        numbers[f"rows[{index}].us"] = row.us or 0
    faults += [
        Fault(field=field, message="does not fit into 64 bits")
        for field, number in numbers.items()
        if not -_INT64 <= number < _INT64
    ]
    if faults:
        raise Faulty(faults)


_ANY_VALUE = "must be a JSON string, boolean, integer or finite number, as prediction.type says"
_BRANCHES = ("str", "bool", "int", "float", "constrained-float")  # of a union, as pydantic names them


def _path(location: tuple[int | str, ...]) -> str:
    """`("outcomes", 3, "value", "bool")` as `outcomes[3].value`: the last part is a branch of a union, not a field."""
    parts = location[:-1] if location and location[-1] in _BRANCHES else location
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.removeprefix(".") or "body"
