"""The Kubernetes adapter: what is sent, and what every answer becomes. Against a small API server on loopback."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from shadowlift.adapters import kubernetes
from shadowlift.adapters.kubernetes import KubernetesCluster
from shadowlift.errors import Conflict, InvalidInput, NameTaken, NotFound, Refused, ShadowliftError, Unavailable
from tests.component.adapters.api_server import ApiServer, connected, serve

Object = dict[str, Any]
PODS = "/api/v1/namespaces/clinic/pods"


def service(name: str = "triage", owner: str | None = "uid-1", **more: Any) -> Object:
    meta: Object = {"name": name, "namespace": "clinic"}
    if owner is not None:
        meta["ownerReferences"] = [{"uid": owner, "controller": True}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {**meta, **more}, "spec": {"ports": [{"port": 80}]}}


RESOURCE = {"metadata": {"name": "triage", "namespace": "clinic", "uid": "uid-1", "generation": 4}}
Call = Callable[[KubernetesCluster], Coroutine[Any, Any, Any]]
CALLS: dict[str, Call] = {
    "create": lambda cluster: cluster.create(service()),
    "apply": lambda cluster: cluster.apply(service()),
    "delete": lambda cluster: cluster.delete("Service", "clinic", "triage", "uid-1"),
    "annotate_pod": lambda cluster: cluster.annotate_pod("clinic", "r-1", {"a": "b"}),
    "write_status": lambda cluster: cluster.write_status("clinic", "triage", {"phase": "Pending"}),
    "get": lambda cluster: cluster.get("Service", "clinic", "triage"),
    "replace": lambda cluster: cluster.replace(service(resourceVersion="1")),
    "list": lambda cluster: cluster.list("Pod", "clinic"),
}
FINE_WHEN_GONE = {"delete", "annotate_pod"}  # the port says so


REFUSALS: dict[int, type[ShadowliftError]] = {
    400: InvalidInput, 401: Refused, 403: Refused, 404: NotFound, 409: Conflict, 410: Unavailable, 422: InvalidInput,
    429: Unavailable, 500: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
async def test_every_refusal_is_one_of_our_errors(name: str):
    """Try again, tell the user, or observe again: the caller never sees an error of the library."""
    async with serve() as server, connected(server.url) as (cluster, _):
        for code, error in REFUSALS.items():
            server.answer = (code, '{"kind": "Status", "message": "as the test says"}')
            if name in FINE_WHEN_GONE and (code == 404 or (name == "delete" and code == 409)):
                await CALLS[name](cluster)
                continue
            with pytest.raises(error) as caught:
                await CALLS[name](cluster)
            assert type(caught.value) is error, code
            assert "as the test says" in str(caught.value), code


@pytest.mark.parametrize("name", CALLS)
async def test_nobody_there_is_unavailable(name: str):
    """A refused connection: nothing is known, try again."""
    async with serve() as server:
        url = server.url
    async with connected(url) as (cluster, metrics):
        with pytest.raises(Unavailable):
            await CALLS[name](cluster)
        assert 'code="0"' in metrics.text().decode()


@pytest.mark.parametrize("name", CALLS)
async def test_an_answer_that_is_not_json_is_unavailable(name: str):
    """Something else answers in the API server's place, a proxy perhaps: nothing is known."""
    async with serve() as server, connected(server.url) as (cluster, _):
        server.answer = (200, "<html>")
        with pytest.raises(Unavailable):
            await CALLS[name](cluster)


async def test_a_silent_server_is_unavailable(monkeypatch: pytest.MonkeyPatch):
    """No request waits for ever."""
    monkeypatch.setattr(kubernetes, "_TIMEOUT", 0.05)
    async with serve() as server, connected(server.url) as (cluster, _):
        server.hangs = asyncio.Event()
        with pytest.raises(Unavailable):
            await cluster.get("Service", "clinic", "triage")
        server.hangs.set()


async def test_creating_over_an_object_of_the_same_owner_returns_it():
    """A crash after the first POST is no trouble: the second meets what is there, and changes nothing."""
    async with serve() as server, connected(server.url) as (cluster, _):
        first = await cluster.create(service())
        second = await cluster.create(service())
        assert first == second
        assert len(server.objects) == 1


@pytest.mark.parametrize("owner", [None, "uid-2"])
async def test_creating_over_an_object_of_somebody_else_is_name_taken(owner: str | None):
    """Never adopted: neither an object without an owner nor one of another."""
    async with serve() as server, connected(server.url) as (cluster, _):
        await cluster.create(service(owner=owner))
        with pytest.raises(NameTaken) as caught:
            await cluster.create(service())
        assert caught.value.field == "Service/triage"
        (obj,) = server.objects.values()
        assert obj["metadata"].get("ownerReferences", [{}])[0].get("uid") == owner


async def test_an_owner_that_does_not_control_is_no_owner():
    """Only the controlling reference counts."""
    async with serve() as server, connected(server.url) as (cluster, _):
        other = service(ownerReferences=[{"uid": "uid-1"}], owner=None)
        await cluster.create(other)
        with pytest.raises(NameTaken):
            await cluster.create(service())


