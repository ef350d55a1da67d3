"""Listeners (`lds.yaml`) and what Envoy starts with (`bootstrap.yaml`).

Nothing here depends on a trial, so that no connection is ever drained for one: routes switch on what differs.
"""

from shadowlift.api.capture import LINES_COUNTER, Track
from shadowlift.resources.router.capture import LUA_SOURCE, line_format
from shadowlift.resources.router.clusters import MOST_HEADERS, MOST_HEADERS_KIB, PRESERVE_CASE
from shadowlift.resources.router.envoy import (
    HEADER_METADATA,
    HEADER_METADATA_TYPE,
    HEADER_MUTATION,
    HEADER_MUTATION_TYPE,
    HTTP,
    LUA,
    LUA_TYPE,
    MEASURED,
    NAMESPACE,
    ROUTER,
    Json,
    extension,
    typed,
    watched,
)
from shadowlift.resources.router.layout import Layout

_LISTENER = "envoy.config.listener.v3.Listener"
_CONNECTION_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
STREAM_IDLE_TIMEOUT = "3600s"  # without a byte in either direction; there is no other limit on a live request
DRAIN_TIMEOUT = "5s"
NO_HOST = "localhost"  # what a request of HTTP/1.0 that names no host is given; Envoy would refuse it

# Who may steer Envoy by its own headers: an address that no client has. Left out it would be every private one.
NOBODY = {"address_prefix": "255.255.255.255", "prefix_len": 32}

# Every statistic costs memory in every router; these are what shipper, operator and dashboards read.
_STATISTICS = (
    "cluster_manager.active_clusters",
    "cluster_manager.cds.",
    "cluster_manager.warming_clusters",
    "cluster.shadow.upstream_rq_",
    "filesystem.",
    "http.live.downstream_",
    "http.live.rds.",
    "http.shadow.downstream_rq_",
    "http.shadow.rds.",
    "listener_manager.lds.",
    "server.live",
    "server.memory_",
    "server.state",
    "server.uptime",
    LINES_COUNTER,
)
_UPSTREAM_STATISTICS = (
    r"cluster\.(up|chain)-[0-9a-f]+\.(membership_(total|healthy)|upstream_cx_(active|connect_fail|connect_timeout)"
    r"|upstream_rq_(total|active|timeout|retry|retry_success|per_try_timeout|rx_reset|time|[2-5]xx)|update_(success|failure))"
)


def listeners(version: str, layout: Layout) -> Json:
    """The listener file: the one that clients reach, and the internal one through which copies go to the candidate."""
    address = {"socket_address": {"address": layout.address, "port_value": layout.live_port}}
    live = typed(_LISTENER, name="live", address=address, filter_chains=_chain(_live(layout)))
    shadow = typed(_LISTENER, name="shadow", internal_listener={}, filter_chains=_chain(_shadow(layout)))
    return {"version_info": version, "resources": [live, shadow]}


def bootstrap(layout: Layout) -> Json:
    """What Envoy reads once, at its start."""
    return {
        "node": {"id": "router", "cluster": "shadowlift"},
        "admin": {"address": {"pipe": {"path": layout.admin_path, "mode": 0o600}}},
        "bootstrap_extensions": [
            extension(
                "envoy.bootstrap.internal_listener", "envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
            )
        ],
        "dynamic_resources": {
            "lds_config": watched(layout.config_dir, "lds.yaml"),
            "cds_config": watched(layout.config_dir, "cds.yaml"),
        },
        "static_resources": {"listeners": [_health(layout)]},
        "stats_config": {
            "stats_matcher": {
                "inclusion_list": {
                    "patterns": [
                        *({"prefix": prefix} for prefix in _STATISTICS),
                        {"safe_regex": {"regex": _UPSTREAM_STATISTICS}},
                    ]
                }
            }
        },
        "typed_dns_resolver_config": extension(
            "envoy.network.dns_resolver.cares",
            "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            dns_resolver_options={"no_default_search_domain": True},
            query_timeout_seconds=1,
            query_tries=3,
        ),
    }


def _chain(manager: Json) -> list[Json]:
    return [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]


