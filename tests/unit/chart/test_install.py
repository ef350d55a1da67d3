"""How `dev.install` reads what it is told."""

import pytest

from dev.install.release import InstallError, image_values, merged, parse_set


@pytest.mark.parametrize(
    ("reference", "repository", "tag", "digest"),
    [
        ("shadowlift:1", "shadowlift", "1", ""),
        ("registry.example/team/shadowlift:0.1.0", "registry.example/team/shadowlift", "0.1.0", ""),
        ("localhost:5000/shadowlift:1", "localhost:5000/shadowlift", "1", ""),
        ("registry.example/shadowlift@sha256:ab", "registry.example/shadowlift", "", "sha256:ab"),
        ("registry.example/shadowlift:1@sha256:ab", "registry.example/shadowlift", "1", "sha256:ab"),
    ],
)
def test_an_image_reference_is_taken_apart(reference: str, repository: str, tag: str, digest: str) -> None:
    """Tag, digest and a registry's port are told from each other."""
    assert image_values(reference) == {"repository": repository, "tag": tag, "digest": digest}


@pytest.mark.parametrize("reference", ["shadowlift", "localhost:5000/shadowlift", "", ":1"])
def test_an_image_without_version_is_refused(reference: str) -> None:
    """Otherwise nobody would know what runs."""
    with pytest.raises(InstallError, match="tag or digest"):
        image_values(reference)


def test_values_are_merged_into_all_depths() -> None:
    """A `--set` of one key leaves its neighbours alone, and a later one wins."""
    values = parse_set(["a.b=1", "a.c=x", "a.b=2"])
    assert values == {"a": {"b": 2, "c": "x"}}
    assert merged({"a": {"b": 1, "d": 3}, "e": 1}, values) == {"a": {"b": 2, "c": "x", "d": 3}, "e": 1}


def test_a_wrong_expression_is_named() -> None:
    """The message repeats what was typed."""
    with pytest.raises(InstallError, match=r"--set a\.b"):
        parse_set(["a.b"])
