"""The prediction in an answer: decoded, found, of the declared type, in the outcomes' words. Called by `extract`; pure.

Canonical text: strings as they are, booleans `true` and `false`, integers in decimal, numbers as the shortest text that reads back
exactly. Outcomes are written the same way.
"""

import base64
import binascii
import json
import math
import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from shadowlift.api.capture import Extraction, Line
from shadowlift.api.ledger import RowStatus, number_text
from shadowlift.api.objective import PredictionType

MAX_VALUE = 256  # of the wire format
MAX_INFLATED = 1_048_576  # 16 times what the router copies: a small answer must not become a large one in our memory

_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
_RAW_DEFLATE = -zlib.MAX_WBITS
_NUMBER = re.compile(r"-?[0-9]{1,255}(\.[0-9]{1,255})?([eE][-+]?[0-9]{1,4})?")
_INTEGER = re.compile(r"-?[0-9]{1,255}")


@dataclass(frozen=True)
class Answer:
    """What became of one answer."""

    status: RowStatus
    value: str | None = None
    reason: str | None = None


class _Fault(Exception):  # one of the ways in which an answer can be
    def __init__(self, reason: str, status: RowStatus = RowStatus.UNREADABLE) -> None:
        super().__init__(reason)
        self.answer = Answer(status, reason=reason)


@dataclass(frozen=True)
class Reader:
    """Reads one side's answers."""

    extraction: Extraction

    @cached_property
    def _expression(self) -> Any:
        """The compiled JMESPath; None where it cannot be compiled."""
        try:
            return jmespath.compile(self.extraction.body)
        except JMESPathError:
            return None

    def read(self, line: Line) -> Answer:
        """The prediction in an answer that the process gave; an answer from which none is asked is good as it is."""
        if self.extraction.header is None and self.extraction.body is None:
            return Answer(RowStatus.OK)
        try:
            found = self._in_header(line) if self.extraction.header else self._in_body(line)
            return Answer(RowStatus.OK, value=_sendable(self.extraction.map.get(found, found)))
        except _Fault as fault:
            return fault.answer

    def _in_header(self, line: Line) -> str:
        if line.pred is None:
            raise _Fault("NoPrediction")
        return _typed_text(line.pred, self.extraction.type)

    def _in_body(self, line: Line) -> str:
        if self._expression is None:
            raise _Fault("Expression", RowStatus.OURS)
        if line.cut:
            raise _Fault("TooLong", RowStatus.OURS)
        if line.body is None:
            raise _Fault("NoPrediction")
        document = _document(_decoded(line.body, line.cenc))
        try:
            value = self._expression.search(document)
        except Exception:  # noqa: BLE001 - JMESPath's own errors and Python's: the expression does not take what it found
            raise _Fault("NoPrediction") from None
        if value is None:
            raise _Fault("NoPrediction")
        return _typed(value, self.extraction.type)


def document_of(line: Line) -> Any:
    """The answer as JSON; None where it is none, or has no body."""
    if line.body is None:
        return None
    try:
        return _document(_decoded(line.body, line.cenc))
    except _Fault:
        return None


def _decoded(body: str, encoding: str | None) -> bytes:
    try:
        raw = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise _Fault("Damaged", RowStatus.OURS) from None
    match (encoding or "identity").strip().lower():
        case "identity":
            return raw
        case "gzip" | "x-gzip":
            return _inflated(raw, _ZLIB_OR_GZIP)
        case "deflate":
            return _inflated(raw, _ZLIB_OR_GZIP if raw[:1] == b"\x78" else _RAW_DEFLATE)
        case _:
            raise _Fault("Encoding", RowStatus.OURS)


def _inflated(raw: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        out = inflater.decompress(raw, MAX_INFLATED)
    except zlib.error:
        raise _Fault("BadEncoding") from None
    if inflater.unconsumed_tail:
        raise _Fault("TooLong", RowStatus.OURS)
    if not inflater.eof:
        raise _Fault("BadEncoding")
    return out


def _document(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):  # also: not UTF-8, numbers beyond Python's digit limit
        raise _Fault("NotJson") from None


def _no_number(name: str) -> None:
    """NaN and the infinities are no JSON, though Python reads them."""
    raise ValueError(name)


def _typed(value: Any, declared: PredictionType) -> str:
    """Canonical text of a JSON value of the declared type. JSON knows one kind of number, so 3.0 is the integer 3."""
    match declared, value:
        case PredictionType.STRING, str():
            return value
        case PredictionType.BOOLEAN, bool():
            return "true" if value else "false"
        case PredictionType.INTEGER, bool():
            raise _Fault("WrongType")
        case PredictionType.INTEGER, int():
            return str(value)
        case PredictionType.INTEGER, float() if value.is_integer():
            return str(int(value))
        case PredictionType.NUMBER, int() | float() if not isinstance(value, bool):
            return _number(value)
        case _:
            raise _Fault("WrongType")


def _typed_text(text: str, declared: PredictionType) -> str:
    """Canonical text of a header's value, which has no type of its own."""
    match declared:
        case PredictionType.STRING:
            return text
        case PredictionType.BOOLEAN if text.lower() in ("true", "false"):
            return text.lower()
        case PredictionType.INTEGER if _INTEGER.fullmatch(text):
            return str(int(text))
        case PredictionType.NUMBER if _NUMBER.fullmatch(text):
            return _number(float(text))
        case _:
            raise _Fault("WrongType")


def _number(value: float) -> str:
    """Canonical text of a number. What no float can hold is no prediction."""
    try:
        number = float(value)
    except OverflowError:
        raise _Fault("WrongType") from None
    if not math.isfinite(number):  # JSON has no infinity, but 1e999 reads as one
        raise _Fault("WrongType")
    return number_text(number)


def _sendable(value: str) -> str:
    """A value that every store can hold: bounded, without NUL, and made of whole characters."""
    if len(value) > MAX_VALUE:
        raise _Fault("ValueTooLong")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _Fault("NotText")
    return value
