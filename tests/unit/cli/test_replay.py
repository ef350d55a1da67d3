"""`shadowlift replay`: every verdict is reached again from its record, and a record that says otherwise is found out."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shadowlift.api.record import APPROVED, UNASKED, Record, RecordKind
from shadowlift.cli.replay import main
from tests.unit.cli import given

VERDICTS = {
    "Promote/LiftProven": given.proven,
    "Promote/LiftProvenAtDeadline": given.at_the_deadline,
    "Reject/HarmProven": given.harmful,
    "Reject/TargetOutOfReach": given.futile,
    "Hold/NotEnoughEvidence": given.expired,
}


def refused(capsys: pytest.CaptureFixture[str], path: str) -> str:
    """The one line that says why."""
    assert main(["-f", path]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("shadowlift replay: ")
    assert told.err.count("\n") == 1
    return told.err.removeprefix("shadowlift replay: ")


@pytest.mark.parametrize(("verdict", "record"), VERDICTS.items(), ids=VERDICTS)
def test_every_verdict_is_reached_again(
    verdict: str, record: Callable[[], Record], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The records that rollouts wrote, with every number in them."""
    assert main(["-f", given.written(tmp_path, record())]) == 0
    told = capsys.readouterr().out
    assert f"reached again: {verdict}\n" in told
    assert "pairs" in told
    assert "e-value of harm" in told
    assert "differs" not in told
    assert told.endswith("the record agrees with its evidence\n")


def test_a_loss_is_reached_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its lifts are in minutes in the record and in parts of the range in the case: the largest gives the unit of the others."""
    record = given.of_a_loss()
    assert record.evidence is not None
    assert main(["-f", given.written(tmp_path, record)]) == 0
    told = capsys.readouterr().out
    assert "reached again: Promote/LiftProven\n" in told
    assert f"at least{record.evidence.lower:>26}" in told
    assert "not compared, since the case does not know the outcome's unit: at most\n" in told


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"estimate": "+1.6000"}, ["lift"]),
        ({"lower": "+1.4000"}, ["at least"]),
        ({"upper": "+9.0000"}, ["lift", "at least"]),
        ({"upper": "-2.0000"}, ["lift", "at least", "at most"]),
    ],
)
def test_another_lift_of_a_loss_is_found_out(
    changes: dict, wrong: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three lifts of one unit: one that is changed does not fit the two others."""
    record = given.of_a_loss()
    assert record.evidence is not None
    evidence = record.evidence.model_dump(by_alias=True, exclude_none=True) | changes
    assert main(["-f", given.written(tmp_path, record, evidence=evidence)]) == 1
    told = [text for text in capsys.readouterr().out.splitlines() if text.endswith("differs")]
    assert [text.split("  ")[0] for text in told] == wrong


