"""Instants as text (RFC 3339, UTC, milliseconds) and as unix seconds. The core has no clock: the time is always an argument."""

from datetime import UTC, datetime


def stamp(instant: float) -> str:
    """Text of a unix time."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> float:
    """Unix time of a text.

    Raises:
        ValueError: it is not RFC 3339.
    """
    return datetime.fromisoformat(text).timestamp()
