"""The entry point of the image: one program per word, and a clear end where it cannot begin."""

import sys
from importlib.util import find_spec

import pytest

from shadowlift import __main__ as entry
from shadowlift.handlers import run


@pytest.mark.parametrize("name", entry.PROGRAMS)
def test_every_program_has_a_module(name: str):
    """The table names modules that exist; none is imported before it is asked for."""
    module, what = entry.PROGRAMS[name]
    assert find_spec(module) is not None
    assert what


@pytest.mark.parametrize("arguments", [[], ["--help"], ["unheard-of"]])
def test_an_unknown_program_shows_the_known_ones(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Usage on standard error, exit code 2."""
    monkeypatch.setattr(sys, "argv", ["shadowlift", *arguments])
    assert entry.main() == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert all(name in told.err for name in entry.PROGRAMS)


def test_an_operator_without_its_environment_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """One line that names the variable, exit code 2, no trace."""
    monkeypatch.delenv("SHADOWLIFT_IMAGE", raising=False)
    assert run.main([]) == 2
    assert capsys.readouterr().err == "shadowlift operator: SHADOWLIFT_IMAGE: must be set in the environment\n"
