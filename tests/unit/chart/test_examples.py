"""The examples keep up with the models: every rule has one that breaks it, and every promise of a refusal holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.generate import ROOT
from shadowlift.api.crd import crd
from shadowlift.api.parse import parse_spec
from shadowlift.errors import InvalidInput

EXAMPLES = ROOT / "manifests" / "examples"
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))
INVALID = sorted((EXAMPLES / "invalid").glob("*.yaml"))
STALLED = "# condition: Stalled/"


def _first_line(path: Path) -> str:
    return path.read_text().splitlines()[0]


def _spec(path: Path) -> dict[str, Any]:
    (found,) = [item for item in yaml.safe_load_all(path.read_text()) if item["kind"] == "ModelDeployment"]
    return dict(found["spec"])


def _messages(node: dict[str, Any]) -> Iterator[str]:
    yield from (rule["message"] for rule in node.get("x-kubernetes-validations", []))
    for child in node.get("properties", {}).values():
        yield from _messages(child)
    if "items" in node:
        yield from _messages(node["items"])


def test_every_rule_of_the_definition_has_an_example_that_breaks_it() -> None:
    """No rule is shipped that nobody has seen refuse something."""
    promises = [_first_line(path).removeprefix("# refused: ") for path in INVALID]
    schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    unseen = [message for message in _messages(schema) if not any(message.startswith(text) for text in promises)]
    assert unseen == []


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_the_first_line_says_what_must_happen(path: Path) -> None:
    """Either what the API server answers, or the condition that the operator sets."""
    assert _first_line(path).startswith(("# refused: ", STALLED))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_examples_are_read(path: Path) -> None:
    """What the documentation shows is accepted."""
    parse_spec(_spec(path))


@pytest.mark.parametrize(
    "path", [path for path in INVALID if not _first_line(path).startswith("# refused")], ids=lambda path: path.stem
)
def test_only_an_invalid_spec_is_refused_by_the_models(path: Path) -> None:
    """What the models refuse becomes Stalled/InvalidSpec; the other conditions depend on the cluster."""
    if _first_line(path) == f"{STALLED}InvalidSpec":
        with pytest.raises(InvalidInput):
            parse_spec(_spec(path))
    else:
        parse_spec(_spec(path))
