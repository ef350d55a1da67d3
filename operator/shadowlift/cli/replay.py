"""`shadowlift replay`: after a trial, the verdict of a decision record, reached again from the frozen test and the counts in it.

It needs no cluster and no recorder. The record's counts are taken as true: what is found out is a verdict or a number that does not
follow from them.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from shadowlift.api.record import APPROVED, UNASKED, Record, RecordKind
from shadowlift.api.status import Evidence as Shown
from shadowlift.cli import files
from shadowlift.errors import InvalidInput
from shadowlift.stats import cases
from shadowlift.stats.arm_verdict import ArmCase
from shadowlift.stats.cases import AnyCase
from shadowlift.stats.verdict import Evidence, Reason, Ruling, Verdict

_PROVEN = {RecordKind.PROMOTED, RecordKind.PROPOSED, RecordKind.STEPPED}
_GIVEN_UP = {RecordKind.REJECTED, RecordKind.DROPPED}
_DECIDED = {  # a record's words for what the engine calls so
    Reason.LIFT_PROVEN: (_PROVEN, "LiftProven"),
    Reason.LIFT_PROVEN_AT_DEADLINE: (_PROVEN, "LiftProvenAtDeadline"),
    Reason.HARM_PROVEN: (_GIVEN_UP, "Harm"),
    Reason.TARGET_OUT_OF_REACH: (_GIVEN_UP, "Futility"),
}
# Decided by something else than the lift: guardrails, failures, steps that have lasted.
_NOT_THE_LIFTS = {"Guardrail", "CircuitBreaker", "StepsPassed", "StepDone", "ShadowPassed", "Watched", "Interference"}
_LIFT_SHOWN = 0.6e-4  # records show four decimals of a lift,
_NUMBER_SHOWN = 0.6e-2  # and three digits, at least, of everything else
_PLAIN = {"PairedCounts", "ArmCounts"}  # cases whose lifts are in the record's own unit, which is 1
_AGREES = ("the record agrees with its evidence", 0)
_DIFFERS = ("THE RECORD DOES NOT AGREE WITH ITS EVIDENCE", 1)
_NOTHING = ("no number was compared, so that nothing is known of the record", 2)


Lifts = list[tuple[str, str | None, float | None]]
"""Name, as the record has it, as the case has it."""


class Line(NamedTuple):
    """One number: its name, as the record has it, as it was reached again, and whether the two are the same as far as shown.

    None: the record has none; it was not reached again; the two were not compared.
    """

    name: str
    told: str | None
    again: str | None
    same: bool | None


def main(arguments: list[str]) -> int:
    """Print both. Exit code 0 if they agree, 1 if not, 2 where there is nothing to be reached again or compared; a line says why."""
    parser = argparse.ArgumentParser("shadowlift replay", description=__doc__, allow_abbrev=False)
    what = "a ControllerRevision as kubectl get -o json prints it, or its data (default: standard input)"
    parser.add_argument("-f", "--file", default=files.STDIN, metavar="FILE", help=what)
    path = parser.parse_args(arguments).file
    try:
        record = files.record(path)
        ruling, lines = replayed(record, files.name_of(path))
    except InvalidInput as error:
        sys.stderr.write(f"shadowlift replay: {error}\n")
        return 2
    found = [_same_verdict(record, ruling), *(line.same for line in lines)]
    compared = any(line.same is not None for line in lines)
    end, code = _DIFFERS if False in found else _AGREES if compared else _NOTHING
    sys.stdout.write("\n".join([*_text(record, ruling, lines), end]) + "\n")
    return code


def replayed(record: Record, file: str) -> tuple[Ruling, list[Line]]:
    """What the case in a record says, and its numbers beside the record's.

    Raises:
        InvalidInput: the record carries no case, or one that is none.
    """
    if record.case is None:
        raise InvalidInput(
            file, f"a {record.kind} record carries no case here; verdicts do: Promoted, Rejected, Expired"
        )
    try:
        case = cases.from_json(record.case)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InvalidInput(file, f"data.case: is damaged: {error}") from error
    ruling = cases.rule(case)
    return ruling, list(_compared(record, case, ruling.evidence)) if ruling.evidence else []


def _same_verdict(record: Record, ruling: Ruling) -> bool | None:
    """None where it is not the evidence's: a trial expires whatever that says, where something else was in the way."""
    if record.kind is RecordKind.EXPIRED or record.reason in _NOT_THE_LIFTS:
        return None
    if record.kind is RecordKind.PROMOTED and record.message.startswith((APPROVED, UNASKED)):
        return None  # its proposal was proven; an e-value may fall until somebody approves
    kinds, reason = _DECIDED.get(ruling.reason, (set[RecordKind](), ""))
    return record.kind in kinds and record.reason == reason


