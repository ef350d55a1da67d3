"""The statistics could be published alone."""

import ast
import re
import sys
from pathlib import Path

import shadowlift.stats

SOURCES = sorted(Path(shadowlift.stats.__file__).parent.glob("*.py"))


def test_only_the_standard_library_and_itself_are_imported() -> None:
    """No dependency, no other room of the product, no clock and no chance."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.startswith("shadowlift.stats") or name.split(".")[0] in sys.stdlib_module_names, (
                    path,
                    name,
                )
                assert name.split(".")[0] not in {"random", "time", "datetime", "os", "logging"}, (path, name)


def test_no_word_of_the_platform_is_used() -> None:
    """Its words are those of statistics."""
    words = re.compile(r"kube|cluster|\bpods?\b|deployment|namespace|manifest|operator\b(?! import)", re.IGNORECASE)
    for path in SOURCES:
        assert not words.findall(path.read_text()), path
