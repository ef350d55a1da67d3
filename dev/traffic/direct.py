"""Are live answers byte for byte what the current process says itself? `driver --direct` asks it once per case.

Shadowing must not be visible to a client: the same body, the same headers, nothing more than the headers that the
router is documented to add.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dev.traffic.load import Answer, ask_once, new_session
from dev.traffic.rows import Row

KEPT_MISMATCHES = 20
# Of one connection or one moment, so they may differ between two answers of the same process.
UNCOMPARED = frozenset({"connection", "keep-alive", "transfer-encoding", "date"})


@dataclass
class Comparison:
    """The current process's own answers by request body, and how the live ones compared."""

    added: frozenset[str] = frozenset({"x-shadowlift-id"})  # headers that a live answer may have besides
    url: str | None = None  # where it was asked: what is asked there later is no live answer
    answers: dict[bytes, Answer] = field(default_factory=dict)
    compared: int = 0
    mismatched: int = 0
    mismatches: list[dict[str, Any]] = field(default_factory=list)

    async def ask_all(self, url: str, rows: Sequence[Row], patience: float) -> None:
        """Ask the current process directly, once per distinct body; `patience` in seconds for each.

        Raises:
            ConnectionError: it did not answer one of them.
        """
        session = new_session(patience)
        self.url = url
        try:
            for body in {row.body: None for row in rows}:
                answer, _, detail = await ask_once(session, url, body, {"content-type": "application/json"})
                if answer is None:
                    raise ConnectionError(f"--direct {url}: {detail}")
                self.answers[body] = answer
        finally:
            await session.close()

    def compare(self, n: int, row: Row, live: Answer) -> None:
        """Book whether this live answer is current's own."""
        own = self.answers[row.body]
        self.compared += 1
        differences = list(_differences(own, live, self.added))
        if not differences:
            return
        self.mismatched += 1
        if len(self.mismatches) < KEPT_MISMATCHES:
            self.mismatches.append({"n": n, "differences": differences})

    def report(self) -> dict[str, Any]:
        """How many were compared, how many differed, and the first of those."""
        return {"compared": self.compared, "mismatched": self.mismatched, "mismatches": self.mismatches}


def _differences(own: Answer, live: Answer, added: frozenset[str]) -> Iterable[str]:
    if own.status != live.status:
        yield f"status {own.status} became {live.status}"
    if own.body != live.body:
        yield f"body {own.body[:200]!r} became {live.body[:200]!r}"
    before, after = _comparable(own.headers), _comparable(live.headers)
    for name in sorted(before.keys() | (after.keys() - added)):
        if before.get(name) != after.get(name):
            yield f"header {name}: {before.get(name)!r} became {after.get(name)!r}"


def _comparable(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() not in UNCOMPARED}
