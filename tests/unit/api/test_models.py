"""One spelling inside, one outside, for every model that leaves the process."""

import inspect
import re

import pytest
from pydantic import ValidationError

from shadowlift.api import capture, ledger, record, status
from shadowlift.api import spec as spec_module
from shadowlift.api.base import Model, cel
from shadowlift.api.ledger import EpochCounters, TrialCounters
from shadowlift.api.parse import parse_spec
from shadowlift.api.record import ENDS_TRIAL, RecordKind
from shadowlift.api.spec import Spec
from tests.support.world import spec

MODELS = sorted(
    {
        value
        for module in (spec_module, status, record, ledger, capture)
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Model) and value is not Model
    },
    key=lambda model: model.__qualname__,
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__qualname__)
def test_fields_are_camel_case_outside_and_frozen_inside(model: type[Model]):
    """JSON speaks camelCase, Python snake_case; a value never changes; an unknown field is an error."""
    for name, field in model.model_fields.items():
        assert re.fullmatch(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*", field.alias or ""), name
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["populate_by_name"]


def test_a_spec_survives_its_json():
    """Dumping and reading again gives the same value, whatever the spelling."""
    read = parse_spec(spec(unit={"header": "x-user-id"}, answerWithin="250ms"))
    assert Spec.model_validate(read.model_dump(mode="json", by_alias=True, exclude_none=True)) == read
    assert "answerWithin" in read.model_dump(by_alias=True)


def test_counters_keep_their_keys():
    """Keys of maps are data: values such as `someValue` or epoch numbers are never respelt."""
    counters = TrialCounters(
        uid="trial-0001", epochs={"1": EpochCounters(current_values={"someValue": 1, "some_value": 2})}
    )
    text = counters.model_dump_json(by_alias=True)
    assert '"someValue":1' in text
    assert '"some_value":2' in text
    assert TrialCounters.model_validate_json(text) == counters


def test_a_frozen_value_cannot_be_changed():
    """Assigning is an error, not a surprise elsewhere."""
    with pytest.raises(ValidationError):
        parse_spec(spec()).serve = "Current"  # type: ignore[misc]


def test_what_ends_a_trial():
    """A trial has one end; all else begins something in it, or comes after."""
    assert {RecordKind.PROMOTED, RecordKind.REJECTED, RecordKind.EXPIRED, RecordKind.ABANDONED} == ENDS_TRIAL


@pytest.mark.parametrize(
    ("path", "wanted"),
    [(None, {"rule": "r", "message": "m"}), (".a", {"rule": "r", "message": "m", "fieldPath": ".a"})],
)
def test_a_rule_says_where_it_applies(path: str | None, wanted: dict):
    """Without a field path the rule speaks of the whole object."""
    assert cel("r", "m", path) == wanted
