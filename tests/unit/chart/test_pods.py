"""How the chart's pods run, whatever the values: as nobody, with nothing they do not need."""

from typing import Any

import pytest

from dev.generate import rendered

IMAGE = {"image": {"repository": "registry.example/shadowlift", "tag": "1"}}
PODS = ("shadowlift-operator", "shadowlift-recorder")


def _pod(name: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    kinds = ("Deployment", "StatefulSet")
    objects = [item for item in rendered(IMAGE | (values or {})) if item["kind"] in kinds]
    (found,) = [item for item in objects if item["metadata"]["name"] == name]
    return dict(found["spec"]["template"]["spec"])


def _environment(name: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    (container,) = _pod(name, values)["containers"]
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


@pytest.mark.parametrize("name", PODS)
def test_pods_are_restricted(name: str) -> None:
    """Numeric user, default seccomp profile, read-only root, no capability, no service links."""
    pod = _pod(name)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert {pod["securityContext"][key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["enableServiceLinks"] is False
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"]
    assert container["resources"]["limits"]["memory"]


def test_the_operator_knows_what_it_must() -> None:
    """Image of the routers, the recorder's address with a trailing dot, its lease, and its token for the recorder."""
    environment = _environment("shadowlift-operator")
    assert environment["SHADOWLIFT_IMAGE"] == "registry.example/shadowlift:1"
    assert (
        environment["SHADOWLIFT_RECORDER_URL"] == "http://shadowlift-recorder.shadowlift-system.svc.cluster.local.:8080"
    )
    assert environment["SHADOWLIFT_LEASE"] == "shadowlift-operator"
    assert environment["SHADOWLIFT_NAMESPACES"] == ""
    (token,) = [
        volume["projected"]["sources"][0]["serviceAccountToken"]
        for volume in _pod("shadowlift-operator")["volumes"]
        if "projected" in volume
    ]
    assert token["audience"] == "shadowlift"


def test_the_recorder_knows_the_operator() -> None:
    """By the name that the API server gives to its account, whatever release and namespace are called."""
    account = _environment("shadowlift-recorder")["SHADOWLIFT_OPERATOR_ACCOUNT"]
    assert account == "system:serviceaccount:shadowlift-system:shadowlift-operator"


def test_the_scope_reaches_the_operator() -> None:
    """The namespaces with rights are the namespaces that it watches."""
    values = {"scope": {"mode": "Namespaces", "namespaces": ["clinic", "laboratory"]}}
    assert _environment("shadowlift-operator", values)["SHADOWLIFT_NAMESPACES"] == "clinic,laboratory"


def test_a_digest_wins_over_the_tag() -> None:
    """What is pinned by digest runs by digest, and so do the routers."""
    digest = f"sha256:{'a' * 64}"
    values = {"image": {"repository": "registry.example/shadowlift", "tag": "1", "digest": digest}}
    image = f"registry.example/shadowlift@{digest}"
    assert _environment("shadowlift-operator", values)["SHADOWLIFT_IMAGE"] == image
    assert {_pod(name, values)["containers"][0]["image"] for name in PODS} == {image}


def _ledger(values: dict[str, Any] | None = None) -> tuple[list[Any], list[Any]]:
    (recorder,) = [item for item in rendered(IMAGE | (values or {})) if item["kind"] == "StatefulSet"]
    volumes = [item for item in recorder["spec"]["template"]["spec"]["volumes"] if item["name"] == "ledger"]
    return recorder["spec"].get("volumeClaimTemplates", []), volumes


def test_the_ledger_is_on_a_claim_that_outlives_the_release() -> None:
    """Evidence is deleted by a person only."""
    (claim,), volumes = _ledger()
    assert volumes == []
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    (recorder,) = [item for item in rendered(IMAGE) if item["kind"] == "StatefulSet"]
    assert recorder["spec"]["replicas"] == 1
    assert recorder["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"


def test_without_persistence_the_ledger_dies_with_its_pod() -> None:
    """No claim is made; the notes warn of it."""
    assert _ledger({"recorder": {"persistence": {"enabled": False}}}) == ([], [{"name": "ledger", "emptyDir": {}}])


@pytest.mark.parametrize(("replicas", "budgets"), [(1, 0), (2, 1)])
def test_a_budget_only_where_it_leaves_a_way_out(replicas: int, budgets: int) -> None:
    """With a single replica a budget would block every drain of its node."""
    objects = rendered(IMAGE | {"operator": {"replicas": replicas}})
    assert [item["kind"] for item in objects].count("PodDisruptionBudget") == budgets
