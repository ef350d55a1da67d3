"""Logs: one JSON object per line, whatever is logged."""

import json
import logging
import time
from typing import Any

import pytest

from shadowlift.telemetry.logs import JsonLines, configure


def line(
    message: str, *arguments: Any, level: int = logging.INFO, error: BaseException | None = None, **extra: Any
) -> dict[str, Any]:
    trace = None if error is None else (type(error), error, error.__traceback__)
    record = logging.getLogger("shadowlift.test").makeRecord(
        "shadowlift.test", level, "f", 1, message, arguments, trace, extra=extra
    )
    formatter = JsonLines()
    formatter.converter = time.gmtime
    record.created, record.msecs = 1_800_000_000.25, 250.0
    text = formatter.format(record)
    assert "\n" not in text
    read: dict[str, Any] = json.loads(text)
    return read


def test_a_line_says_when_how_bad_who_and_what():
    """UTC with milliseconds, level in small letters, the logger, the message with its arguments."""
    assert line("%s of %d", "one", 2, level=logging.WARNING) == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "warning",
        "logger": "shadowlift.test",
        "message": "one of 2",
    }


def test_fields_stand_beside_the_message():
    """Plain values only: an object would drag in whatever it prints, also secrets."""
    seen = line("x", key="clinic/triage", again_in=0.5, ok=True, headers={"Authorization": "secret"}, _private="secret")
    assert (seen["key"], seen["again_in"], seen["ok"]) == ("clinic/triage", 0.5, True)
    assert "secret" not in json.dumps(seen)


@pytest.mark.parametrize("text", ["two\nlines", 'a "quote"', "Ünïcode", "\x00\x1b[31m"])
def test_any_text_is_one_line(text: str):
    """A reader by lines is never led astray."""
    assert line("%s", text)["message"] == text


def test_an_error_brings_its_trace():
    """In one field, on the same line."""
    try:
        {}["missing"]
    except KeyError as error:
        seen = line("failed", level=logging.ERROR, error=error)
    assert "KeyError: 'missing'" in seen["trace"]


def test_configuring_sends_everything_to_standard_output(capsys: pytest.CaptureFixture[str]):
    """Also what libraries log; Kopf only from warnings on."""
    root = logging.getLogger()
    before, level, kopf = list(root.handlers), root.level, logging.getLogger("kopf").level
    try:
        configure("INFO")
        logging.getLogger("some.library").info("hello")
        logging.getLogger("kopf.x").info("chatter")
        logging.getLogger("some.library").debug("nothing")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.getLogger("kopf").setLevel(kopf)
    out = capsys.readouterr()
    assert [json.loads(text)["message"] for text in out.out.splitlines()] == ["hello"]
    assert out.err == ""
