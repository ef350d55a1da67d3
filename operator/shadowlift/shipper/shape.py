"""The shape of an answer: what a client relies on without knowing it. Called by `extract`; pure.

`2xx application/json {diagnosis:string,probability:number}`: the class of the status, the content type without its parameters, and of a
JSON object its fields with their types. Values never leave the pod.
"""

import hashlib
from typing import Any

from shadowlift.api.capture import Line
from shadowlift.shipper.prediction import document_of

MOST = 128  # of the wire format
_TYPES = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def shape(line: Line) -> str | None:
    """The shape of an answer; None where none came, or where it was too long to be read."""
    if line.code == 0 or line.cut:
        return None
    media = (line.ctype or "").split(";")[0].strip().lower() or "-"
    said = f"{line.code // 100}xx {media} {_fields(document_of(line))}".rstrip()
    text = said.encode("utf-8", "replace").decode()  # a name may hold half a character, which nobody can store
    if len(text) <= MOST:
        return text
    return f"{text[: MOST - 9]}#{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _fields(document: Any) -> str:
    if document is None:
        return ""
    if not isinstance(document, dict):
        return _TYPES[type(document)]
    return "{" + ",".join(f"{name}:{_TYPES[type(value)]}" for name, value in sorted(document.items())) + "}"
