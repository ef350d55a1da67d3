"""Is every outcome that the recorder accepted in its ledger, with its last value? Tests call it after trouble.

`compare` is pure; `ledger_of` pages through the recorder's outcomes with whatever way of asking the caller has.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PAGE = 1000


@dataclass(frozen=True)
class Audit:
    """What was compared. `unknown` are in the ledger though the sender never had a 202 for them: harmless repeats."""

    accepted: int
    missing: list[str]  # keys that were accepted and are not in the ledger
    different: list[tuple[str, str, str]]  # key, accepted last, stored
    unknown: int

    @property
    def holds(self) -> bool:
        """Whether nothing that was accepted is lost or other than it was sent."""
        return not self.missing and not self.different


def compare(accepted: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]) -> Audit:
    """Accepted lines (key, value; in order) against ledger rows (key, value; in order): the last of a key counts."""
    sent = {line["key"]: as_stored(line["value"]) for line in accepted}
    kept = {row["key"]: str(row["value"]) for row in stored}
    return Audit(
        accepted=len(sent),
        missing=[key for key in sent if key not in kept],
        different=[(key, value, kept[key]) for key, value in sent.items() if key in kept and kept[key] != value],
        unknown=len(kept.keys() - sent.keys()),
    )


def as_stored(value: str | bool | int) -> str:
    """An outcome as the ledger writes it: booleans in lower case, the rest as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def ledger_of(ask: Callable[[str], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All pages of outcomes; `ask` gets the query string (`after=...&limit=...`) and gives the page as JSON data."""
    rows: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = ask(f"after={after}&limit={PAGE}")
        rows += page["outcomes"]
        after = page["next"]
    return rows
