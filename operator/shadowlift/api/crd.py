"""The CustomResourceDefinition, generated from the models. Called by the generator and by tests; returns plain data."""

from typing import Any

from pydantic import BaseModel

from shadowlift.api.base import cel
from shadowlift.api.names import GROUP, KIND, MAX_NAME_LENGTH, PLURAL, VERSION
from shadowlift.api.spec import Spec
from shadowlift.api.status import Status

_KEPT = (
    "type", "description", "default", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "required",
)  # fmt: skip

COLUMNS = (
    ("Phase", "string", ".status.phase", 0),
    ("Serving", "string", ".status.serving.name", 0),
    ("Candidate", "string", ".status.trial.candidate", 0),
    ("Weight", "string", ".status.weight", 0),
    ("Lift", "string", ".status.trial.evidence.estimate", 0),
    ("N", "integer", ".status.trial.evidence.n", 0),
    ("Verdict", "string", ".status.trial.verdict.kind", 0),
    ("Reason", "string", ".status.trial.verdict.reason", 1),
    ("Age", "date", ".metadata.creationTimestamp", 0),
)


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """Turn a model into a structural schema: references inlined, `X | None` made optional, nothing Kubernetes refuses."""
    schema = model.model_json_schema(by_alias=True)
    return _convert(schema, schema.get("$defs", {}))


def _convert(node: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        target = defs[node["$ref"].rsplit("/", 1)[1]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    if "anyOf" in node:  # only ever "X or null": an optional field
        (other,) = [option for option in node["anyOf"] if option.get("type") != "null"]
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        return _convert({**other, **rest}, defs)
    out = {key: node[key] for key in _KEPT if key in node and node[key] is not None}
    out |= {key: value for key, value in node.items() if key.startswith("x-kubernetes-")}
    if node.get("description") and "\n" in node["description"]:
        out["description"] = " ".join(node["description"].split())
    if "properties" in node:
        out["properties"] = {name: _convert(child, defs) for name, child in node["properties"].items()}
    if "items" in node:
        out["items"] = _convert(node["items"], defs)
    if isinstance(node.get("additionalProperties"), dict):
        out["additionalProperties"] = _convert(node["additionalProperties"], defs)
    return out


def crd() -> dict[str, Any]:
    """The CRD as the API server takes it."""
    spec, status = structural(Spec), structural(Status)
    schema = {
        "type": "object",
        "description": "A process in place and the candidate that may replace it once its lift is proven on live traffic.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": status,
        },
        "x-kubernetes-validations": [
            cel(
                f"self.metadata.name.size() <= {MAX_NAME_LENGTH}",
                f"the name must have at most {MAX_NAME_LENGTH} characters: the objects made for it carry it with a suffix",
            ),
            cel(
                "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "the name must be one that a Service can have: small letters, digits and -, beginning with a letter",
            ),
            cel(
                "!has(self.spec.current.service) || self.spec.current.service.name != self.metadata.name",
                "spec.current.service must not be the router's own Service, which carries the ModelDeployment's name",
            ),
        ],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND, "listKind": f"{KIND}List", "plural": PLURAL, "singular": KIND.lower(),
                "shortNames": ["mdep"], "categories": ["all"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema},
                    "additionalPrinterColumns": [
                        {"name": name, "type": kind, "jsonPath": path, **({"priority": priority} if priority else {})}
                        for name, kind, path, priority in COLUMNS
                    ],
                }
            ],
        },
    }  # fmt: skip
