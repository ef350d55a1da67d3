"""From a file to the one object in it. Used by `simulate` and `replay`; `-` is standard input.

Whatever is wrong with a file becomes an `InvalidInput` whose field is the file, so that one line can say all.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shadowlift.api.names import KIND
from shadowlift.api.record import Record
from shadowlift.errors import InvalidInput
from shadowlift.resources.records import read_record

STDIN = "-"
RECORD_KIND = "ControllerRevision"


def name_of(path: str) -> str:
    """A file as messages call it."""
    return "standard input" if path == STDIN else path


def read_text(path: str) -> str:
    """What is in a file.

    Raises:
        InvalidInput: it cannot be read, or is no text.
    """
    try:
        return sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise InvalidInput(name_of(path), str(why)) from error


def model_deployment(path: str) -> dict[str, Any]:
    """The first ModelDeployment in a file of YAML or JSON documents, with a spec.

    Raises:
        InvalidInput: the file cannot be read, or holds none.
    """
    file = name_of(path)
    try:
        found = [one for one in _objects(yaml.safe_load_all(read_text(path))) if one.get("kind") == KIND]
    except yaml.YAMLError as error:
        raise InvalidInput(file, f"is neither YAML nor JSON: {' '.join(str(error).split())}") from error
    if not found:
        raise InvalidInput(file, f"holds no document of kind {KIND}; name the file that you apply")
    if not isinstance(found[0].get("spec"), dict):
        raise InvalidInput(file, f"spec: the {KIND} has none")
    return found[0]


def name_in(resource: dict[str, Any]) -> str:
    """The name of an object, as far as it has one."""
    metadata = resource.get("metadata")
    return str(metadata.get("name", "unnamed")) if isinstance(metadata, dict) else "unnamed"


def record(path: str) -> Record:
    """The decision record in a file: a ControllerRevision as `kubectl get -o json` prints it, or its `data`.

    Raises:
        InvalidInput: the file cannot be read, or holds none.
    """
    file = name_of(path)
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise InvalidInput(
            file, f"is not JSON ({error}); kubectl get controllerrevision NAME -o json prints it"
        ) from error
    if not isinstance(found, dict) or found.get("kind") in ("List", "ControllerRevisionList"):
        raise InvalidInput(file, "must hold one decision record; name one ControllerRevision")
    data = found.get("data") if found.get("kind") == RECORD_KIND else found
    try:
        return read_record({"metadata": {"name": name_in(found)}, "data": data})
    except InvalidInput as error:
        raise InvalidInput(file, str(error)) from error


def _objects(documents: Iterator[Any]) -> Iterator[dict[str, Any]]:
    """All objects, those in lists included."""
    for document in documents:
        if isinstance(document, dict):
            items = document.get("items")
            yield from _objects(iter(items)) if isinstance(items, list) else (document,)
