"""The guardrail Contract: what clients find in current's answers they must find in the candidate's.

Called by `guards` with the counted shapes of answers (`shipper.shape` writes them). No statistics: a shape that a hundredth of the
candidate's answers has and none of current's allows is a difference that clients will meet.
"""

from collections.abc import Iterable

from shadowlift.api.ledger import Arm

ENOUGH = 100  # answers of each process, before anything is concluded
OFTEN = 0.01  # part of the candidate's answers below which a shape is an accident, which error rates speak of


def difference(shapes: dict[str, int]) -> str | None:
    """What clients would miss, in words; an empty text where nothing, and None where too few answers were seen, or too many kinds."""
    ours, theirs = (_of(shapes, arm) for arm in (Arm.CURRENT, Arm.CANDIDATE))
    if min(sum(ours.values()), sum(theirs.values())) < ENOUGH:
        return None
    if shapes.get("", 0) >= OFTEN * sum(theirs.values()):  # more kinds than are kept, of whose answers nobody knows
        return None
    often = [shape for shape, n in theirs.items() if n >= OFTEN * sum(theirs.values())]
    known = [shape for shape, n in ours.items() if n >= OFTEN * sum(ours.values())]
    strange = next((shape for shape in sorted(often) if not any(_serves(shape, one) for one in known)), None)
    return "" if strange is None else f"the candidate answers {strange}, current {' or '.join(sorted(known))}"


def _of(shapes: dict[str, int], arm: Arm) -> dict[str, int]:
    prefix = f"{arm.value}|"
    return {name.removeprefix(prefix): n for name, n in shapes.items() if name.startswith(prefix)}


def _serves(candidate: str, current: str) -> bool:
    """Whoever reads the one can read the other: same status and type, and no field less."""
    if candidate == current:
        return True
    ours, theirs = _parts(current), _parts(candidate)
    return ours[:2] == theirs[:2] and ours[2] is not None and theirs[2] is not None and ours[2] <= theirs[2]


def _parts(shape: str) -> tuple[str, str, frozenset[str] | None]:
    status, media, *rest = shape.split(" ", 2)
    fields = rest[0] if rest else ""
    if not (fields.startswith("{") and fields.endswith("}")):
        return status, media, None
    return status, media, frozenset(_names(fields[1:-1].split(",")))


def _names(fields: Iterable[str]) -> Iterable[str]:
    return (field for field in fields if field)
