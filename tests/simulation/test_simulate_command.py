"""`shadowlift simulate`: every valid example can be planned, what is wrong is said in one line, and the same seed says the same."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowlift.api.objective import Mode
from shadowlift.api.parse import parse_spec
from shadowlift.cli import plots
from shadowlift.cli.bar import Bar
from shadowlift.cli.simulate import main
from tests.unit.cli.given import NUMBERS, VALID, deployment, example

pytestmark = pytest.mark.timeout(60)  # seconds of a quiet machine are minutes of a busy one

FEW = ("--disagreement", "0.06", "--replications", "20")
MINIMAL = example("valid/minimal")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that says why."""
    assert main(list(arguments)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("shadowlift simulate: ")
    assert told.err.count("\n") == 1
    return told.err.removeprefix("shadowlift simulate: ")


def decides(path: Path) -> Mode:
    """The mode whose evidence decides the example's trial."""
    return parse_spec(yaml.safe_load(path.read_text())["spec"]).decided_in


SHADOWS = [path for path in VALID if decides(path) is Mode.SHADOW]
CANARIES = [path for path in VALID if decides(path) is Mode.CANARY]


@pytest.mark.parametrize("path", SHADOWS, ids=lambda path: path.stem)
def test_every_example_that_a_shadow_decides_can_be_planned(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plan first, then one line for each true lift; nothing on standard error where nobody looks."""
    apart = {"minutes": "10", "probability": "0.2"}.get(path.stem)
    assumed = ["--disagreement", "0.1"] if apart is None else ["--apart", apart]
    assert main(["-f", str(path), "--replications", "2", *assumed]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.index("PLAN") < told.out.index("SIMULATED")
    assert sum(line.lstrip().startswith(("+", "-")) for line in told.out.splitlines()) == 5
    assert {path.stem for path in SHADOWS} >= NUMBERS


@pytest.mark.parametrize("path", CANARIES, ids=lambda path: path.stem)
def test_a_trial_that_a_canary_decides_is_refused(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its figures would be those of another test."""
    assert ": spec.objective.decidedIn: only trials that a shadow decides" in refused(capsys, "-f", str(path))


def test_the_numbers_are_those_of_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """6 % disagreement, alpha 0.01: 1,495 classical, 1,899 wanted; promoted in most trials at the target, in none 2 points below."""
    assert main(["-f", MINIMAL, "--disagreement", "0.06", "--replications", "150", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["plan"]["classical"], found["plan"]["wanted"], found["plan"]["is_short"]) == (1495, 1899, False)
    by_lift = {round(one["lift"], 4): one for one in found["simulated"]}
    assert list(by_lift) == [-0.02, 0.0, 0.01, 0.02, 0.04]
    assert by_lift[-0.02]["promoted"] == 0
    assert by_lift[0.0]["promoted"] <= 0.01 + 3 * (0.01 * 0.99 / 150) ** 0.5
    assert by_lift[0.02]["promoted"] >= 0.9
    assert 0 < by_lift[0.02]["promoted_half_width"] < 0.06
    assert by_lift[0.02]["median_days"] == pytest.approx(1 + (by_lift[0.02]["median"] + 100) / 10_000)


def test_lifts_are_in_the_objectives_units(capsys: pytest.CaptureFixture[str]) -> None:
    """Minutes of a flight's delay, not parts of the range."""
    assert main(["-f", example("valid/minutes"), "--apart", "10", "--replications", "1", "--json"]) == 0
    lifts = [one["lift"] for one in json.loads(capsys.readouterr().out)["simulated"]]
    assert lifts == pytest.approx([-1, 0, 0.5, 1, 2])


def test_the_same_seed_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """And another one something else."""
    told = []
    for seed in ("3", "3", "4"):
        main(["-f", MINIMAL, *FEW, "--seed", seed, "--json"])
        told.append(json.loads(capsys.readouterr().out)["simulated"])
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize(("traffic", "short"), [("340/day", False), ("300/day", True), ("12.5/hour", True)])
def test_a_short_deadline_is_warned_of(traffic: str, short: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """1,899 requests are wanted in six days and a hundred before them; the warning says how many days would do."""
    main(["-f", MINIMAL, *FEW, "--traffic", traffic])
    told = capsys.readouterr().out
    assert ("WARNING: spec.deadline leaves room for" in told) is short
    assert ("make it 7.7 days or more" in told) is short


def test_json_is_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in JSON is read as one in YAML."""
    path = tmp_path / "asked.json"
    path.write_text(json.dumps(yaml.safe_load(Path(MINIMAL).read_text())))
    assert main(["-f", str(path), *FEW]) == 0
    assert "triage: Accuracy" in capsys.readouterr().out


def test_the_first_model_deployment_counts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Among other documents, in a list, on standard input."""
    read = yaml.safe_load(Path(MINIMAL).read_text())
    documents = [{"kind": "Service"}, None, {"kind": "List", "items": [{"kind": "Secret"}, read]}]
    monkeypatch.setattr(sys, "stdin", io.StringIO(yaml.safe_dump_all(documents)))
    assert main(["-f", "-", *FEW]) == 0
    assert "triage: Accuracy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("deadline-before-maturity", "spec.deadline"),
        ("deadline-share-of-a-loss", "spec.objective.deadlineShare"),
        ("deadline-share-of-all", "spec.objective.deadlineShare"),
        ("false-promotion-rate-of-a-coin", "spec.objective.falsePromotionRate"),
        ("maturity-missing", "spec.objective.outcome.maturity"),
        ("minimum-lift-above-target", "spec.objective.minimumLift"),
        ("misspelt-field", "spec"),
        ("number-with-accuracy", "spec.prediction.type"),
        ("objective-missing", "spec.objective"),
        ("range-missing", "spec.objective.range"),
        ("range-of-a-probability", "spec.objective.range"),
        ("range-upside-down", "spec.objective.range"),
        ("target-lift-beyond-range", "spec.objective.targetLift"),
        ("target-lift-missing", "spec.objective.targetLift"),
        ("target-lift-zero", "spec.objective.targetLift"),
    ],
)
def test_an_invalid_example_names_file_and_field(name: str, field: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What the API server or the operator would refuse about the objective, said before anything is applied."""
    path = example(f"invalid/{name}")
    assert refused(capsys, "-f", path).startswith(f"{path}: {field}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no document of kind ModelDeployment"),
        ("kind: Service", "holds no document of kind ModelDeployment"),
        ("- a\n- b", "holds no document of kind ModelDeployment"),
        ("kind: ModelDeployment", "spec: the ModelDeployment has none"),
        ("kind: ModelDeployment\nspec: []", "spec: the ModelDeployment has none"),
        ("a: [b", "is neither YAML nor JSON"),
        ("\x00", "is neither YAML nor JSON"),
        (b"\xff\xfe\xfa", "is not UTF-8 text"),
    ],
)
def test_a_file_without_one_is_named(text: Any, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in it."""
    path = tmp_path / "asked.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refused(capsys, "-f", str(path)).startswith(f"{path}: {why}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the operating system says it."""
    assert refused(capsys, "-f", str(tmp_path / "none.yaml")).endswith("none.yaml: No such file or directory\n")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--disagreement", "0.001", "--disagreement: must be from spec.objective.targetLift (0.02) to 1"),
        ("--apart", "2", "--apart: is for losses"),
        ("--plot", "out.pdf", "--plot: out.pdf must end in .png or .svg"),
        ("--plot", "no/such/out.png", "--plot: no/such/out.png is in a folder that does not exist"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any work is done."""
    assert refused(capsys, "-f", MINIMAL, option, value).startswith(said)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-f", MINIMAL, "--traffic", "10000"],
        ["-f", MINIMAL, "--traffic", "0/day"],
        ["-f", MINIMAL, "--traffic", "-5/day"],
        ["-f", MINIMAL, "--replications", "0"],
        ["-f", MINIMAL, "--replications", "many"],
        ["-f", MINIMAL, "--seed", "x"],
        ["-f", MINIMAL, "--unheard-of"],
    ],
)
def test_an_option_that_cannot_be_read_shows_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: shadowlift simulate" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "begins"), [("out.png", b"\x89PNG"), ("out.svg", b"<?xml")])
def test_a_picture_is_written(name: str, begins: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the format that the suffix says; titles, units and the name of what was asked are in it."""
    path = tmp_path / name
    assert main(["-f", MINIMAL, *FEW, "--plot", str(path)]) == 0
    assert capsys.readouterr().err == ""
    drawn = path.read_bytes()
    assert drawn.startswith(begins)
    assert len(drawn) > 10_000
    if name.endswith(".svg"):
        for words in (
            "Promotion by the deadline",
            "true lift (difference in accuracy)",
            "counted requests",
            "days, warm-up",
        ):
            assert f"<!-- {words}".encode() in drawn


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a minute of simulation, not after it; all but pictures works without."""
    monkeypatch.setattr(plots, "LIBRARY", "matplotlib_that_is_not_installed")
    assert "pip install matplotlib" in refused(capsys, "-f", MINIMAL, "--plot", str(tmp_path / "out.png"))
    assert main(["-f", MINIMAL, *FEW]) == 0


def test_a_short_trial_of_a_great_lift_can_be_drawn(tmp_path: Path) -> None:
    """Where twice the target cannot be: four lifts."""
    path = deployment(tmp_path, {"targetLift": "0.05"})
    assert main(["-f", path, "--disagreement", "0.06", "--replications", "3", "--plot", str(tmp_path / "out.svg")]) == 0


class Terminal(io.StringIO):
    """Somebody looks."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_shows_how_far_it_is() -> None:
    """Drawn over itself, up to the whole, and taken away at the end."""
    terminal = Terminal()
    bar = Bar(terminal, 4)
    for _ in range(4):
        bar.advance("true lift +0.02")
    assert terminal.getvalue().count("\r") == 4
    assert "[###############               ]  50% true lift +0.02" in terminal.getvalue()
    assert terminal.getvalue().endswith(f"[{'#' * 30}] 100% true lift +0.02")
    bar.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


class Impatient(Terminal):
    """Somebody looks, and presses Ctrl-C at the sight of a bar."""

    def write(self, text: str) -> int:
        written = super().write(text)
        if "%" in text:
            raise KeyboardInterrupt
        return written


def test_who_stops_it_gets_the_line_back(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 130, the bar taken away, one line and no trace; nothing that could be taken for a result."""
    terminal = Impatient()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["-f", MINIMAL, *FEW]) == 130
    assert terminal.getvalue().endswith("true lift -0.02\r\x1b[Kshadowlift simulate: stopped\n")
    assert capsys.readouterr().out == ""


def test_in_a_pipe_there_is_no_bar() -> None:
    """Nothing is written that nobody could read."""
    pipe = io.StringIO()
    bar = Bar(pipe, 2)
    bar.advance("")
    bar.clear()
    assert pipe.getvalue() == ""
