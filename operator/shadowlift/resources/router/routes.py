"""Routes (`rds-live.yaml`, `rds-shadow.yaml`): who answers, what is copied and captured. All that a trial changes is here."""

from collections.abc import Sequence

from shadowlift.api.capture import NOT_COPIED, Extraction
from shadowlift.api.names import HEADER_ID, HEADER_SHADOW
from shadowlift.resources.router.capture import HEADER_CANDIDATE, HEADER_EPOCH, HEADER_TRIAL
from shadowlift.resources.router.clusters import door
from shadowlift.resources.router.envoy import (
    HEADER_METADATA,
    HEADER_METADATA_TYPE,
    HEADER_MUTATION,
    HEADER_MUTATION_TYPE,
    LUA,
    LUA_TYPE,
    MEASURED,
    NAMESPACE,
    Json,
    duration,
    extension,
    metadata,
    set_header,
    typed,
)
from shadowlift.resources.router.intent import Chain, RouterIntent, Split, TrialRoute, Upstream

# What can be sent twice: copied to a candidate, or asked again of current. Larger requests, and those whose length is
# not told beforehand, go to current alone. A match cannot see `transfer-encoding`, hence "no length" counts only where
# the method speaks against a body.
REPLAYABLE_BYTES = 1_048_576
_SIZED: list[Json] = [{"name": "content-length", "range_match": {"start": 0, "end": REPLAYABLE_BYTES + 1}}]
_BODYLESS: list[Json] = [
    {"name": "content-length", "present_match": True, "invert_match": True},
    {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD|OPTIONS|DELETE"}}},
]
_REPLAYABLE = (("sized", _SIZED), ("bodyless", _BODYLESS))
_WEBSOCKET: list[Json] = [{"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}]

# A later answer is a wrong one whatever it says; this much later it is still logged with its duration, which tells a slow
# candidate from a dead one. Longer would let hanging answers hold the few places that copies have.
SHADOW_GRACE_US = 1_000_000

_ALL = 1_000_000

# Nothing has been sent when a connection fails, so that asking again can never make current act twice.
_RECONNECT: Json = {
    "retry_on": "connect-failure",
    "num_retries": 2,
    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.250s"},
}

# What a candidate may do that current is asked instead, and how: at once, and never the same process again.
_FAILURES = "5xx,reset,connect-failure,refused-stream,retriable-status-codes"
_TO_THE_NEXT: Json = {
    "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.005s"},
    "retry_priority": extension(
        "envoy.retry_priorities.previous_priorities",
        "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        update_frequency=1,
    ),
}


# By these a client could pass for a copy. Envoy takes them away before a route is chosen, as it does with its own headers, by which retries
# and time-outs could be steered: every client is an outsider to it (`listeners`).
FORGEABLE = [HEADER_ID, HEADER_SHADOW, HEADER_TRIAL, HEADER_EPOCH, HEADER_CANDIDATE]
ADDED = ["x-envoy-external-address"]  # by Envoy; current has never seen it


def live_routes(intent: RouterIntent, version: str) -> Json:
    """Routes of the live listener. Every request carries the pairing id to whoever answers, and is answered with it."""
    routes = []
    if intent.trial and intent.split:
        routes += _split(intent, intent.trial, intent.split)
    elif intent.trial:
        routes += _tried(intent, intent.trial)
    if intent.trial is None or intent.trial.percent_millionths < _ALL:
        routes += _untried(intent)
    if len(routes) > 1:
        routes.insert(0, _route("websocket", _WEBSOCKET, _to_current(intent)))
    id_in, id_out = set_header(HEADER_ID, "%UNIQUE_ID%"), set_header(HEADER_ID, f"%REQ({HEADER_ID})%")
    own = {"request_headers_to_add": [id_in], "request_headers_to_remove": ADDED, "response_headers_to_add": [id_out]}
    return _table("live", version, routes, {"internal_only_headers": FORGEABLE}, **own)


def shadow_routes(intent: RouterIntent, version: str) -> Json:
    """Routes of the shadow listener: copies of this trial to its candidate, and nothing else.

    A copy of another trial, in the moment in which only one of the two files is loaded, finds no route: the wrong
    candidate must never answer it.
    """
    trial = intent.trial
    if trial is None:
        return _table("shadow", version, [])
    return _table("shadow", version, [_copied(trial, name, upstream) for name, upstream in _audience(intent)])


def _audience(intent: RouterIntent) -> list[tuple[str | None, Upstream]]:
    """Who gets copies; the first candidate's bear no name."""
    first: list[tuple[str | None, Upstream]] = [(None, intent.shadow)] if intent.shadow else []
    return [*first, *((rival.name, rival.upstream) for rival in intent.rivals)]


def _copied(trial: TrialRoute, name: str | None, upstream: Upstream) -> Json:
    of_the_trial: Json = {"name": HEADER_TRIAL, "string_match": {"exact": trial.uid}}
    whose: Json = {"name": HEADER_CANDIDATE, "present_match": True, "invert_match": True}
    if name is not None:
        whose = {"name": HEADER_CANDIDATE, "string_match": {"exact": name}}
    action = {"cluster": upstream.cluster, "timeout": duration(trial.answer_within_us + SHADOW_GRACE_US)}
    captured = _captured(trial, trial.candidate)
    return _route(f"shadow-{name}" if name else "shadow", [of_the_trial, whose], action, **captured)


def _table(name: str, version: str, routes: list[Json], of_table: Json | None = None, **of_host: object) -> Json:
    host = {"name": "all", "domains": ["*"], "routes": routes, **of_host}
    kind = "envoy.config.route.v3.RouteConfiguration"
    table = typed(kind, name=name, validate_clusters=True, virtual_hosts=[host], **(of_table or {}))
    return {"version_info": version, "resources": [table]}


def _route(name: str, headers: list[Json], action: Json, **more: object) -> Json:
    match: Json = {"prefix": "/", "headers": headers} if headers else {"prefix": "/"}
    return {"name": name, "match": match, "route": action, **more}


def _tried(intent: RouterIntent, trial: TrialRoute) -> list[Json]:
    """Requests that are measured: copied where they can be, and logged either way."""
    labels = {"trial": trial.uid, "epoch": trial.epoch}
    policies = [_mirror(trial, place, name) for place, (name, _) in enumerate(_audience(intent))]
    copied = {**_to_serving(intent), "request_mirror_policies": policies}
    mirrored = {"metadata": metadata(**labels, mirror="yes"), **_measured(trial, trial.current)}
    unmirrored = {"metadata": metadata(**labels, mirror="no"), **_measured(trial)}
    routes = [_route(f"mirrored-{name}", headers, copied, **mirrored) for name, headers in _REPLAYABLE]
    routes.append(_route("unmirrored", [], _to_current(intent), **unmirrored))
    if trial.percent_millionths < _ALL:  # one draw per request, so that all routes see the same
        share = {"default_value": {"numerator": trial.percent_millionths, "denominator": "MILLION"}}
        for route in routes:
            route["match"] = {**route["match"], "runtime_fraction": share}
    return routes


def _split(intent: RouterIntent, trial: TrialRoute, split: Split) -> list[Json]:
    """Requests that are measured: given to the candidate or not, where they can be, and logged either way.

    What cannot be sent twice, and what names no unit, is answered as if there were no trial.
    """
    known: list[Json] = [{"name": trial.unit_header, "present_match": True}] if trial.unit_header else []
    labels = {"trial": trial.uid, "epoch": trial.epoch}
    given = {"metadata": metadata(**labels, split="yes"), **_measured(trial, trial.current, trial.candidate)}
    routes = [
        _route(f"split-{name}", [*known, *headers], _to_arms(intent, trial, split), **given)
        for name, headers in _REPLAYABLE
    ]
    label = metadata(**labels, split="no")
    return [*routes, *({**route, "metadata": label, **_measured(trial)} for route in _untried(intent))]


def _to_arms(intent: RouterIntent, trial: TrialRoute, split: Split) -> Json:
    """To the candidate for a share of the units; a hash of the unit decides, so that one that is in stays in.

    The candidate's entry stands first: a larger weight then only adds units. What is set on the route holds for both entries, so
    retries and time-outs of a chain are set on its own entry, as headers that the router consumes: current's own failures must not
    be made again, nor its answers cut.
    """
    arms = [(split.chain(intent.current), split.weight), (intent.serving, 1000 - split.weight)]
    action: Json = {
        "timeout": "0s",
        "retry_policy": {**_RECONNECT, **_TO_THE_NEXT},
        "weighted_clusters": {"clusters": [_arm(intent, chain, weight) for chain, weight in arms]},
    }
    if trial.unit_header:
        salted = {"pattern": {"regex": "^(.*)$"}, "substitution": f"\\1|{trial.salt}"}
        action["hash_policy"] = [{"header": {"header_name": trial.unit_header, "regex_rewrite": salted}}]
        action["weighted_clusters"]["use_hash_policy"] = True
    return action


def _arm(intent: RouterIntent, chain: Chain, weight: int) -> Json:
    entry: Json = {"name": chain.cluster, "weight": weight}
    if chain.members == (intent.current,):
        return entry
    # Alone it must answer within the time of a try: nobody stands behind it, and a request that hangs would never be logged.
    headers = {"x-envoy-upstream-rq-timeout-ms": str(intent.try_timeout_ms)}
    if len(chain.members) > 1:
        headers = _failing_open(intent)
    mutations = {"request_mutations": [{"append": set_header(name, value)} for name, value in headers.items()]}
    per_route = typed(HEADER_MUTATION_TYPE + "PerRoute", mutations=mutations)
    return {**entry, "typed_per_filter_config": {HEADER_MUTATION: per_route}}


def _failing_open(intent: RouterIntent) -> dict[str, str]:
    return {
        "x-envoy-retry-on": _FAILURES,
        "x-envoy-retriable-status-codes": "429",
        "x-envoy-max-retries": "1",
        "x-envoy-upstream-rq-per-try-timeout-ms": str(intent.try_timeout_ms),
        "x-envoy-hedge-on-per-try-timeout": "true",
    }


def _untried(intent: RouterIntent) -> list[Json]:
    """Requests that no trial touches: to who serves, and what cannot be sent twice to current."""
    current = _route("current", [], _to_current(intent))
    if intent.serve == "current":
        return [current]
    return [*(_route(name, headers, _to_serving(intent)) for name, headers in _REPLAYABLE), current]


def _to_current(intent: RouterIntent) -> Json:
    """No time-out: the router must not cut what current would have answered."""
    return {"cluster": intent.current.cluster, "timeout": "0s", "retry_policy": _RECONNECT}


def _to_serving(intent: RouterIntent) -> Json:
    """To who serves; behind a candidate stands current, which answers where the candidate fails, hangs or is gone.

    The time-out of a try is soft: current is asked as well, the first good answer wins, and current's own has no limit.
    A hard one would cut current too, where it takes longer than its candidate may.
    What cannot be sent twice goes to current: nothing can be lost there, and no evidence speaks of such requests.
    """
    if intent.serve == "current":
        return _to_current(intent)
    if not intent.fail_open:
        return {"cluster": intent.serving.cluster, "timeout": duration(intent.try_timeout_ms * 1000)}
    retry: Json = {
        "retry_on": _FAILURES,
        "retriable_status_codes": [429],
        "num_retries": 1,
        "per_try_timeout": duration(intent.try_timeout_ms * 1000),
        **_TO_THE_NEXT,
    }
    hedge = {"hedge_on_per_try_timeout": True}
    return {"cluster": intent.serving.cluster, "timeout": "0s", "retry_policy": retry, "hedge_policy": hedge}


def _mirror(trial: TrialRoute, place: int, name: str | None) -> Json:
    labels = {HEADER_SHADOW: "true", HEADER_TRIAL: trial.uid, HEADER_EPOCH: str(trial.epoch)}
    if name is not None:
        labels[HEADER_CANDIDATE] = name
    return {
        "cluster": door(place),
        "disable_shadow_host_suffix_append": True,
        "trace_sampled": False,
        "runtime_fraction": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        "request_headers_mutations": [
            *({"remove": name} for name in sorted(NOT_COPIED)),
            *({"append": set_header(name, value)} for name, value in labels.items()),
        ],
    }


def _measured(trial: TrialRoute, *answers: Extraction) -> Json:
    """What a route of live requests has to switch on so that a line is written of them."""
    mark = {"metadata_namespace": NAMESPACE, "key": MEASURED, "value": "yes", "type": "STRING"}
    every_request = {"header": ":method", "on_header_present": mark}
    return _captured(trial, *answers, also=[every_request])


def _captured(trial: TrialRoute, *answers: Extraction, also: Sequence[Json] = ()) -> Json:
    """What a route has to switch on so that its line holds unit, outcome key and the prediction of whoever answers."""
    asked = [(trial.unit_header, "unit"), (trial.key_header, "key")]
    request = [*also, *(_to_metadata(header, key) for header, key in asked if header)]
    response = [_to_metadata(header, "pred") for header in dict.fromkeys(answer.header for answer in answers) if header]
    rules = {name: rules for name, rules in (("request_rules", request), ("response_rules", response)) if rules}
    filters: Json = {}
    if rules:
        filters[HEADER_METADATA] = typed(HEADER_METADATA_TYPE, **rules)
    if any(answer.body for answer in answers) or (answers and trial.shapes):
        filters[LUA] = typed(LUA_TYPE + "PerRoute", filter_context={})
    return {"typed_per_filter_config": filters} if filters else {}


def _to_metadata(header: str, key: str) -> Json:
    return {"header": header, "on_header_present": {"metadata_namespace": NAMESPACE, "key": key, "type": "STRING"}}
