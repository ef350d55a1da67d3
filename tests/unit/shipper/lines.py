"""Lines for tests: only what a test is about has to be said."""

import base64
import json
from typing import Any

from shadowlift.api.capture import CaptureTrial, Extraction, Line, Track


def body(value: Any) -> str:
    """A JSON body as the router writes it."""
    return raw(json.dumps(value).encode())


def raw(content: bytes) -> str:
    return base64.b64encode(content).decode()


def line(track: Track = Track.LIVE, **more: Any) -> Line:
    fields: dict[str, Any] = {
        "track": track,
        "id": "id-1",
        "t": 1_700_000_000_000_000,
        "trial": "trial-0001",
        "epoch": 1,
        "mirror": "yes" if track is Track.LIVE else "no",
        "code": 200,
        "details": "via_upstream",
        "us": 4000,
        "body": body({"diagnosis": "benign"}),
    }
    return Line(**{**fields, **more})


def trial(**more: Any) -> CaptureTrial:
    fields: dict[str, Any] = {
        "uid": "trial-0001",
        "salt": "0a1b",
        "answer_within_us": 500_000,
        "current": Extraction(body="diagnosis"),
        "candidate": Extraction(body="diagnosis"),
    }
    return CaptureTrial(**{**fields, **more})
