"""Rooms and directions: who may import whom, and what the core may not know."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, modules, names, parsed, tracked

CLOCKS = {  # one per program: there the time and chance of the others come from
    "operator/shadowlift/adapters/clock.py",
    "operator/shadowlift/recorder/clock.py",
    "operator/shadowlift/shipper/run.py",
    "operator/shadowlift/cli/chance.py",
}
FORBIDDEN = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.sleep",
)


def run(*command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"], **environment}
    )


@pytest.mark.timeout(60)
def test_the_import_contracts_hold():
    """Layers, a pure core, kopf at the door, programs apart: `.importlinter` says it, this runs it."""
    linted = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache", PYTHONPATH="operator")
    assert linted.returncode == 0, linted.stdout


def test_every_room_is_under_a_contract():
    """A new package must find its place in `.importlinter`."""
    contracts = (ROOT / ".importlinter").read_text()
    rooms = {path.name for path in (ROOT / "operator" / "shadowlift").iterdir() if (path / "__init__.py").exists()}
    assert [room for room in sorted(rooms) if f"shadowlift.{room}" not in contracts] == []


@pytest.mark.timeout(30)
def test_operator_is_still_the_standard_librarys():
    """From the root of the repository, with our folder of that name beside it."""
    assert (
        run(sys.executable, "-c", "import operator; print(operator.__file__)").stdout.rstrip().endswith("/operator.py")
    )
    with_root_first = "import sys; sys.path.insert(0, ''); sys.modules.pop('operator', None); import operator; print(operator.itemgetter)"
    assert "itemgetter" in run(sys.executable, "-c", with_root_first).stdout


def test_operator_is_a_folder_and_never_a_package():
    """With an __init__.py it would take the standard library's place, and so would a test folder of that name."""
    assert not (ROOT / "operator" / "__init__.py").exists()
    assert [path for path in tracked() if path.parts[0] == "tests" and "operator" in path.parts] == []


def text(path: Path) -> list[str]:
    return (ROOT / path).read_text(encoding="utf8").splitlines()


TIMELESS = tuple(path for path in modules() if str(path) not in CLOCKS)


def test_time_comes_in_as_an_argument():
    """Only clocks ask what time it is, and nobody sleeps; an exception carries its reason in its line."""
    asked = [
        f"{path}:{line} {name}"
        for path in TIMELESS
        for line, name in names(path)
        if any(name == word or name.endswith("." + word) for word in FORBIDDEN)
        and "noqa: TID251 - " not in text(path)[line - 1]
    ]
    assert asked == []


def imported(path: Path) -> set[str]:
    """Modules that a module names in its imports."""
    out: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            out |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            out.add(node.module or "")
    return out


def test_chance_comes_in_as_an_argument():
    """Jitter is the clock's; nothing else is left to chance."""
    assert [str(path) for path in TIMELESS if imported(path) & {"random", "secrets"}] == []


def test_programs_start_without_each_others_libraries():
    """Each is imported only when asked for: the entry point itself knows none."""
    loaded = run(
        sys.executable, "-c", "import shadowlift.__main__, sys; print(*sys.modules)", PYTHONPATH="operator"
    ).stdout.split()
    assert not {"kopf", "kubernetes", "fastapi", "sqlalchemy", "aiohttp", "pydantic"} & set(loaded)


@pytest.mark.parametrize(
    ("program", "foreign"),
    [
        ("shadowlift.recorder.run", {"kopf", "kubernetes"}),
        ("shadowlift.shipper.run", {"kopf", "kubernetes", "fastapi", "sqlalchemy"}),
        ("shadowlift.cli.simulate", {"kopf", "kubernetes", "aiohttp", "fastapi", "sqlalchemy", "matplotlib", "numpy"}),
        ("shadowlift.cli.replay", {"kopf", "kubernetes", "aiohttp", "fastapi", "sqlalchemy", "matplotlib", "numpy"}),
        ("shadowlift.rollout.decide", {"kopf", "kubernetes", "aiohttp", "fastapi", "sqlalchemy", "prometheus_client"}),
    ],
)
@pytest.mark.timeout(60)
def test_a_program_loads_only_what_it_uses(program: str, foreign: set[str]):
    """A router's sidecar carries neither the operator's nor the recorder's libraries in memory."""
    script = f"import {program}, sys; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = run(sys.executable, "-c", script, PYTHONPATH="operator")
    assert done.returncode == 0, done.stderr
    assert not foreign & set(done.stdout.split())
