"""Envoy's files for each variant. The shipped ones come from the operator's own builder; nothing of them is written here."""

import json

from dev.bench.router.variants import Behind, Variant
from shadowlift.resources.router.config import router_files
from shadowlift.resources.router.envoy import HTTP, ROUTER, Json, extension, typed
from shadowlift.resources.router.intent import Upstream
from shadowlift.resources.router.layout import Layout

VERSION = "1-bench"


def files(variant: Variant, behind: Behind, layout: Layout) -> dict[str, str]:
    """The files by name; Envoy starts with `bootstrap.yaml`."""
    if variant.intent is None:
        return {"bootstrap.yaml": json.dumps(_bare(behind.current, layout.live_port))}
    return router_files(variant.intent(behind), VERSION, layout)


def _bare(upstream: Upstream, port: int) -> Json:
    """The smallest configuration that proxies: no log, no filter but the router, Envoy's defaults for all else."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "current"}}
    manager = typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="live",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        http_filters=[extension(ROUTER, HTTP + "router.v3.Router")],
    )
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    listener = {"name": "live", "address": _address("127.0.0.1", port), "filter_chains": [chain]}
    endpoint = {"endpoint": {"address": _address(upstream.host, upstream.port)}}
    assignment = {"cluster_name": "current", "endpoints": [{"lb_endpoints": [endpoint]}]}
    cluster = {"name": "current", "type": "STATIC", "load_assignment": assignment}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}
