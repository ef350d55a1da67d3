"""Decision records as ControllerRevisions: immutable data objects that Kubernetes itself refuses to change."""

from typing import Any

from pydantic import ValidationError

from shadowlift.api.record import Record
from shadowlift.errors import InvalidInput
from shadowlift.resources.owner import Owner

COMPONENT = "record"


def record_name(owner: Owner, record: Record) -> str:
    """Deterministic: deciding the same twice meets the same object."""
    return f"{owner.name}-{record.suffix}"


def record_manifest(owner: Owner, record: Record) -> dict[str, Any]:
    """The object that makes a decision durable."""
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": owner.metadata(record_name(owner, record), COMPONENT),
        "revision": record.number,
        "data": record.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def read_record(obj: dict[str, Any]) -> Record:
    """A record from its object.

    Raises:
        InvalidInput: the object does not hold a record that this version can read; nothing may be decided without it.
    """
    name = obj["metadata"]["name"]
    try:
        return Record.model_validate(obj.get("data"))
    except ValidationError as error:
        raise InvalidInput(
            f"ControllerRevision/{name}", f"not a readable decision record: {error.errors()[0]['msg']}"
        ) from error
