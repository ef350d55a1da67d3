"""Generated files hold what their sources say, and nobody has edited them since."""

import json
from pathlib import Path

import pytest
import yaml

from dev import generate, status_page
from dev.generate import CHART, ROOT


def test_every_generated_file_is_up_to_date() -> None:
    """What is committed is what the generator would write now."""
    assert generate.drift() == []


def test_an_edited_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference of one byte, or a missing file, is drift."""
    monkeypatch.setattr(generate, "FILES", {"a": lambda: "text", "b": lambda: "text", "c": lambda: "text"})
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    (tmp_path / "a").write_text("text")
    (tmp_path / "b").write_text("text ")
    assert generate.drift() == ["b", "c"]
    assert generate.write() == ["b", "c"]
    assert generate.drift() == []


@pytest.mark.parametrize(
    "words", [{"Trial.uid": None}, {"Trial.gone": "is not there"}, {"Evidence.n": "has its comment"}]
)
def test_every_field_of_the_status_has_words_once(
    words: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field without a meaning is no reference; words for a field that is gone, or says it itself, are stale."""
    said = {name: text for name, text in (status_page.UNSAID | words).items() if text is not None}
    monkeypatch.setattr(status_page, "UNSAID", said)
    with pytest.raises(ValueError, match=next(iter(words))):
        status_page.status_page()


def test_chart_and_manifest_hold_the_same_definition() -> None:
    """Who installs by kubectl gets the CRD that the chart installs."""
    values = {"image": {"repository": "registry.example/shadowlift"}}
    (installed,) = [item for item in generate.rendered(values) if item["kind"] == "CustomResourceDefinition"]
    plain = yaml.safe_load((ROOT / "manifests/crd/modeldeployments.yaml").read_text())
    assert installed["spec"] == plain["spec"]
    assert installed["metadata"]["name"] == plain["metadata"]["name"]


def test_no_column_is_taken_for_a_boolean() -> None:
    """YAML 1.1 reads N, y and the like as booleans; the manifests say them in quotes."""
    text = (ROOT / "manifests/crd/modeldeployments.yaml").read_text()
    assert "name: 'N'" in text


def test_every_value_has_a_default_and_a_meaning() -> None:
    """values.yaml and values.schema.json name the same keys, and each is described."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())

    def check(node: dict[str, object], values: dict[str, object], path: str) -> None:
        properties = dict(node["properties"])  # type: ignore[call-overload]
        properties.pop("global", None)  # Helm's own
        assert set(properties) == set(values), path
        for name, child in properties.items():
            assert child["description"], f"{path}.{name}"
            if "properties" in child:
                assert child["additionalProperties"] is False, f"{path}.{name}"
                check(child, values[name], f"{path}.{name}")  # type: ignore[arg-type]

    check(schema, defaults, "")
