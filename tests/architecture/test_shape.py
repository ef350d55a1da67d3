"""Small files, short functions, few parameters: the numbers that keep the code readable. `pytest -s` prints them."""

import ast
import sys
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.architecture.tree import PACKAGE, ROOT, Function, functions, length, modules, parsed, tracked

MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS, MAX_METHODS = 500, 60, 5, 10
DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc", "shared", "stuff"}
PYTHON = tuple(path for path in tracked() if path.suffix == ".py")


def test_no_file_is_longer_than_a_person_reads():
    """500 lines at most, tests and tools included."""
    assert {str(path): length(path) for path in PYTHON if length(path) > MAX_FILE} == {}


def test_no_function_is_longer_than_a_screen():
    """60 lines at most, in the package and in the tools."""
    long = [
        f for path in PYTHON if path.parts[0] in ("operator", "dev") for f in functions(path) if f.lines > MAX_FUNCTION
    ]
    assert long == []


def test_no_function_takes_more_than_five_things():
    """Else a value object is missing; an exception carries its reason in its first line."""
    many = [f for path in modules() for f in functions(path) if f.parameters > MAX_PARAMETERS and not f.noted]
    assert [f"{f.path}:{f.name}" for f in many] == []


def test_the_middle_is_small(capsys: pytest.CaptureFixture[str]):
    """Files: median <= 150, nine in ten <= 350. Functions: median <= 12, nine in ten <= 35."""
    files = sorted(length(path) for path in modules())
    sizes = sorted(f.lines for path in modules() for f in functions(path))
    with capsys.disabled():
        print(f"\n{shape('files', files)}; {shape('functions', sizes)}")
    assert median(files) <= 150
    assert quantiles(files, n=10)[-1] <= 350
    assert median(sizes) <= 12
    assert quantiles(sizes, n=10)[-1] <= 35


def shape(what: str, sizes: list[int]) -> str:
    return f"{len(sizes)} {what}: median {median(sizes):g}, p90 {quantiles(sizes, n=10)[-1]:g}, max {sizes[-1]}"


def function(path: str, name: str) -> Function:
    return next(f for f in functions(Path("operator/shadowlift") / path) if f.name == name)


def test_the_heart_fits_on_a_page():
    """The reconciler's file, `decide`, and each door."""
    assert length(Path("operator/shadowlift/reconcile/reconciler.py")) <= 120
    assert function("rollout/decide.py", "decide").lines <= 40
    doors = [f for path in modules() if path.parent.name == "handlers" for f in functions(path)]
    assert [f.name for f in doors if f.statements > 30] == []


def test_nothing_is_put_into_a_drawer():
    """A thing without a room means that its room is missing."""
    assert [str(path) for path in PYTHON if {part.removesuffix(".py") for part in path.parts} & DRAWERS] == []


def test_no_class_has_too_many_faces():
    """Ten public methods at most."""
    crowded = []
    for path in modules():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                public = [
                    child.name
                    for child in node.body
                    if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_")
                    and not any("property" in ast.unparse(mark) for mark in child.decorator_list)
                ]  # fmt: skip
                if len(public) > MAX_METHODS:
                    crowded.append(f"{path}:{node.name} {len(public)}")
    assert crowded == []


def test_ports_are_few_and_narrow():
    """Five ports, six methods each; every method says whether it is safe to repeat, or that it only reads."""
    ports = {
        node.name: [child for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]
        for node in parsed(Path("operator/shadowlift/reconcile/ports.py")).body
        if isinstance(node, ast.ClassDef)
    }
    assert len(ports) <= 5
    assert all(len(methods) <= 6 for methods in ports.values())
    told = ("twice", "safe", "reads only", "gone already", "unix seconds", "a number in", "same")
    for name, methods in ports.items():
        for method in methods:
            text = (ast.get_docstring(method) or "").lower()
            assert any(word in text for word in told), f"{name}.{method.name}"


def test_no_two_modules_of_a_package_share_a_name_with_the_library():
    """A module called like one of the standard library, beside others that import it, misleads readers and tools."""
    shadowing = Counter(
        path.stem for path in modules() if path.stem in sys.stdlib_module_names and path.parent == PACKAGE
    )
    assert dict(shadowing) == {}
    assert ROOT.is_dir()
