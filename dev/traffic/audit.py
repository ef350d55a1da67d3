"""Is every outcome that the recorder accepted in its ledger, with its last value? `Stand.audit` asks it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


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
        different=[
            (key, value, kept[key]) for key, value in sent.items() if key in kept and not _same(value, kept[key])
        ],
        unknown=len(kept.keys() - sent.keys()),
    )


def as_stored(value: str | bool | float) -> str:
    """An outcome as the ledger writes it, as far as its own text can tell: booleans in lower case, the rest as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same(sent: str, kept: str) -> bool:
    """Numbers have several texts: 5 is kept as 5.0, and what happened as 1."""
    happened = {"true": "1", "false": "0"}
    try:
        return sent == kept or float(happened.get(sent, sent)) == float(happened.get(kept, kept))
    except ValueError:
        return False
