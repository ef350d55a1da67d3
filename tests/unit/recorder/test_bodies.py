"""Bodies that cannot be accepted, and how they are told."""

import contextlib
import json
from typing import Any

import pytest
from fastapi import Request

from shadowlift.api.ledger import Batch, CountersQuery, OutcomesIn, TrialRegistration
from shadowlift.errors import Unavailable
from shadowlift.recorder.bodies import Room, check_batch, parse
from shadowlift.recorder.problems import Faulty, NotJson
from tests.component.ledger.world import registration


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"{'a': 1}", b'{"outcomes": [}', b"[" * 100_000])
def test_not_json(body: bytes) -> None:
    """It is told apart from JSON with faults."""
    with pytest.raises(NotJson):
        parse(OutcomesIn, body)


@pytest.mark.parametrize(
    ("outcomes", "fields"),
    [
        ([{"key": "a", "value": None}], ["outcomes[0].value"]),
        ([{"key": "a", "value": float("nan")}], ["outcomes[0].value"]),
        ([{"key": "a", "value": {}}, {"key": "b", "value": []}], ["outcomes[0].value", "outcomes[1].value"]),
        ([{"key": "", "value": "B"}], ["outcomes[0].key"]),
        ([{"key": "x" * 129, "value": "B"}], ["outcomes[0].key"]),
        ([{"key": 7, "value": "B"}], ["outcomes[0].key"]),
        ([{"value": "B"}], ["outcomes[0].key"]),
        ([{"key": "a", "value": "B", "weight": 2}], ["outcomes[0].weight"]),
        ([], ["outcomes"]),
        ([{"key": "a", "value": "B"}] * 1001, ["outcomes"]),
        ("a", ["outcomes"]),
    ],
)
def test_every_fault_is_named_by_its_place(outcomes: Any, fields: list[str]) -> None:
    """Strict types, unknown fields, lengths."""
    with pytest.raises(Faulty) as error:
        parse(OutcomesIn, json.dumps({"outcomes": outcomes}).encode())
    assert [fault.field for fault in error.value.faults] == fields


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "null", "[]", "{}"])
def test_a_value_of_no_type_is_told_what_values_there_are(value: str) -> None:
    """One remedy, whatever the trial declares; not the first type that was tried."""
    with pytest.raises(Faulty) as error:
        parse(OutcomesIn, f'{{"outcomes": [{{"key": "a", "value": {value}}}]}}'.encode())
    (fault,) = error.value.faults
    assert fault.message == "must be a JSON string, boolean, integer or finite number, as prediction.type says"


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"7"])
def test_json_of_another_shape(body: bytes) -> None:
    """It is a fault of the body as a whole."""
    with pytest.raises(Faulty) as error:
        parse(CountersQuery, body)
    assert error.value.faults[0].field == "body"


def test_what_the_operator_writes_is_read() -> None:
    """The contract's own JSON passes the strict reading."""
    wanted = registration()
    assert parse(TrialRegistration, wanted.model_dump_json(by_alias=True).encode()) == wanted


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": 2}, "version"),
        ({"seq": 1 << 63}, "seq"),
        ({"low": -(1 << 63) - 1}, "low"),
        ({"shed": 10**30}, "shed"),
        ({"t": 1 << 63}, "rows[0].t"),
        ({"us": 1 << 63}, "rows[0].us"),
    ],
)
def test_batches_that_no_database_can_hold(changes: dict[str, int], field: str) -> None:
    """Unknown versions and numbers beyond 64 bits are faults of the sender, not failures of ours."""
    row = {"trial": "trial-0001", "epoch": 2, "id": "a", "track": "live", "t": 0, "status": "ok"}
    row |= {name: changes.pop(name) for name in ("t", "us") if name in changes}
    values = {"router": "r", "seq": 1, "sentAt": 0, "low": 0, "rows": [row]}
    batch = parse(Batch, json.dumps(values | changes).encode())
    with pytest.raises(Faulty) as error:
        check_batch(batch, (1,))
    assert [fault.field for fault in error.value.faults] == [field]


def said(length: str | None) -> Request:
    headers = [] if length is None else [(b"content-length", length.encode())]
    return Request({"type": "http", "headers": headers})


def test_bodies_find_room_until_there_is_none() -> None:
    """What is in hand at a time is bounded; a place is free again when the body is stored, or was refused."""
    room = Room(100)
    with room.take(said("60"), limit=80):
        with pytest.raises(Unavailable, match="60 bytes"):
            room.take(said("41"), limit=80)
        with room.take(said("40"), limit=80):
            pass
    with contextlib.suppress(ValueError), room.take(said("100"), limit=100):
        raise ValueError
    with room.take(said("100"), limit=100):
        pass


@pytest.mark.parametrize("length", [None, "81", "many"])
def test_a_body_that_does_not_say_how_long_it_is_may_be_of_the_longest(length: str | None) -> None:
    """No more than the route's limit is ever read."""
    room = Room(100)
    with room.take(said(length), limit=80), pytest.raises(Unavailable):
        room.take(said("21"), limit=80)
