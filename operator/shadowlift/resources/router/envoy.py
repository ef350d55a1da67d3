"""The few shapes that Envoy's configuration repeats everywhere. Used by the builders beside it."""

from typing import Any

Json = dict[str, Any]
_TYPES = "type.googleapis.com/"
NAMESPACE = "shadowlift"  # of route and request metadata
MEASURED = "measured"  # in a request's metadata: its route belongs to a trial, so that a line is written of it

HTTP = "envoy.extensions.filters.http."
LUA = "envoy.filters.http.lua"
LUA_TYPE = HTTP + "lua.v3.Lua"
HEADER_MUTATION = "envoy.filters.http.header_mutation"
HEADER_MUTATION_TYPE = HTTP + "header_mutation.v3.HeaderMutation"
HEADER_METADATA = "envoy.filters.http.header_to_metadata"
HEADER_METADATA_TYPE = HTTP + "header_to_metadata.v3.Config"
ROUTER = "envoy.filters.http.router"


def typed(type_name: str, **fields: Any) -> Json:
    """A message with its type written in."""
    return {"@type": _TYPES + type_name, **fields}


def extension(name: str, type_name: str, **fields: Any) -> Json:
    """A named extension and its configuration."""
    return {"name": name, "typed_config": typed(type_name, **fields)}


def set_header(name: str, value: str) -> Json:
    """Set a header, whatever was there."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def watched(directory: str, file: str) -> Json:
    """A resource file that is read again whenever the volume it lies in is swapped."""
    source = {"path": f"{directory}/{file}", "watched_directory": {"path": directory}}
    return {"resource_api_version": "V3", "path_config_source": source}


def metadata(**fields: Any) -> Json:
    """Metadata under our own name."""
    return {"filter_metadata": {NAMESPACE: fields}}


def duration(microseconds: int) -> str:
    """A length of time as Envoy's JSON has it."""
    return f"{microseconds // 1_000_000}.{microseconds % 1_000_000:06d}s"
