"""`shadowlift replay`: after a trial, the verdict of a decision record, reached again from the frozen test and the counts in it.

Nothing else is needed: no cluster, no recorder, no trust in whoever wrote the record.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from shadowlift.api.record import APPROVED, UNASKED, Record, RecordKind
from shadowlift.cli import files
from shadowlift.errors import InvalidInput
from shadowlift.stats import cases
from shadowlift.stats.arm_verdict import ArmCase
from shadowlift.stats.cases import AnyCase
from shadowlift.stats.counts import PairedCounts
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


class Line(NamedTuple):
    """One number: its name, as the record has it, as it was reached again, and whether the two are the same as far as shown."""

    name: str
    told: str
    again: str
    same: bool


def main(arguments: list[str]) -> int:
    """Print both. Exit code 0 if they agree, 1 if not, 2 where there is nothing to be reached again; one line says why."""
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
    agrees = _same_verdict(record, ruling) and all(line.same for line in lines)
    sys.stdout.write("\n".join(_text(record, ruling, lines, agrees=agrees)) + "\n")
    return 0 if agrees else 1


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


def _same_verdict(record: Record, ruling: Ruling) -> bool:
    """A trial expires whatever the evidence says, where something else was in the way; its message names that."""
    if record.kind is RecordKind.EXPIRED or record.reason in _NOT_THE_LIFTS:
        return True
    if record.kind is RecordKind.PROMOTED and record.message.startswith((APPROVED, UNASKED)):
        return True  # its proposal was proven; an e-value may fall until somebody approves
    kinds, reason = _DECIDED.get(ruling.reason, (set[RecordKind](), ""))
    return record.kind in kinds and record.reason == reason


def _compared(record: Record, case: AnyCase, again: Evidence) -> Iterator[Line]:
    told = record.evidence
    if told is None:
        return
    yield Line("units" if isinstance(case, ArmCase) else "pairs", str(told.n), str(again.n), told.n == again.n)
    lifts = (
        ("lift", told.estimate, again.estimate),
        ("at least", told.lower, again.lower),
        ("at most", told.upper, again.upper),
    )
    # Of losses and rewards a record has them in the outcome's units, which the case does not know.
    if isinstance(case.promotion, PairedCounts):
        for name, text, lift in lifts:
            if text is not None and lift is not None:
                yield Line(name, text, f"{lift:+.4f}", abs(float(text) - lift) <= _LIFT_SHOWN)
    logs = (
        ("e-value", told.e_value, again.log_e),
        ("bar", told.bar, math.log(again.bar)),
        ("e-value of harm", told.harm_e_value, again.harm_log_e),
        ("bar of harm", told.harm_bar, math.log(again.harm_bar)),
    )
    for name, text, log in logs:
        if text is not None:
            yield Line(name, text, f"{Decimal(log).exp():.4g}", abs(float(Decimal(text).ln()) - log) <= _NUMBER_SHOWN)
    if told.deadline_p is not None or again.deadline_p is not None:
        yield _deadline(told.deadline_p, again.deadline_p)


def _deadline(told: str | None, again: float | None) -> Line:
    shown = "none" if again is None else f"{again:.3g}"
    same = told is not None and again is not None and math.isclose(float(told), again, rel_tol=_NUMBER_SHOWN)
    return Line("p at the deadline", told or "none", shown, same)


def _text(record: Record, ruling: Ruling, lines: list[Line], *, agrees: bool) -> Iterator[str]:
    yield f"{record.kind}/{record.reason} of {record.candidate}, trial {record.trial}, {record.at}"
    yield f"reached again: {ruling.verdict.value}/{ruling.reason.value}"
    yield ""
    yield f"{'':<20}{'record':>14}{'again':>14}"
    for line in lines:
        yield f"{line.name:<20}{line.told:>14}{line.again:>14}{'' if line.same else '   differs'}"
    yield ""
    if record.kind is RecordKind.EXPIRED and ruling.verdict is not Verdict.HOLD:
        yield f"the evidence alone would have said {ruling.verdict.value}; what was in the way: {record.message}"
    yield "the record agrees with its evidence" if agrees else "THE RECORD DOES NOT AGREE WITH ITS EVIDENCE"