def _live(layout: Layout) -> Json:
    in_metadata = {"filter": NAMESPACE, "path": [{"key": MEASURED}], "value": {"present_match": True}}
    measured = {"metadata_filter": {"matcher": in_metadata, "match_if_key_not_found": False}}
    return _manager(
        Track.LIVE,
        layout,
        filters=[_off(extension(HEADER_MUTATION, HEADER_MUTATION_TYPE)), *_capture_filters()],
        log_filter={"filter": measured},
        use_remote_address=True,
        # Whoever stands in front and ends TLS has said so to current before, and to nobody less now.
        xff_num_trusted_hops=1,
        forward_client_cert_details="ALWAYS_FORWARD_ONLY",
        internal_address_config={"cidr_ranges": [NOBODY]},
        upgrade_configs=[{"upgrade_type": "websocket"}],
        common_http_protocol_options={"max_headers_count": MOST_HEADERS},
        http_protocol_options={
            "accept_http_10": True,
            "default_host_for_http_10": NO_HOST,
            "header_key_format": PRESERVE_CASE,
        },
    )


def _shadow(layout: Layout) -> Json:
    own_hop = {"use_remote_address": False, "skip_xff_append": True}
    more = {"max_headers_count": 2 * MOST_HEADERS}  # a copy has a few headers more than its request
    filters = _capture_filters()
    return _manager(Track.SHADOW, layout, filters=filters, log_filter={}, common_http_protocol_options=more, **own_hop)


def _manager(track: Track, layout: Layout, *, filters: list[Json], log_filter: Json, **fields: object) -> Json:
    router = extension(ROUTER, HTTP + "router.v3.Router", suppress_envoy_headers=True)
    return typed(
        _CONNECTION_MANAGER,
        stat_prefix=track.value,
        codec_type="AUTO",
        rds={"route_config_name": track.value, "config_source": watched(layout.config_dir, f"rds-{track.value}.yaml")},
        generate_request_id=False,
        max_request_headers_kb=MOST_HEADERS_KIB,
        server_header_transformation="PASS_THROUGH",
        stream_idle_timeout=STREAM_IDLE_TIMEOUT,
        drain_timeout=DRAIN_TIMEOUT,
        http_filters=[*filters, router],
        access_log=[{**log, **log_filter} for log in (_file_log(track, layout), _counter_log())],
        **fields,
    )


def _capture_filters() -> list[Json]:
    """Off unless a route switches them on: without a trial they cost nothing."""
    body = extension(LUA, LUA_TYPE, default_source_code={"inline_string": LUA_SOURCE})
    headers = extension(HEADER_METADATA, HEADER_METADATA_TYPE)
    return [_off(headers), _off(body)]


def _off(filter_: Json) -> Json:
    return {**filter_, "disabled": True}


def _file_log(track: Track, layout: Layout) -> Json:
    return extension(
        "envoy.access_loggers.file",
        "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path=layout.log_path,
        log_format={"json_format": line_format(track), "omit_empty_values": True},
    )


def _counter_log() -> Json:
    """Counts what the file log was given, after it was given: what of it never appears in a file, the spool has lost."""
    prefix, _, name = LINES_COUNTER.rpartition(".")
    return extension(
        "envoy.access_loggers.stats",
        "envoy.extensions.access_loggers.stats.v3.Config",
        stats_scope={"prefix": prefix},
        counters=[{"stat": {"name": name}, "value_fixed": 1}],
    )


def _health(layout: Layout) -> Json:
    """`GET /ready`: 200 once Envoy serves, 503 from the moment it drains."""
    check = extension(
        "envoy.filters.http.health_check",
        HTTP + "health_check.v3.HealthCheck",
        pass_through_mode=False,
        headers=[{"name": ":path", "string_match": {"exact": "/ready"}}],
    )
    nothing_else = {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
    manager = typed(
        _CONNECTION_MANAGER,
        stat_prefix="health",
        route_config={"name": "health", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [nothing_else]}]},
        http_filters=[check, extension(ROUTER, HTTP + "router.v3.Router")],
    )
    address = {"socket_address": {"address": layout.address, "port_value": layout.health_port}}
    return {"name": "health", "address": address, "filter_chains": _chain(manager)}