def _compared(record: Record, case: AnyCase, again: Evidence) -> Iterator[Line]:
    told = record.evidence or Shown()
    n = None if record.evidence is None else str(told.n)
    yield _line("units" if isinstance(case, ArmCase) else "pairs", n, str(again.n), same=told.n == again.n)
    lifts = [
        ("lift", told.estimate, again.estimate),
        ("at least", told.lower, again.lower),
        ("at most", told.upper, again.upper),
    ]
    yield from _lifts(lifts) if case.to_json()["kind"] in _PLAIN else _lifts_in_a_unit(lifts)
    logs = (
        ("e-value", told.e_value, again.log_e),
        ("bar", told.bar, math.log(again.bar)),
        ("e-value of harm", told.harm_e_value, again.harm_log_e),
        ("bar of harm", told.harm_bar, math.log(again.harm_bar)),
    )
    for name, text, log in logs:
        same = text is not None and abs(float(Decimal(text).ln()) - log) <= _NUMBER_SHOWN
        yield _line(name, text, f"{Decimal(log).exp():.4g}", same=same)
    if record.evidence is not None and (told.deadline_p, again.deadline_p) != (None, None):
        yield _deadline(told.deadline_p, again.deadline_p)


def _line(name: str, told: str | None, again: str | None, *, same: bool) -> Line:
    return Line(name, told, again, None if told is None else same)


def _lifts(lifts: Lifts, unit: float = 1.0, within: float = _LIFT_SHOWN) -> Iterator[Line]:
    for name, text, lift in lifts:
        same = text is not None and lift is not None and abs(float(text) - lift * unit) <= within
        if (text, lift) != (None, None):
            yield _line(name, text, None if lift is None else f"{lift * unit:+.4f}", same=same)


def _lifts_in_a_unit(lifts: Lifts) -> Iterator[Line]:
    """Of losses and rewards a record has them in the outcome's units, which the case does not know.

    The largest, which is known best, gives the unit; of itself only its sign is compared then.
    """
    known = [(name, float(text), lift) for name, text, lift in lifts if text is not None and lift]
    if not known:
        yield from (line._replace(same=None) for line in _lifts(lifts))
        return
    measure, told, lift = max(known, key=lambda one: abs(one[2]))
    for line in _lifts(lifts, abs(told / lift), 2 * _LIFT_SHOWN):  # both are rounded
        yield line._replace(again="the unit", same=None) if line.name == measure and line.same else line


def _deadline(told: str | None, again: float | None) -> Line:
    shown = None if again is None else f"{again:.3g}"
    same = told is not None and again is not None and math.isclose(float(told), again, rel_tol=_NUMBER_SHOWN)
    return Line("p at the deadline", told, shown, same)


def _text(record: Record, ruling: Ruling, lines: list[Line]) -> Iterator[str]:
    yield f"{record.kind}/{record.reason} of {record.candidate}, trial {record.trial}, {record.at}"
    yield f"reached again: {ruling.verdict.value}/{ruling.reason.value}"
    yield ""
    yield f"{'':<20}{'record':>14}{'again':>14}"
    for line in lines:
        differs = "   differs" if line.same is False else ""
        yield f"{line.name:<20}{line.told or 'none':>14}{line.again or 'none':>14}{differs}"
    yield ""
    if record.kind is RecordKind.EXPIRED and ruling.verdict is not Verdict.HOLD:
        yield f"the evidence alone would have said {ruling.verdict.value}; what was in the way: {record.message}"
    elif _same_verdict(record, ruling) is None:
        yield f"not judged again: {record.kind}/{record.reason}, which does not rest on this evidence alone"
    lacking = [line.name for line in lines if line.same is None and line.told is None]
    if lacking:
        yield f"not compared, since the record has none: {', '.join(lacking)}"
    measures = [line.name for line in lines if line.same is None and line.told is not None]
    if measures:
        yield f"not compared, since the case does not know the outcome's unit: {', '.join(measures)}"
