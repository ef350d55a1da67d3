"""The traffic's pods run anywhere without a privilege, and run exactly what the repository holds."""

import ast
from pathlib import Path

import pytest

from dev.traffic import driver, manifests, outcomes, stand

FLIGHTS = stand.ROWS.parents[1] / "flights" / "traffic.jsonl"
WANTED = stand.Wanted("clinic", "tumour-triage", "http://triage-rules:8080/triage", "shadowlift:dev")
OBJECTS = [*stand.objects(WANTED, {"a.py": ""}), *manifests.rules("clinic", "triage-rules:dev")]


def pod_specs() -> dict[str, dict]:
    found = {}
    for thing in OBJECTS:
        spec = {"Pod": lambda t: t["spec"], "Deployment": lambda t: t["spec"]["template"]["spec"]}.get(thing["kind"])
        if spec:
            found[thing["metadata"]["name"]] = spec(thing)
    return found


@pytest.mark.parametrize("name", ["driver", "outcome-sender", "triage-rules"])
def test_every_pod_passes_restricted_pod_security(name):
    """The fields that the Kubernetes Pod Security Standard `restricted` asks for."""
    spec = pod_specs()[name]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not spec["automountServiceAccountToken"]
    for container in spec["containers"]:
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_namespace_enforces_it():
    labels = manifests.namespace("clinic")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["app.kubernetes.io/managed-by"] == "shadowlift-dev", "it is told from somebody else's"


def test_the_programs_accept_the_arguments_that_their_pods_give_them():
    command = pod_specs()["driver"]["containers"][0]["command"]
    options = driver.arguments(command[3:])
    assert (command[2], options.url, options.outcomes) == (
        "dev.traffic.driver",
        "http://triage-rules:8080/triage",
        "http://outcome-sender:8082",
    )
    command = pod_specs()["outcome-sender"]["containers"][0]["command"]
    sender = outcomes.build(outcomes.arguments(command[3:]))
    assert command[2] == "dev.traffic.outcomes"
    assert sender.knowledge.codes == {"malignant": "M", "benign": "B"}
    assert sender.delivery.token_file == Path("/var/run/secrets/shadowlift/token")


def test_the_sender_has_a_token_for_us_alone_and_its_own_account():
    spec = pod_specs()["outcome-sender"]
    token = spec["volumes"][2]["projected"]["sources"][0]["serviceAccountToken"]
    assert token["audience"] == "shadowlift"
    assert spec["serviceAccountName"] == "outcome-sender"


def test_the_pods_get_every_module_that_their_programs_import():
    mounted = stand.script_files()
    for text in (text for name, text in mounted.items() if name.endswith(".py")):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("dev."):
                names = (
                    [node.module.rpartition(".")[2]] if node.module != "dev.traffic" else [a.name for a in node.names]
                )
                assert {f"{name}.py" for name in names} <= mounted.keys()


@pytest.mark.parametrize("rows", [stand.ROWS, FLIGHTS], ids=["triage", "flights"])
def test_everything_of_a_stand_fits_into_one_config_map(rows):
    assert sum(len(text.encode()) for text in stand.script_files(rows).values()) < 1_000_000


def test_flights_are_asked_and_followed_up_by_options_alone():
    """Other rows, other fields that tell who answered, one of the two outcomes, no hospital's words."""
    wanted = stand.Wanted(
        "airport",
        "arrivals",
        "http://flights-rule:8080/arrival",
        "shadowlift:dev",
        rows=FLIGHTS,
        codes=(),
        driver_options=("--current-field", "delay", "--candidate-field", "arrival_delay"),
        sender_options=("--truth-field", "minutes"),
    )
    commands = {
        t["metadata"]["name"]: t["spec"]["containers"][0]["command"][3:]
        for t in stand.objects(wanted, {})
        if t["kind"] == "Pod"
    }
    asked = driver.arguments(commands["driver"])
    assert (asked.url, asked.current_field, asked.candidate_field) == (wanted.url, "delay", "arrival_delay")
    knowledge = outcomes.build(outcomes.arguments(commands["outcome-sender"])).knowledge
    assert (knowledge.codes, knowledge.truth_field) == ({}, "minutes")


def test_a_second_stand_of_a_namespace_has_names_of_its_own():
    second = stand.objects(stand.Wanted("clinic", "other", "http://x", "i", suffix="-2"), {})
    names = {
        kind: {t["metadata"]["name"] for t in second if t["kind"] == kind} for kind in ("Pod", "Service", "ConfigMap")
    }
    assert names["Pod"] == names["Service"] == {"driver-2", "outcome-sender-2"}
    mounted = {t["spec"]["volumes"][0]["configMap"]["name"] for t in second if t["kind"] == "Pod"}
    assert mounted == names["ConfigMap"] == {"traffic-scripts-2"}, "the first one's may hold other rows"
