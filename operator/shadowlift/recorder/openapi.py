"""The OpenAPI document: FastAPI's, with the bodies that `http` parses itself and the problems of each route."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shadowlift.api.ledger import Batch, CountersQuery, DecisionCopy, OutcomesIn, Problem, TrialRegistration

_BODIES: tuple[type[BaseModel], ...] = (Batch, CountersQuery, DecisionCopy, OutcomesIn, Problem, TrialRegistration)
_REFERENCE = "#/components/schemas/{model}"
WITH_TOKEN: dict[str, Any] = {"security": [{"token": []}]}  # `openapi_extra` of a route without a body


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that takes such a body."""
    content = {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}
    return {"requestBody": {"required": True, "content": content}, **WITH_TOKEN}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: these statuses, each with a problem document."""
    content = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document; computed once per process."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        _, definitions = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REFERENCE)
        components = document.setdefault("components", {})
        components["schemas"] = {**definitions.get("$defs", {}), **components.get("schemas", {})}
        components["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "Projected ServiceAccount token with audience shadowlift.",
            }
        }
        app.openapi_schema = document
    return app.openapi_schema
