"""What stands in the files: docstrings where a reader begins, nothing of one machine, generated files as their sources say."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev.generate import drift
from tests.architecture.tree import ROOT, modules, parsed, tracked

LOCK_FILES = {".lock", ".sum"}
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".in", ".sh", ".cfg", ".json", ".tpl", ".mod", ".go", ""}
HERE = "|".join(re.escape(str(path)) for path in (ROOT, Path.home()))
MACHINE = re.compile(rf"(?<![\w./-])(?:{HERE})(?![\w-])")
SILENT = ("tests/unit/demo", "tests/component/traffic")  # there the names alone tell the rules
LEFTOVERS = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|\bissue #?\d+\b", re.IGNORECASE)


def test_every_module_opens_with_what_it_is():
    """Who calls me, what I turn into what: a sentence at least."""
    told = {str(path): ast.get_docstring(parsed(path)) or "" for path in modules()}
    assert [path for path, text in told.items() if len(text) < 40] == []


def test_every_test_states_a_rule():
    """A test's docstring is the rule that it proves."""
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path in tracked()
        if path.parts[0] == "tests" and path.name.startswith("test_") and not str(path).startswith(SILENT)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]  # fmt: skip
    assert silent == []


def test_tests_use_no_mocks_no_sleeps_no_reruns_and_no_skips():
    """Fakes behind ports, conditions with deadlines; a test that does not run proves nothing."""
    words = re.compile(
        r"unittest\.mock|\bMagicMock\b|mocker\b|\btime\.sleep\(|pytest\.mark\.(?:skip|skipif|xfail|flaky)|pytest\.skip\("
    )
    found = [
        f"{path}:{number} {line.strip()}"
        for path in tracked()
        if path.parts[0] == "tests" and path.suffix == ".py" and path.parts[1] != "architecture"
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


@cache
def lines() -> tuple[tuple[str, str], ...]:
    """All lines of tracked text, with their places; not the locks, which are made of hashes."""
    out = []
    for path in tracked():
        if path.suffix in TEXT - LOCK_FILES and path != Path(__file__).relative_to(ROOT):
            text = (ROOT / path).read_text(encoding="utf8", errors="replace")
            out += [(f"{path}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
    return tuple(out)


def test_no_path_of_one_machine():
    """The repository works wherever it lies."""
    assert [place for place, line in lines() if MACHINE.search(line)] == []


def test_nothing_is_left_over():
    """No notes to oneself, and no numbers of a tracker that a reader does not have."""
    assert [place for place, line in lines() if LEFTOVERS.search(line) and "architecture" not in place] == []


def configured() -> set[str]:
    """Hosts of the package registries that this machine is told to use, from pip, npm and go themselves."""
    commands = (
        [sys.executable, "-m", "pip", "config", "list"],
        ["npm", "config", "get", "registry"],
        ["go", "env", "GOPROXY"],
    )
    told = []
    for command in commands:
        try:
            told.append(subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout)
        except OSError:  # that tool is not here, so nothing is configured for it
            continue
    urls = re.findall(r"https?://[^\s,'\"|]+", "\n".join(told))
    return {host for url in urls if (host := urlsplit(url).hostname)}


@pytest.mark.timeout(60)
def test_no_registry_host_of_one_machine():
    """Where packages come from is the machine's business: pip, npm and go know it, the repository does not."""
    hosts = configured()
    assert [place for place, line in lines() if any(host in line for host in hosts)] == []


def test_generated_files_are_fresh():
    """CRD, install manifest and references say what their sources say: `python -m dev.generate` mends it."""
    assert drift() == []


def test_every_error_of_ours_is_in_the_tree():
    """The drawing at the top of `errors.py` shows every class below the root."""
    path = Path("operator/shadowlift/errors.py")
    drawn = ast.get_docstring(parsed(path)) or ""
    classes = {node.name: node for node in parsed(path).body if isinstance(node, ast.ClassDef)}
    assert [name for name in classes if name not in drawn] == []
    roots = [name for name, node in classes.items() if not any(ast.unparse(base) in classes for base in node.bases)]
    assert roots == ["ShadowliftError"]
