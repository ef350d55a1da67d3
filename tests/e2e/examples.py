"""The examples as the tests of a running operator use them: with images that this cluster has."""

from pathlib import Path
from typing import Any

import yaml

from dev.generate import ROOT
from tests.e2e.place import images

EXAMPLES = ROOT / "manifests" / "examples"
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))
STALLED = "# condition: Stalled/"
STALLED_EXAMPLES = sorted(
    path for path in (EXAMPLES / "invalid").glob("*.yaml") if path.read_text().startswith(STALLED)
)


def documents(path: Path) -> list[dict[str, Any]]:
    """The objects of an example."""
    text = path.read_text()
    for name, reference in images().items():
        text = text.replace(f"registry.example/{name}:1", reference)
    return [dict(item) for item in yaml.safe_load_all(text)]
