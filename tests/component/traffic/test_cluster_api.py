"""Absent is None, a failure is an error with the server's words, and waiting has an end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dev.traffic.cluster_api import (
    DEPLOYMENT,
    MODEL_DEPLOYMENT,
    POD,
    ApiError,
    Cluster,
    Kind,
    Overdue,
    is_rolled_out,
    wait_for,
)

RESOURCES = {
    "/api/v1": [
        {"name": "pods", "kind": "Pod", "namespaced": True},
        {"name": "pods/log", "kind": "Pod", "namespaced": True},
    ],
    "/apis/apps/v1": [{"name": "deployments", "kind": "Deployment", "namespaced": True}],
    "/apis/shadowlift.dev/v1alpha1": [{"name": "modeldeployments", "kind": "ModelDeployment", "namespaced": True}],
}
TABLE = {
    "columnDefinitions": [{"name": "Name"}, {"name": "Phase"}, {"name": "Detail", "priority": 1}],
    "rows": [{"cells": ["tumour-triage", "Promoted", "hidden"]}, {"cells": ["new", None, "hidden"]}],
}


class Api(BaseHTTPRequestHandler):
    """As much of an API server as one client sees."""

    seen: list[tuple[str, str, str, bytes]]

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen.append((self.command, self.path, self.headers.get("content-type", ""), body))
        path = self.path.partition("?")[0]
        if path in RESOURCES:
            return self.answer(200, {"resources": RESOURCES[path]})
        if path.endswith("/absent"):
            return self.answer(404, {"message": 'pods "absent" not found'})
        if path.endswith("/broken"):
            return self.answer(500, {"message": "etcd is away"})
        if "as=Table" in self.headers.get("accept", ""):
            return self.answer(200, TABLE)
        return self.answer(200, {"metadata": {"name": "x"}, "items": [], "path": path, "status": {"token": "t"}})

    do_GET = do_POST = do_PATCH = do_DELETE = do  # noqa: N815 - the names that http.server calls

    def answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def kubeconfig(port: int) -> str:
    """For an API server on this port of loopback."""
    return json.dumps(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "u", "user": {"token": "secret"}}],
        }
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    Api.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    file = tmp_path / "kubeconfig"
    file.write_text(kubeconfig(server.server_port))
    made = Cluster.connect(file)
    yield made
    made.api.close()
    server.shutdown()
    server.server_close()


def test_absent_is_none_and_a_failure_is_an_error(cluster):
    assert cluster.get(POD, "absent", "clinic") is None
    assert cluster.get(POD, "there", "clinic")["path"] == "/api/v1/namespaces/clinic/pods/there"
    with pytest.raises(ApiError, match=r"500: GET .*etcd is away"):
        cluster.get(POD, "broken", "clinic")


def test_deleting_what_is_not_there_is_no_error(cluster):
    cluster.delete(POD, "absent", "clinic")
    cluster.delete(POD, "there", "clinic", grace=0)
    assert json.loads(Api.seen[-1][3])["gracePeriodSeconds"] == 0


def test_apply_is_server_side_and_takes_ownership(cluster):
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "clinic"}})
    method, path, content_type, _ = Api.seen[-1]
    assert method == "PATCH"
    assert path == "/apis/apps/v1/namespaces/clinic/deployments/d?fieldManager=shadowlift-dev&force=true"
    assert content_type == "application/apply-patch+yaml"


def test_a_kind_that_the_cluster_does_not_know_is_told(cluster):
    with pytest.raises(ApiError, match="no Gadget in apps/v1"):
        cluster.get(Kind("apps/v1", "Gadget"), "x", "clinic")


def test_a_pods_port_is_asked_through_the_api_server(cluster):
    answered = json.loads(cluster.ask_pod("clinic", "driver", 8081, "/rate", {"rate": 1}))
    assert answered["path"] == "/api/v1/namespaces/clinic/pods/driver:8081/proxy/rate"
    assert Api.seen[-1][0] == "POST"
    assert json.loads(Api.seen[-1][3]) == {"rate": 1}


def test_the_table_is_what_kubectl_shows(cluster):
    """Wide columns are left out; what has no value yet is empty."""
    assert cluster.table(MODEL_DEPLOYMENT, "clinic") == [["NAME", "PHASE"], ["tumour-triage", "Promoted"], ["new", ""]]


def test_a_server_that_is_away_is_status_zero(tmp_path):
    gone = tmp_path / "gone"
    gone.write_text(kubeconfig(1))
    with pytest.raises(ApiError, match=r"^GET /api/v1") as away:
        Cluster.connect(gone).get(POD, "x", "clinic")
    assert away.value.status == 0
    with pytest.raises(
        ApiError, match=rf"no usable kubeconfig at {tmp_path}/none: .*; there is no such file: unset KUBECONFIG"
    ):
        Cluster.connect(tmp_path / "none")


def test_waiting_ends_with_what_there_was_instead():
    with pytest.raises(Overdue, match=r"the pod to be ready: not within 0.1 s; there is nothing"):
        wait_for("the pod to be ready", lambda: None, 0.1, seen=lambda: "nothing")


def test_waiting_survives_an_api_server_that_is_away_for_a_moment():
    answers = iter([ApiError(0, "away"), None, "here"])

    def look() -> str | None:
        answer = next(answers)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    assert wait_for("it", look, 5) == "here"


def test_a_deployment_is_rolled_out_when_all_replicas_are_of_the_latest_generation():
    status = {"observedGeneration": 2, "updatedReplicas": 2, "readyReplicas": 2}
    made = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert is_rolled_out(made)
    assert not is_rolled_out({**made, "metadata": {"generation": 3}})
    assert not is_rolled_out({**made, "status": {**status, "readyReplicas": 1}})
    assert not is_rolled_out(None)
    assert DEPLOYMENT.root == "/apis/apps/v1"
