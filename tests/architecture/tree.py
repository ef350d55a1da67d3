"""The repository as text: tracked files, and the functions and imports of our Python modules."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "shadowlift"


@cache
def tracked() -> tuple[Path, ...]:
    """Files under version control that exist, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(path for name in listed.stdout.split("\0") if name and (ROOT / (path := Path(name))).is_file())


@cache
def modules() -> tuple[Path, ...]:
    """Every module of the package, relative to the root."""
    return tuple(sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse((ROOT / path).read_text(encoding="utf8"))


@cache
def length(path: Path) -> int:
    """Lines of a file."""
    return len((ROOT / path).read_text(encoding="utf8").splitlines())


@dataclass(frozen=True)
class Function:
    """One function or method."""

    path: Path
    name: str
    lines: int
    statements: int
    parameters: int
    noted: bool  # its first line carries a noqa with a reason


def functions(path: Path) -> Iterator[Function]:
    """All functions of a module, methods and inner ones included."""
    text = (ROOT / path).read_text(encoding="utf8").splitlines()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            parameters = len([arg for arg in every if arg.arg not in ("self", "cls")])
            statements = sum(isinstance(child, ast.stmt) for child in ast.walk(node)) - 1
            noted = "PLR0913" in text[node.lineno - 1]
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(path, node.name, lines, statements, parameters, noted)


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Dotted names as they are used in a module, with their lines: `time.time`, `datetime.now`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute):
            yield node.lineno, ast.unparse(node)