async def test_what_is_sent():
    """Server-side apply with our field manager, merge-patch for annotations alone, deletes with the uid as precondition."""
    async with serve() as server, connected(server.url) as (cluster, _):
        created = await cluster.create(service())
        await cluster.apply(service())
        await cluster.delete("Service", "clinic", "triage", created["metadata"]["uid"])
        server.store(f"{PODS}/r-1", {"metadata": {"name": "r-1"}})
        await cluster.annotate_pod("clinic", "r-1", {"a": "b"})
        (post, path, _, _), apply, delete, annotate = server.requests
        assert (post, path) == ("POST", "/api/v1/namespaces/clinic/services?fieldManager=shadowlift")
        assert apply[:2] == ("PATCH", "/api/v1/namespaces/clinic/services/triage?fieldManager=shadowlift&force=true")
        assert apply[3]["Content-Type"] == "application/apply-patch+yaml"
        assert delete[2] is not None
        assert (delete[2]["preconditions"], delete[2]["propagationPolicy"]) == (
            {"uid": created["metadata"]["uid"]},
            "Background",
        )
        assert (annotate[0], annotate[2]) == ("PATCH", {"metadata": {"annotations": {"a": "b"}}})
        assert annotate[3]["Content-Type"] == "application/merge-patch+json"


async def test_status_goes_to_the_subresource_alone():
    """Spec and metadata of the ModelDeployment are never sent."""
    async with serve() as server, connected(server.url) as (cluster, _):
        server.store(
            "/apis/shadowlift.dev/v1alpha1/namespaces/clinic/modeldeployments/triage", {"metadata": {"name": "triage"}}
        )
        await cluster.write_status("clinic", "triage", {"phase": "Pending"})
        _, path, body, _ = server.requests[0]
        assert path.startswith("/apis/shadowlift.dev/v1alpha1/namespaces/clinic/modeldeployments/triage/status?")
        assert body is not None
        assert set(body) == {"apiVersion", "kind", "metadata", "status"}
        assert body["metadata"] == {"name": "triage", "namespace": "clinic"}


async def test_deleting_another_object_of_that_name_does_nothing():
    """The uid is a precondition: what was made in the meantime stays."""
    async with serve() as server, connected(server.url) as (cluster, _):
        await cluster.create(service())
        await cluster.delete("Service", "clinic", "triage", "another-uid")
        assert len(server.objects) == 1


async def test_a_replaced_object_must_be_the_one_that_was_read():
    """ResourceVersion decides who was first."""
    async with serve() as server, connected(server.url) as (cluster, _):
        read = await cluster.create(service())
        await cluster.replace(read)
        with pytest.raises(Conflict):
            await cluster.replace(read)


@pytest.mark.parametrize(
    ("namespace", "path"),
    [("clinic", "/api/v1/namespaces/clinic/pods?labelSelector=a%3Db"), (None, "/api/v1/pods?labelSelector=a%3Db")],
)
async def test_a_list_has_whole_objects(namespace: str | None, path: str):
    """Items of a list lack kind and version: they get them, so that the store can keep them. It is true of one version."""
    async with serve() as server, connected(server.url) as (cluster, _):
        server.answer = (
            200,
            '{"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "p"}}]}',
        )
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
        assert await cluster.list("Pod", namespace, "a=b") == ([pod], 7)
        assert server.requests[0][1].replace("a=b", "a%3Db") == path


async def test_the_same_event_twice_is_one():
    """Its name is made of what it says; another generation, reason or note is another Event."""
    async with serve() as server, connected(server.url) as (cluster, _):
        for note in ("a", "a", "b"):
            await cluster.announce(RESOURCE, "Warning", "Stuck", note)
        newer = {"metadata": {**RESOURCE["metadata"], "generation": 5}}
        await cluster.announce(newer, "Warning", "Stuck", "a")
        assert len(server.objects) == 3


async def test_an_announcement_is_never_in_the_way():
    """Whatever the API server says to an Event, the cycle goes on; a note is as short as Events want it."""
    async with serve() as server, connected(server.url) as (cluster, _):
        for code in (*REFUSALS, 200):
            server.answer = (code, "no json")
            await cluster.announce(RESOURCE, "Normal", "Started", "x" * 5000)
        body = server.requests[0][2]
        assert body is not None
        assert len(body["note"]) <= 1024


async def test_every_request_is_counted():
    """By method and answer."""
    async with serve() as server, connected(server.url) as (cluster, metrics):
        await cluster.create(service())
        with pytest.raises(NotFound):
            await cluster.get("Service", "clinic", "nobody")
        text = metrics.text().decode()
        assert 'shadowlift_api_requests_total{code="200",method="POST"} 1.0' in text
        assert 'shadowlift_api_requests_total{code="404",method="GET"} 1.0' in text


def test_an_unused_server_remembers_nothing():
    """The stand-in of these tests begins empty."""
    assert ApiServer().objects == {}
