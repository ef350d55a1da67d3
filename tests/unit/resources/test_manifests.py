"""What every object of ours has in common, and what a pod of ours may never have. Whole objects are in tests/golden/manifests."""

from typing import Any

import pytest

from shadowlift.api.names import API_VERSION, AUDIENCE, KIND, LABEL_MANAGED_BY, LABEL_OWNER, MANAGED_BY
from shadowlift.api.record import Record
from shadowlift.api.spec import Bento, Resources, Router
from shadowlift.errors import InvalidInput
from shadowlift.resources.owner import Owner
from shadowlift.resources.records import read_record, record_manifest, record_name
from shadowlift.resources.routers import RouterSettings, config_map, router_manifests, router_name
from shadowlift.resources.workload import resources_of, workload_manifests
from shadowlift.shipper.drain import LIMIT_SECONDS
from shadowlift.shipper.run import FINISH_SECONDS
from tests.unit.rollout.tale import tell

OWNER = Owner("triage", "clinic", "uid-1")
NAMES = {"Started": "started", "Counting": "counting", "Promoted": "end"}
RECORDS = tell(("Started", "t1"), ("Counting", "t1"), ("Promoted", "t1")).records
ALL = [
    *workload_manifests(OWNER, "triage-a", Bento(image="logreg:1", replicas=2, port=3000), 2),
    *router_manifests(OWNER, Router(replicas=2), 8080, RouterSettings("shadowlift:1")),
    config_map(OWNER, {"lds.yaml": "{}"}, "1-a"),
    record_manifest(OWNER, RECORDS[0]),
]
PODS = [item["spec"]["template"] for item in ALL if item["kind"] == "Deployment"]


def named(item: dict[str, Any]) -> str:
    return f"{item['kind']}-{item['metadata']['name']}"


@pytest.mark.parametrize("item", ALL, ids=named)
def test_every_object_is_owned_and_labelled(item: dict[str, Any]):
    """It goes when the ModelDeployment goes, is found by one selector, and lives in the same namespace."""
    meta = item["metadata"]
    assert meta["namespace"] == "clinic"
    assert meta["labels"][LABEL_MANAGED_BY] == MANAGED_BY
    assert meta["labels"][LABEL_OWNER] == "triage"
    (owner,) = meta["ownerReferences"]
    assert (owner["apiVersion"], owner["kind"], owner["name"], owner["uid"]) == (API_VERSION, KIND, "triage", "uid-1")
    assert owner["controller"] is True
    assert owner["blockOwnerDeletion"] is False  # true would need the right to change finalizers of the owner
    assert "finalizers" not in meta


@pytest.mark.parametrize("pod", PODS, ids=["workload", "router"])
def test_every_pod_meets_the_restricted_level(pod: dict[str, Any]):
    """No root, no privilege, nothing of the host, and no token of the API server."""
    spec = pod["spec"]
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == "default"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(set(volume) - {"name"} <= {"configMap", "emptyDir", "projected"} for volume in spec["volumes"])
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert own["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("pod", PODS, ids=["workload", "router"])
def test_every_emptydir_has_a_limit(pod: dict[str, Any]):
    """A full spool loses lines and counts them; it never fills a node."""
    assert all("sizeLimit" in volume["emptyDir"] for volume in pod["spec"]["volumes"] if "emptyDir" in volume)


@pytest.mark.parametrize("item", [item for item in ALL if item["kind"] == "Deployment"], ids=named)
def test_a_deployment_selects_its_own_pods(item: dict[str, Any]):
    """Its selector is part of its pods' labels, and of nobody else's."""
    labels = item["spec"]["template"]["metadata"]["labels"]
    assert item["spec"]["selector"]["matchLabels"].items() <= labels.items()
    others = [pod["metadata"]["labels"] for pod in PODS if pod["metadata"]["labels"] != labels]
    assert all(not item["spec"]["selector"]["matchLabels"].items() <= other.items() for other in others)


def test_services_lead_to_their_pods():
    """Clients to routers, routers to workloads: by labels that those pods have."""
    for service in (item for item in ALL if item["kind"] == "Service"):
        assert sum(service["spec"]["selector"].items() <= pod["metadata"]["labels"].items() for pod in PODS) == 1


def test_only_the_shipper_holds_a_token_and_it_is_for_us_alone():
    """Projected, with our audience: good for nothing at the API server."""
    spec = PODS[1]["spec"]
    (token,) = [volume for volume in spec["volumes"] if "projected" in volume]
    (source,) = token["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == AUDIENCE
    holders = [
        c["name"]
        for c in [*spec["containers"], *spec["initContainers"]]
        if any(m["name"] == "token" for m in c["volumeMounts"])
    ]
    assert holders == ["shipper"]


def test_the_configuration_is_mounted_whole_and_read_only():
    """A subPath is never refreshed by the kubelet."""
    for container in [*PODS[1]["spec"]["containers"], *PODS[1]["spec"]["initContainers"]]:
        (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "config"]
        assert mount["readOnly"] is True
        assert "subPath" not in mount


def test_live_traffic_is_never_short_of_routers():
    """A rollout adds before it removes; a drain takes one at a time."""
    by_name = {named(item): item for item in ALL}
    assert by_name["Deployment-triage-router"]["spec"]["strategy"]["rollingUpdate"] == {
        "maxUnavailable": 0,
        "maxSurge": 1,
    }
    assert by_name["PodDisruptionBudget-triage-router"]["spec"]["maxUnavailable"] == 1


def test_pods_have_time_to_drain():
    """The hook fits into the grace period with room for requests in flight."""
    for pod in PODS:
        for container in pod["spec"]["containers"]:
            hook = container["lifecycle"]["preStop"]
            assert hook.get("sleep", {}).get("seconds", 0) < pod["spec"]["terminationGracePeriodSeconds"]
    assert PODS[1]["spec"]["terminationGracePeriodSeconds"] > LIMIT_SECONDS + FINISH_SECONDS


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, {}),
        ({}, {}),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1Gi"}}),
        ({"requests": {"cpu": "1"}, "limits": None}, {"requests": {"cpu": "1"}}),
    ],
)
def test_resources_are_what_was_written(given: dict[str, Any] | None, wanted: dict[str, Any]):
    """Nothing is added, and absent is absent."""
    assert resources_of(None if given is None else Resources.model_validate(given)) == wanted


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.kind.value)
def test_a_record_survives_its_object(record: Record):
    """What was decided is what is read, by name of trial and kind, or end: deciding twice meets the first object."""
    obj = record_manifest(OWNER, record)
    assert read_record(obj) == record
    assert obj["metadata"]["name"] == record_name(OWNER, record) == f"triage-t1-{NAMES[record.kind.value]}"
    assert obj["revision"] == record.number
    assert record_manifest(OWNER, record) == obj


def test_an_unreadable_record_is_named():
    """The object's kind and name, so that a person can look at it."""
    with pytest.raises(InvalidInput, match=r"^ControllerRevision/x: not a readable decision record"):
        read_record({"metadata": {"name": "x"}, "data": {"kind": "Unheard"}})


def test_the_routers_objects_have_one_name():
    """Deployment, budget and ConfigMap; clients call the ModelDeployment's own name."""
    names = {item["kind"]: item["metadata"]["name"] for item in ALL[2:6]}
    assert names == {
        "PodDisruptionBudget": router_name(OWNER), "Deployment": router_name(OWNER), "Service": "triage", "ConfigMap": router_name(OWNER),
    }  # fmt: skip
