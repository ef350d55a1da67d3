"""Intents for tests: only what a test is about has to be said."""

from typing import Any

from shadowlift.api.capture import Extraction
from shadowlift.resources.router.intent import RouterIntent, Split, TrialRoute, Upstream


def process(name: str, port: int = 3000) -> Upstream:
    return Upstream(host=f"{name}.clinic.svc.cluster.local.", port=port)


def trial(**more: Any) -> TrialRoute:
    fields: dict[str, Any] = {
        "uid": "trial-0001",
        "epoch": 2,
        "percent_millionths": 1_000_000,
        "salt": "0a1b",
        "unit_header": "x-user-id",
        "answer_within_us": 500_000,
        "current": Extraction(body="diagnosis"),
        "candidate": Extraction(body="diagnosis"),
    }
    return TrialRoute(**{**fields, **more})


def share(weight: int, name: str = "logreg", *, fail_open: bool = True) -> Split:
    return Split(candidate=process(name), weight=weight, fail_open=fail_open)


def intent(**more: Any) -> RouterIntent:
    fields: dict[str, Any] = {
        "current": process("rules", 8080),
        "try_timeout_ms": 500,
        "recorder_url": "http://recorder.shadowlift-system.svc.cluster.local.:8080",
    }
    return RouterIntent(**{**fields, **more})
