"""What became of each request: `load` books attempts, `driver` serves the report. Pure: no clock."""

import json
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dev.traffic.rows import Truth

KEPT_FAILURES = 100  # the first ones tell the cause; the rest is counted, and every one is in the log
KEPT_CHANGES = 200
SECONDS_SHOWN = 300
LATENCIES_KEPT = 20_000  # of the last requests: minutes of traffic at the demo's rate


@dataclass(frozen=True)
class Attempt:
    """One request, asked once. Times in microseconds; `at` is unix time at the start.

    `track` says who answered, by the form of the answer: `current`, `candidate`, or None where nobody did.
    `error` is None for a good answer, else one word: refused, reset, timeout, unresolved, status-503, unreadable ...
    """

    n: int
    at: int
    us: int
    url: str
    status: int | None = None
    track: str | None = None
    value: str | None = None  # the prediction as served
    id: str | None = None  # x-shadowlift-id
    key: str | None = None  # what an outcome will be sent for
    truth: Truth = None
    digest: str | None = None  # of the body, 16 hex digits
    error: str | None = None
    detail: str | None = None
    user: str | None = None  # x-user-id
    visit: int | None = None  # which one of this user, from 1, where users come back


@dataclass
class Tally:
    """Totals and the first failures; every attempt is booked once, in the order of its end."""

    answered: int = 0
    failed: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    tracks: Counter[str] = field(default_factory=Counter)
    urls: Counter[str] = field(default_factory=Counter)
    failures: list[Attempt] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    changes_total: int = 0
    seconds: dict[int, Counter[str]] = field(default_factory=dict)
    latencies: deque[int] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    slowest: int = 0

    def book(self, attempt: Attempt) -> None:
        """Count one attempt."""
        what = "failed" if attempt.error else str(attempt.track)
        self.seconds.setdefault(attempt.at // 1_000_000, Counter())[what] += 1
        if attempt.error:
            self._book_failure(attempt)
            return
        self.answered += 1
        self.tracks[what] += 1
        self.urls[attempt.url] += 1
        self.latencies.append(attempt.us)
        self.slowest = max(self.slowest, attempt.us)
        self._note_change(attempt, what)

    def _book_failure(self, attempt: Attempt) -> None:
        self.failed += 1
        self.errors[str(attempt.error)] += 1
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(attempt)

    def _note_change(self, attempt: Attempt, track: str) -> None:
        if self.changes and self.changes[-1]["track"] == track:
            return
        self.changes_total += 1
        self.changes.append({"at": attempt.at, "n": attempt.n, "track": track})
        # The first is where it began, the last ones are what a reader asks for.
        if len(self.changes) > KEPT_CHANGES:
            del self.changes[1]

    def report(self) -> dict[str, Any]:
        """The figures as JSON data; latencies in milliseconds, times in unix microseconds."""
        latencies = sorted(self.latencies)
        shown = sorted(self.seconds)[-SECONDS_SHOWN:]
        return {
            "answered": self.answered,
            "failed": self.failed,
            "errors": dict(self.errors),
            "tracks": dict(self.tracks),
            "urls": dict(self.urls),
            "failures": [asdict(failure) for failure in self.failures],
            "changes": self.changes,
            "changesTotal": self.changes_total,
            "perSecond": [{"second": second, **self.seconds[second]} for second in shown],
            "latencyMs": {
                "p50": quantile(latencies, 0.5),
                "p99": quantile(latencies, 0.99),
                "max": self.slowest / 1000,
            },
        }


def quantile(ordered: Sequence[int], share: float) -> float | None:
    """The value that this share does not exceed; microseconds in, milliseconds out; None without values."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1000


def read_answer(body: bytes, fields: dict[str, str]) -> tuple[str, str] | None:
    """Who answered and what, by the form of the answer; `fields` maps a track to the JSON field only its answers have.

    None for an answer of neither form.
    """
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    return next(((track, str(answer[name])) for track, name in fields.items() if name in answer), None)
