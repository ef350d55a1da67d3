"""The one base of all models: camelCase outside, snake_case inside, frozen, nothing unknown accepted."""

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A frozen value; unknown fields are an error, never ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid", use_enum_values=False
    )


def cel(rule: str, message: str, field_path: str | None = None) -> JsonValue:
    """One cross-field rule for the CRD (Common Expression Language), checked by the API server."""
    out: dict[str, JsonValue] = {"rule": rule, "message": message}
    if field_path:
        out["fieldPath"] = field_path
    return out
