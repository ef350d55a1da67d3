"""From an intent to the files of the router's ConfigMap. All JSON: in YAML a version such as `1e5` would be a number."""

import hashlib
import json

from shadowlift.api.capture import CaptureConfig, CaptureTrial
from shadowlift.resources.router.clusters import clusters
from shadowlift.resources.router.envoy import Json
from shadowlift.resources.router.intent import RouterIntent
from shadowlift.resources.router.layout import POD, Layout
from shadowlift.resources.router.listeners import bootstrap, listeners
from shadowlift.resources.router.routes import live_routes, shadow_routes


def config_version(n: int, intent: RouterIntent) -> str:
    """`<n>-<8 hex>`: `n` tells which of two came later, the hash what it was."""
    text = json.dumps(intent.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
    return f"{n}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def router_files(intent: RouterIntent, version: str, layout: Layout = POD) -> dict[str, str]:
    """The files by name; the same arguments give the same bytes. `version` stands in every file but `bootstrap.yaml`."""
    return {
        "bootstrap.yaml": _text(bootstrap(layout)),
        "lds.yaml": _text(listeners(version, layout)),
        "cds.yaml": _text(clusters(intent, version)),
        "rds-live.yaml": _text(live_routes(intent, version)),
        "rds-shadow.yaml": _text(shadow_routes(intent, version)),
        "shipper.json": _text(_capture_config(intent, version)),
        "intent.json": _text(intent.model_dump(mode="json", by_alias=True)),
    }


def _text(value: Json) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _capture_config(intent: RouterIntent, version: str) -> Json:
    trial = intent.trial
    capture = trial and CaptureTrial(
        uid=trial.uid,
        salt=trial.salt,
        unit_header=trial.unit_header,
        key_header=trial.key_header,
        given_to=intent.split.chain(intent.current).cluster if intent.split else None,
        candidate_cluster=intent.split.candidate.cluster if intent.split else None,
        rest_cluster=intent.serving.members[0].cluster if intent.split and len(intent.serving.members) > 1 else None,
        answer_within_us=trial.answer_within_us,
        alone=trial.alone,
        shapes=trial.shapes,
        current=trial.current,
        candidate=trial.candidate,
    )
    config = CaptureConfig(version=version, recorder_url=intent.recorder_url, trial=capture)
    return config.model_dump(mode="json", by_alias=True)
