"""Names and uids by content: equal wishes have equal names, different wishes never share one."""

import itertools
import re
from typing import Any

import pytest

from shadowlift.api.names import MAX_NAME_LENGTH
from shadowlift.api.parse import parse_spec
from shadowlift.api.spec import Bento, Current, ServiceRef
from shadowlift.resources.identity import (
    bento_identity,
    current_identity,
    digest,
    frozen_hash,
    trial_salt,
    trial_uid,
    workload_name,
)
from tests.support.world import spec


def bento(**changes: Any) -> Bento:
    return Bento.model_validate({"image": "logreg:1", **changes})


CONTENTS = [
    bento(),
    bento(image="logreg:2"),
    bento(port=3001),
    bento(env=[{"name": "A", "value": "1"}]),
    bento(env=[{"name": "A", "value": "2"}]),
    bento(env=[{"name": "A", "value": "1"}, {"name": "B"}]),
    bento(env=[{"name": "B"}, {"name": "A", "value": "1"}]),
    bento(resources={"limits": {"cpu": "1"}}),
    bento(resources={"requests": {"cpu": "1"}}),
    bento(imagePullSecrets=[{"name": "registry"}]),
]


def test_different_contents_have_different_names():
    """Everything that a pod is made of is in the name; also the order of the environment, which pods see."""
    assert len({workload_name("triage", content) for content in CONTENTS}) == len(CONTENTS)
    assert len({bento_identity(content) for content in CONTENTS}) == len(CONTENTS)


def test_the_number_of_pods_is_not_content():
    """Scaling is no new model."""
    assert workload_name("triage", bento(replicas=2)) == workload_name("triage", bento(replicas=9))


def test_names_of_defaults_and_of_their_spelling_out_are_the_same():
    """A default that is written down changes nothing."""
    assert workload_name("triage", bento(port=3000, replicas=2, env=[])) == workload_name("triage", bento())


def test_names_fit_into_labels_and_dns():
    """The longest name of a resource leaves room for the hash."""
    name = workload_name("t" * MAX_NAME_LENGTH, bento())
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 63


def test_two_resources_never_share_a_workload():
    """Each owns its own, though the content is the same."""
    assert workload_name("one", bento()) != workload_name("two", bento())


def test_a_digest_is_of_the_value_not_of_its_spelling():
    """Order of keys does not matter, order of lists does."""
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})
    assert len(digest("x", 16)) == 16


def test_current_is_its_service_or_its_content_and_its_revision():
    """What supersedes a promotion: another Service, port, content or revision; how it answers does not."""
    one = Current(service=ServiceRef(name="rules", port=80))
    others = [
        Current(service=ServiceRef(name="rules", port=81)),
        Current(service=ServiceRef(name="vendor", port=80)),
        Current(service=ServiceRef(name="rules", port=80), revision="2"),
        Current(bento=bento()),
        Current(bento=bento(image="logreg:2")),
        Current(bento=bento(), revision="2"),
    ]
    assert len({current_identity(current) for current in (one, *others)}) == 7
    assert current_identity(Current(bento=bento(replicas=5))) == current_identity(Current(bento=bento()))
    answers = {"service": {"name": "rules", "port": 80}, "prediction": {"header": "x-p"}}
    assert current_identity(Current.model_validate(answers)) == current_identity(one)


def test_an_adopted_bento_is_the_one_that_was_promoted():
    """Without a revision, current and promoted snapshot have one identity."""
    assert current_identity(Current(bento=bento())) == bento_identity(bento())


FROZEN = {
    "candidates": [{"name": "other", "bento": {"image": "logreg:1"}}],
    "current": {"service": {"name": "vendor", "port": 8080}},
    "prediction": {"body": "label"},
    "unit": {"header": "x-user-id"},
    "strategy": {"canary": {"steps": [{"weight": "5%"}]}},
    "guardrails": [{"name": "errors", "type": "ErrorRate", "maxIncrease": "0.01"}],
    "objective": {"targetLift": "0.05", **spec()["objective"]},
    "answerWithin": "400ms",
    "deadline": "2h",
    "trial": "2",
}
FREE = {
    "paused": True,
    "serve": "Current",
    "promotion": {"policy": "Automatic"},
    "router": {"replicas": 5},
    "service": {"port": 80},
}


@pytest.mark.parametrize("field", FROZEN)
def test_a_frozen_field_is_in_the_hash(field: str):
    """Whatever changes the question changes the hash."""
    assert frozen_hash(parse_spec(spec(**{field: FROZEN[field]}))) != frozen_hash(parse_spec(spec()))


@pytest.mark.parametrize("field", FREE)
def test_a_free_field_is_not(field: str):
    """What may change within a trial leaves the hash as it is."""
    assert frozen_hash(parse_spec(spec(**{field: FREE[field]}))) == frozen_hash(parse_spec(spec()))


def test_every_field_of_the_spec_is_frozen_or_free():
    """A new field must be put on one side."""
    fields = {info.alias for info in type(parse_spec(spec())).model_fields.values()}
    assert fields == set(FROZEN) | set(FREE)


def test_a_trial_is_told_by_everything_that_it_is():
    """Another resource, question, image, attempt or opponent: another trial. The same: the same, so that decide stays pure."""
    arguments = [
        ("uid", "uid2"),
        ("frozen", "frozen2"),
        ({"bento": "a"}, {"bento": "b"}),
        (1, 2),
        ("against", "against2"),
    ]
    uids = {trial_uid(*some) for some in itertools.product(*arguments)}  # type: ignore[arg-type]
    assert len(uids) == 2**5
    assert all(re.fullmatch(r"[a-z0-9-]{8,64}", uid) for uid in uids)


def test_units_cannot_be_recognised_between_trials():
    """Another trial, another salt; hex as the router wants it."""
    salts = {trial_salt(resource, uid) for resource in ("a", "b") for uid in ("t1", "t2")}
    assert len(salts) == 4
    assert all(re.fullmatch(r"[0-9a-f]{32}", salt) for salt in salts)
