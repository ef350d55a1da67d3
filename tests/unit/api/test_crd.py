"""The generated CRD is what an API server accepts: structural, bounded everywhere, with the cross-field rules in it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shadowlift.api.crd import COLUMNS, crd, structural
from shadowlift.api.spec import Spec
from shadowlift.api.status import Status

VERSION = crd()["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
# Of these the operator is the only author and the length is that of an instant or of a configuration version.
SHORT_BY_MAKING = frozenset({"lastTransitionTime", "since", "started", "deadline", "evidenceAt", "at", "loaded{}"})


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, with its path; [] is an item, {} a value of a map."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], path + "[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], path + "{}")


NODES = dict(nodes(SCHEMA))


@pytest.mark.parametrize(
    "word", ["anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "const", "title", "nullable", "examples"]
)
def test_nothing_that_a_structural_schema_forbids(word: str):
    """References are inlined and optional fields are left out, not null."""
    assert [path for path, node in NODES.items() if word in node] == []


def test_every_node_has_a_type_and_no_default_is_null():
    """An API server refuses a node without a type; it prunes nothing that we declare."""
    assert [path for path, node in NODES.items() if not isinstance(node.get("type"), str)] == []
    assert [path for path, node in NODES.items() if "default" in node and node["default"] is None] == []
    assert "null" not in json.dumps(SCHEMA)


def test_every_list_map_and_string_of_the_spec_is_bounded():
    """What a person writes has a largest size: the cost of the rules can be known, and no object grows without end."""
    for path, node in NODES.items():
        if not path.startswith(".spec"):
            continue
        if node["type"] == "string":
            assert "maxLength" in node or "enum" in node, path
        if node["type"] == "array":
            assert "maxItems" in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path
        if node["type"] == "integer":
            assert {"minimum", "maximum"} <= set(node), path


def test_every_list_map_and_text_of_the_status_is_bounded():
    """What the operator writes is bounded too, but for short strings that it makes itself."""
    for path, node in NODES.items():
        if not path.startswith(".status"):
            continue
        if node["type"] == "string" and path.rsplit(".", 1)[1] not in SHORT_BY_MAKING:
            assert "maxLength" in node or "enum" in node, path
        if node["type"] == "array":
            assert "maxItems" in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path


def test_lists_of_things_with_a_name_are_keyed():
    """Server-side apply merges them by name; the same name twice is refused."""
    # A map by name would lose the order of the steps, which is their meaning.
    keyed = {path: node.get("x-kubernetes-list-map-keys") for path, node in NODES.items() if node["type"] == "array"}
    assert keyed.pop(".spec.strategy.canary.steps") is None
    assert keyed.pop(".spec.objective.outcome.from") == ["serviceAccount"]
    assert keyed.pop(".status.conditions") == ["type"]
    assert keyed.pop(".spec.candidates") == ["name"]
    assert {path: keys for path, keys in keyed.items() if path.startswith(".spec")} == {
        path: ["name"] for path in keyed if path.startswith(".spec")
    }
    for path, node in NODES.items():
        if "x-kubernetes-list-map-keys" in node:
            assert set(node["x-kubernetes-list-map-keys"]) <= set(node["items"]["required"]), path


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "at most 40 characters"),
        ("", "beginning with a letter"),
        ("", "must not be the router's own Service"),
        (".spec", "Auto, Current or the name of a candidate"),
        (".spec.current", "exactly one of service and bento"),
        (".spec.prediction", "exactly one of body"),
        (".spec.current.prediction", "at most one of body and header"),
        (".spec.strategy", "must be 100%"),
        (".spec.objective", "must be above 0 and at most 1"),
        (".spec.objective", "range goes with type: AbsoluteError"),
        (".spec.objective", "targetLift is required with type: AbsoluteError"),
        (".spec.objective", "must be at least 0 and below 1"),
        (".spec.objective", "an exact test at the deadline exists"),
        (".spec.objective.range", "min must be below max"),
        (".spec.prediction", "numbers are not renamed"),
        (".spec", "must be Number with objective.type"),
        (".spec", "numbers are not renamed"),
        (".spec.objective", "must be below targetLift"),
        (".spec.objective", "must be in (0, 0.5)"),
        (".spec.objective.outcome", "missingValue goes with missing: Value"),
    ],
)
def test_each_cross_field_rule_is_in_the_schema(path: str, words: str):
    """The API server itself refuses what fields cannot say alone, with a message for people."""
    rules = NODES[path].get("x-kubernetes-validations", [])
    assert any(words in rule["message"] for rule in rules)
    assert all(rule["rule"] and not rule["message"].endswith(".") for rule in rules)


@pytest.mark.parametrize(
    ("path", "default"),
    [
        (".spec.service", {"port": 8080}),
        (".spec.serve", "Auto"),
        (".spec.deadline", "7d"),
        (".spec.answerWithin", "500ms"),
        (".spec.trial", "1"),
        (".spec.paused", False),
        (".spec.objective.minimumLift", "0"),
        (".spec.objective.falsePromotionRate", "0.01"),
        (".spec.objective.outcome.missing", "Worst"),
        (".spec.candidates[].bento.port", 3000),
        (".spec.candidates[].bento.replicas", 2),
    ],
)
def test_plain_defaults_are_visible(path: str, default: Any):
    """A default stands in the schema, so that `kubectl explain` and a stored object show it; `service` by its parts."""
    node = NODES[path]
    shown = (
        {name: child["default"] for name, child in node["properties"].items()}
        if isinstance(default, dict)
        else node["default"]
    )
    assert shown == default


def test_defaults_do_not_fill_what_must_be_said():
    """maturity, from, current and candidates have no default: the user decides. A rule asks for the prediction where there is one."""
    assert NODES[".spec"]["required"] == ["current", "candidates", "objective"]
    assert set(NODES[".spec.objective.outcome"]["required"]) == {"maturity", "from"}


def test_every_column_leads_to_a_field():
    """`kubectl get` shows values, not blanks by a misspelt path."""
    for name, kind, path, _ in COLUMNS:
        if path.startswith(".metadata"):
            continue
        assert path in NODES, name
        assert NODES[path]["type"] == kind, name


def test_the_status_is_a_subresource_and_nothing_unknown_is_kept():
    """Spec and status have different authors; unknown fields are refused or pruned, never stored."""
    assert VERSION["subresources"] == {"status": {}}
    assert [path for path, node in NODES.items() if "x-kubernetes-preserve-unknown-fields" in node] == []


def test_the_schema_has_exactly_the_fields_of_the_models():
    """The generator loses and adds nothing."""
    assert set(structural(Spec)["properties"]) == {field.alias for field in Spec.model_fields.values()}
    assert set(structural(Status)["properties"]) == {field.alias for field in Status.model_fields.values()}
