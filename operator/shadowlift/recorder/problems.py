"""What went wrong, as RFC 9457 problem documents. Raised by every part of the recorder, written by `http`."""

from http import HTTPStatus

from fastapi import Response

from shadowlift.api.ledger import Fault, Problem
from shadowlift.errors import Conflict, InvalidInput, NotFound, Refused, ShadowliftError, Unavailable

RETRY_AFTER_UNAVAILABLE = 2  # seconds: a full queue or a hiccup of the volume is over soon
RETRY_AFTER_QUOTA = 60  # seconds: pending outcomes find their units or expire


class Unauthenticated(ShadowliftError):
    """No token, or not one of ours."""


class NotJson(ShadowliftError):
    """The body cannot be parsed."""


class TooLarge(ShadowliftError):
    """The body exceeds the route's limit."""


class OverQuota(ShadowliftError):
    """The sender must wait until what it sent has been used."""


class Faulty(InvalidInput):
    """Several things are wrong; each is named."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].field, faults[0].message)
        self.faults = faults


_STATUS: tuple[tuple[type[ShadowliftError], HTTPStatus], ...] = (
    (NotJson, HTTPStatus.BAD_REQUEST),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Refused, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (OverQuota, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": str(RETRY_AFTER_QUOTA)},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_UNAVAILABLE)},
}


def status_of(error: ShadowliftError) -> HTTPStatus:
    """The HTTP status that tells a caller of an error; 500 for one that is a bug."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_of(error: ShadowliftError) -> Response:
    """An error as a response."""
    faults: list[Fault] = []
    if isinstance(error, Faulty):
        faults = error.faults
    elif isinstance(error, InvalidInput):
        faults = [Fault(field=error.field, message=error.message)]
    return problem(status_of(error), str(error), faults)


def problem(status: HTTPStatus, detail: str, faults: list[Fault] | None = None) -> Response:
    """A problem document."""
    body = Problem(title=status.phrase, status=status.value, detail=detail, faults=faults or [])
    return Response(
        body.model_dump_json(by_alias=True),
        status_code=status.value,
        media_type="application/problem+json",
        headers=_HEADERS.get(status),
    )
