"""The table of rights in the documentation and the rights in the chart are the same, in either scope."""

import re
from typing import Any

import pytest

from dev.generate import ROOT, rendered

Rights = set[tuple[str, str]]
IMAGE = {"image": {"repository": "registry.example/shadowlift"}}
SCOPES = {
    "Cluster": IMAGE,
    "Namespaces": IMAGE | {"scope": {"mode": "Namespaces", "namespaces": ["clinic", "laboratory"]}},
}


def _documented(section: str) -> Rights:
    text = (ROOT / "docs/reference/rbac.md").read_text()
    (body,) = re.findall(rf"^##+ {re.escape(section)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `([^`]+)` \| ((?:`[a-z]+` ?)+)\| (.+) \|$", body, re.MULTILINE)
    assert all(why.strip() for _, _, why in rows)
    pairs = [(resource, verb) for resource, verbs, _ in rows for verb in re.findall(r"[a-z]+", verbs)]
    assert len(pairs) == len(set(pairs)), "a right stands twice in the table"
    return set(pairs)


def _rights(roles: list[dict[str, Any]]) -> Rights:
    return {
        (f"{resource}.{group}" if group else resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _bound(objects: list[dict[str, Any]], account: str) -> dict[tuple[str, str | None], list[dict[str, Any]]]:
    """Roles bound to an account, by kind and by the namespace in which they count."""
    roles = {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]): item for item in objects}
    out: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    for item in objects:
        if not item["kind"].endswith("RoleBinding"):
            continue
        if [subject["name"] for subject in item["subjects"]] == [account]:
            kind, where = item["roleRef"]["kind"], item["metadata"].get("namespace")
            out.setdefault((kind, where), []).append(roles[kind, where, item["roleRef"]["name"]])
    return out


def test_the_operator_in_the_whole_cluster() -> None:
    """One ClusterRole with the documented rights, and the lease in its own namespace."""
    bound = _bound(rendered(SCOPES["Cluster"]), "shadowlift-operator")
    assert set(bound) == {("ClusterRole", None), ("Role", "shadowlift-system")}
    assert _rights(bound["ClusterRole", None]) == _documented("Operator")
    assert _rights(bound["Role", "shadowlift-system"]) == _documented("In its own namespace")


def test_the_operator_in_some_namespaces() -> None:
    """The same rights, in the listed namespaces only and without any ClusterRole."""
    bound = _bound(rendered(SCOPES["Namespaces"]), "shadowlift-operator")
    assert set(bound) == {("Role", "clinic"), ("Role", "laboratory"), ("Role", "shadowlift-system")}
    for namespace in ("clinic", "laboratory"):
        assert _rights(bound["Role", namespace]) == _documented("Operator")
    assert _rights(bound["Role", "shadowlift-system"]) == _documented("In its own namespace")


@pytest.mark.parametrize("scope", SCOPES)
def test_the_recorder_only_asks_who_calls(scope: str) -> None:
    """TokenReviews, in either scope, and nothing else."""
    bound = _bound(rendered(SCOPES[scope]), "shadowlift-recorder")
    assert set(bound) == {("ClusterRole", None)}
    assert _rights(bound["ClusterRole", None]) == _documented("Recorder")


def test_people_get_theirs_by_the_built_in_roles() -> None:
    """Reading reaches view, edit and admin; writing edit and admin."""
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    people = [item for item in rendered(IMAGE) if any(label.startswith(prefix) for label in item["metadata"]["labels"])]
    assert _rights(people) == _documented("People")
    reached = {
        verb: {label.removeprefix(prefix) for label in item["metadata"]["labels"] if label.startswith(prefix)}
        for item in people
        for verb in item["rules"][0]["verbs"]
    }
    assert reached["get"] == {"view", "edit", "admin"}
    assert reached["delete"] == {"edit", "admin"}


@pytest.mark.parametrize("scope", SCOPES)
def test_rights_that_nobody_may_ever_have(scope: str) -> None:
    """No Secrets, no roles, no accounts, no commands in pods, no wildcards, nobody impersonated."""
    roles = [item for item in rendered(SCOPES[scope]) if item["kind"] in ("Role", "ClusterRole")]
    for resource, verb in _rights(roles):
        assert "*" not in resource + verb
        assert resource.split(".")[0] not in ("secrets", "serviceaccounts", "roles", "clusterroles", "rolebindings")
        assert "/" not in resource or resource == "modeldeployments/status.shadowlift.dev"
        assert verb not in ("impersonate", "escalate", "bind")