@pytest.mark.parametrize(
    ("record", "rest"), [(given.of_a_canary, ""), (given.of_rewards, "at most")], ids=["Accuracy", "Reward"]
)
def test_lifts_of_a_canary_are_compared_too(
    record: Callable[[], Record], rest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of rewards in the unit that the largest gives."""
    honest = record()
    assert honest.evidence is not None
    assert main(["-f", given.written(tmp_path, honest)]) == 0
    assert (f"unit: {rest}\n" in capsys.readouterr().out) is bool(rest)
    evidence = honest.evidence.model_dump(by_alias=True, exclude_none=True) | {"lower": "+0.0010"}
    assert main(["-f", given.written(tmp_path, honest, evidence=evidence)]) == 1
    wrong = [text for text in capsys.readouterr().out.splitlines() if text.endswith("differs")]
    assert [text.split("  ")[0] for text in wrong] == ["at least"]


def test_a_number_that_the_record_lacks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown beside nothing, and not said to agree."""
    record = given.proven()
    assert record.evidence is not None
    evidence = record.evidence.model_dump(by_alias=True, exclude_none=True, exclude={"estimate", "bar"})
    assert main(["-f", given.written(tmp_path, record, evidence=evidence)]) == 0
    assert "not compared, since the record has none: lift, bar\nthe record agrees" in capsys.readouterr().out


@pytest.mark.parametrize("record", [given.proven, given.of_a_loss, given.at_the_deadline])
def test_a_record_without_numbers_agrees_with_nothing(
    record: Callable[[], Record], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2; its verdict is shown as it was reached again."""
    assert main(["-f", given.written(tmp_path, record(), evidence=None)]) == 2
    told = capsys.readouterr().out
    assert "reached again: Promote/" in told
    assert "not compared, since the record has none: pairs, lift, at least, at most, e-value, " in told
    assert told.endswith("no number was compared, so that nothing is known of the record\n")


def test_another_verdict_is_found_out_without_numbers_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who leaves the numbers out does not hide it."""
    path = given.written(tmp_path, given.proven(), evidence=None, kind="Rejected", reason="Harm")
    assert main(["-f", path]) == 1
    assert capsys.readouterr().out.endswith("THE RECORD DOES NOT AGREE WITH ITS EVIDENCE\n")


def test_the_data_alone_is_enough(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And standard input is where it comes from, unless said otherwise."""
    data = given.proven().model_dump(mode="json", by_alias=True, exclude_none=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(data)))
    assert main([]) == 0
    assert "agrees" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "Rejected"},
        {"kind": "Rejected", "reason": "Harm"},
        {"reason": "LiftProvenAtDeadline"},
    ],
)
def test_another_verdict_is_found_out(changes: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1; what the evidence says is shown."""
    assert main(["-f", given.written(tmp_path, given.proven(), **changes)]) == 1
    told = capsys.readouterr().out
    assert "reached again: Promote/LiftProven" in told
    assert told.endswith("THE RECORD DOES NOT AGREE WITH ITS EVIDENCE\n")


@pytest.mark.parametrize("reason", ["Guardrail", "CircuitBreaker", "Interference"])
def test_what_something_else_has_decided_is_not_judged_again(
    reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The evidence of the lift is shown, and nobody says that it does not agree."""
    assert main(["-f", given.written(tmp_path, given.proven(), kind="Rejected", reason=reason)]) == 0
    told = capsys.readouterr().out
    assert "NOT AGREE" not in told
    assert f"not judged again: Rejected/{reason}, which does not rest on this evidence alone\n" in told


@pytest.mark.parametrize("message", [f"{APPROVED}; lift", f"{UNASKED}; lift"])
def test_what_was_proven_when_it_was_proposed_is_not_judged_again(
    message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An e-value may fall between a proposal and the promotion."""
    path = given.written(tmp_path, given.expired(), kind="Promoted", reason="LiftProven", message=message)
    assert main(["-f", path]) == 0
    assert "NOT AGREE" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("n", 1, "pairs"),
        ("estimate", "+0.5000", "lift"),
        ("lower", "+0.4000", "at least"),
        ("upper", "+0.9000", "at most"),
        ("eValue", "1e+9", "e-value"),
        ("bar", "20", "bar"),
        ("harmEValue", "99", "e-value of harm"),
        ("harmBar", "20", "bar of harm"),
        ("deadlineP", "0.001", "p at the deadline"),
    ],
)
def test_another_number_is_found_out(
    field: str, value: object, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each number that a record shows is held against its case."""
    record = given.proven()
    evidence = given.written(tmp_path, record)
    shown = json.loads(Path(evidence).read_text())["data"]["evidence"] | {field: value}
    assert main(["-f", given.written(tmp_path, record, evidence=shown)]) == 1
    wrong = [text for text in capsys.readouterr().out.splitlines() if text.endswith("differs")]
    assert [text.split("  ")[0] for text in wrong] == [line]


def test_other_counts_are_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wins turned into losses prove something else."""
    record = given.proven()
    assert record.case is not None
    counts = record.case["promotion"]
    turned = {**counts, "wins": counts["losses"], "losses": counts["wins"]}
    assert main(["-f", given.written(tmp_path, record, case={**record.case, "promotion": turned, "harm": turned})]) == 1
    assert "reached again: Reject/" in capsys.readouterr().out


def test_a_trial_that_expired_with_a_proven_lift_says_what_was_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promotion has more gates than the evidence: the record's message names the one that was shut."""
    record = given.proven()
    held = record.model_copy(update={"kind": RecordKind.EXPIRED, "reason": "Deadline", "message": "Hold/Coverage"})
    assert main(["-f", given.written(tmp_path, held)]) == 0
    assert "would have said Promote; what was in the way: Hold/Coverage" in capsys.readouterr().out


def test_a_record_without_a_case_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A beginning is no verdict."""
    assert "a Started record carries no case here; verdicts do" in refused(
        capsys, given.written(tmp_path, given.started())
    )


@pytest.mark.parametrize(
    "damage", [{"kind": "Guess"}, {"last": True, "extra": 1}, {"test": {}}, {"test": 7}, {"promotion": []}]
)
def test_a_damaged_case_is_no_case(damage: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, no trace."""
    record = given.proven()
    path = given.written(tmp_path, record, case={**(record.case or {}), **damage})
    assert refused(capsys, path).startswith(f"{path}: data.case: is damaged: ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not JSON"),
        ("kind: ControllerRevision", "is not JSON"),
        ("[]", "must hold one decision record"),
        ('{"kind": "List", "items": []}', "must hold one decision record"),
        ('{"kind": "ControllerRevision", "metadata": {"name": "x"}}', "ControllerRevision/x: not a readable"),
        ('{"kind": "Promoted"}', "ControllerRevision/unnamed: not a readable"),
        ('{"kind": "ControllerRevision", "data": {"raw": 1}}', "ControllerRevision/unnamed: not a readable"),
    ],
)
def test_a_file_without_a_record_is_named(
    text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is in it."""
    path = tmp_path / "record.json"
    path.write_text(text)
    assert refused(capsys, str(path)).startswith(f"{path}: {why}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the operating system says it."""
    assert refused(capsys, str(tmp_path / "none.json")).endswith("none.json: No such file or directory\n")
