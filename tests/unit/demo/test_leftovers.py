"""A story begins in an empty namespace of its own, and one that somebody else has made is never touched."""

import json

import pytest

from dev.demo import __main__ as clinic
from dev.demo import leftovers, shop
from dev.traffic import manifests
from dev.traffic.cluster_api import Cluster

STORIES = {"clinic": clinic.main, "shop": shop.main}
FOREIGN = {"kind": "Namespace", "metadata": {"name": "clinic", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}


@pytest.fixture
def connected(cluster, monkeypatch):
    """Whoever connects reaches the cluster in memory."""
    monkeypatch.setattr(Cluster, "connect", lambda: cluster)
    return cluster


def thing(kind, name):
    return {"kind": kind, "metadata": {"name": name}}


@pytest.mark.parametrize("namespace", STORIES)
def test_what_an_earlier_telling_left_is_removed(cluster, namespace):
    cluster.apply(manifests.namespace(namespace), thing("ModelDeployment", "left"), thing("Pod", "left"))
    assert leftovers.found(cluster, namespace)
    leftovers.remove(cluster, namespace, 0.3)
    assert cluster.objects == {}
    assert not leftovers.found(cluster, namespace)
    leftovers.remove(cluster, namespace, 0.3)


@pytest.mark.parametrize("labels", [{}, {"labels": {}}, {"labels": {"app.kubernetes.io/managed-by": "Helm"}}])
@pytest.mark.parametrize("namespace", STORIES)
def test_a_story_stops_before_the_namespace_of_somebody_else(namespace, labels, connected, tmp_path, capsys):
    """One line with its name and what to do; nothing is changed, and nobody is told to delete it as if it were ours."""
    foreign = {"kind": "Namespace", "metadata": {"name": namespace, **labels}}
    connected.apply(foreign, thing("ModelDeployment", "theirs"))
    before = dict(connected.objects)
    names = ("shadowlift", "triage-rules", "triage-logreg", "triage-stale", "offers-rules")
    index = tmp_path / "images.json"
    index.write_text(json.dumps({name: {"image": name} for name in names}))
    assert STORIES[namespace](["--images", str(index)]) == 1
    assert connected.objects == before
    told = capsys.readouterr().err
    assert told.startswith(f"namespace {namespace} exists and was not made by this demo")
    assert told.endswith("delete it, or use another cluster\n")
    assert told.count("\n") == 1


def test_nothing_is_installed_where_a_story_could_not_begin(connected, capsys):
    """What `dev/up.sh` asks first."""
    assert leftovers.main(["clinic", "shop"]) == 0
    connected.apply(manifests.namespace("clinic"))
    assert leftovers.main(["clinic"]) == 0
    connected.apply(FOREIGN)
    assert leftovers.main(["clinic"]) == 1
    assert "namespace clinic exists" in capsys.readouterr().err
