"""`dev.install` upgrades what it has installed and nothing else; Helm is the real one, the API server as much of one as it asks."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dev.install import release
from dev.install.release import InstallError, Wish
from dev.traffic.cluster_api import Cluster
from dev.traffic.manifests import MADE_HERE

SECRETS = "/api/v1/namespaces/system/secrets"
ABSENT = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
CORE = [
    {"name": "namespaces", "kind": "Namespace", "namespaced": False},
    {"name": "secrets", "kind": "Secret", "namespaced": True},
]
WISH = Wish("shadowlift:2", "system")


class Api(BaseHTTPRequestHandler):
    """Answers reads from what is there, and every write with what was written."""

    protocol_version = "HTTP/1.1"  # Helm keeps its connections
    releases: list[dict[str, Any]]
    written: list[tuple[str, str, bytes]]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        known = {
            "/version": {"major": "1", "minor": "34", "gitVersion": "v1.34.0"},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": CORE},
            SECRETS: {"kind": "SecretList", "apiVersion": "v1", "items": self.releases},
            **{f"{SECRETS}/{secret['metadata']['name']}": secret for secret in self.releases},
        }
        self.answer(200 if path in known else 404, json.dumps(known.get(path, ABSENT)).encode(), "application/json")

    def write(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.written.append((self.command, self.path.partition("?")[0], body))
        self.answer(200, body, self.headers["content-type"].replace("apply-patch+yaml", "json"))

    do_POST = do_PUT = do_PATCH = do_DELETE = write  # noqa: N815 - the names that http.server calls

    def answer(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def stored(status: str = "deployed", **labels: str) -> dict[str, Any]:
    """A release as Helm keeps it."""
    chart = {"metadata": {"apiVersion": "v2", "name": "shadowlift", "version": "0.1.0"}}
    told = {"name": "shadowlift", "namespace": "system", "version": 1, "chart": chart, "info": {"status": status}}
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(told).encode()))).decode()
    labels |= {"name": "shadowlift", "owner": "helm", "status": status, "version": "1"}
    meta = {"name": "sh.helm.release.v1.shadowlift.v1", "namespace": "system", "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"release": packed}}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster, and a chart that asks it for nothing but the release itself."""
    chart = {
        "Chart.yaml": "apiVersion: v2\nname: shadowlift\nversion: 0.1.0\n",
        "templates/nothing.yaml": "# nothing\n",
    }
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    for name, text in chart.items():
        (tmp_path / "chart" / name).write_text(text)
    monkeypatch.setattr(release, "CHART", tmp_path / "chart")
    Api.releases, Api.written = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    named = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "secret"}}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps({"current-context": "c", "contexts": [context], "clusters": [named], "users": [user]}))
    monkeypatch.setenv("KUBECONFIG", str(file))
    made = Cluster.connect()
    yield made
    made.api.close()
    server.shutdown()
    server.server_close()


def releases_written() -> list[bytes]:
    return [body for method, path, body in Api.written if (method, path) == ("POST", SECRETS)]


def test_a_release_says_who_has_made_it(cluster: Cluster) -> None:
    """In the labels that Helm keeps with it."""
    release.apply(cluster, WISH)
    (body,) = releases_written()
    assert all(key.encode() in body and value.encode() in body for key, value in MADE_HERE.items())


def test_a_release_of_ours_is_upgraded_and_stays_ours(cluster: Cluster) -> None:
    """The second revision has the label too."""
    Api.releases = [stored(**MADE_HERE)]
    release.apply(cluster, WISH)
    (body,) = releases_written()
    assert b"sh.helm.release.v1.shadowlift.v2" in body
    assert all(key.encode() in body and value.encode() in body for key, value in MADE_HERE.items())


@pytest.mark.parametrize("status", ["deployed", "failed", "pending-upgrade", "pending-install"])
def test_a_release_of_somebody_else_is_not_touched(status: str, cluster: Cluster) -> None:
    """Whatever became of it: its values are theirs. One line names it and says what to do."""
    Api.releases = [stored(status)]
    with pytest.raises(InstallError) as refused:
        release.apply(cluster, WISH)
    told = str(refused.value)
    assert told.startswith("release shadowlift in namespace system was not made by dev.install")
    assert "use another cluster, or remove it first (helm uninstall shadowlift -n system)" in told
    assert "\n" not in told
    assert [path for _, path, _ in Api.written if path.startswith(SECRETS)] == []
