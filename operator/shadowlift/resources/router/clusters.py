"""Clusters (`cds.yaml`): each process by its name in DNS, each chain, and the door to the shadow listener."""

from shadowlift.api.names import MOST_CANDIDATES
from shadowlift.resources.router.envoy import Json, duration, extension, metadata, typed
from shadowlift.resources.router.intent import Chain, RouterIntent, Upstream

SHADOW = "shadow"  # cluster and internal listener through which every copy goes

# CoreDNS may answer from its cache for 5 s: a pod that leaves is unknown here 7 s later. Candidates answer for 8 s after
# they were told to stop. Every router asks once per process and interval, so that less would weigh on the DNS.
DNS_REFRESH = "2s"
DNS_RETRY = {"base_interval": "1s", "max_interval": "2s"}

# Below uvicorn's and Node's 5 s: an upstream must never close a connection that is about to be used. There is no cure
# here for servers that close sooner (gunicorn's default is 2 s); they are to be set to more than this.
IDLE_TIMEOUT = "4s"

# To current: a full accept queue drops SYNs, which come again after 1 s and 3 s, and a client without us would wait too.
CONNECT_TIMEOUT_US = 5_000_000

# To all others: before the time of a try is over. Envoy knows whom it has asked only when a connect has succeeded or failed;
# a try that ends while connecting would be made again at the same process, whose node may be gone, instead of at current.
CONNECT_SHARE = 0.8
# Current took what it took without us, and said what it said: it is not ours to refuse a request or an answer for it.
UNLIMITED = 100_000
MOST_HEADERS = 1_000  # of a request or an answer; Envoy's default is 100
MOST_HEADERS_KIB = 1_024  # all of them together; Envoy's default is 60

# The shadow is shed long before live traffic feels it. 128 copies under way carry 1,280/s at 0.1 s, and 128/s at 1 s; more
# would only make a slow candidate slower. What does not fit is dropped at once: copies that queued would be asked, and
# answered, long after their time. HTTP/2 makes it so, since its requests never wait for a connection to be free.
SHADOW_LIMITS = {"max_pending_requests": 128, "max_requests": 128, "max_retries": 0}  # pending: only while connecting

_HEADERS = {"max_headers_count": MOST_HEADERS, "max_response_headers_kb": MOST_HEADERS_KIB}
_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

# Header names keep the case that client and process gave them: without us nobody would have changed it.
PRESERVE_CASE: Json = {
    "stateful_formatter": extension(
        "preserve_case", "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig"
    )
}


def clusters(intent: RouterIntent, version: str) -> Json:
    """The cluster file. Members come before the chains that name them."""
    chains = {chain.cluster: chain for chain in intent.chains if len(chain.members) > 1}
    upstreams = (_upstream(upstream, connect_timeout_us(intent, upstream)) for upstream in intent.upstreams)
    resources = [*upstreams, *map(_chain, chains.values()), *map(_shadow, range(MOST_CANDIDATES))]
    return {"version_info": version, "resources": resources}


def connect_timeout_us(intent: RouterIntent, upstream: Upstream) -> int:
    """How long a connect to a process may take, in microseconds."""
    if upstream == intent.current:
        return CONNECT_TIMEOUT_US
    return min(CONNECT_TIMEOUT_US, max(1000, round(intent.try_timeout_ms * 1000 * CONNECT_SHARE)))


def _cluster(name: str, limits: dict[str, int], connect_us: int = CONNECT_TIMEOUT_US, **fields: object) -> Json:
    thresholds = {"thresholds": [limits]}
    timeout = {"connect_timeout": duration(connect_us)}
    return typed("envoy.config.cluster.v3.Cluster", name=name, circuit_breakers=thresholds, **timeout, **fields)


def _unlimited() -> dict[str, int]:
    return dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), UNLIMITED)


def _upstream(upstream: Upstream, connect_us: int) -> Json:
    address = {"socket_address": {"address": upstream.host, "port_value": upstream.port}}
    dns = extension(
        "envoy.clusters.dns",
        "envoy.extensions.clusters.dns.v3.DnsCluster",
        dns_lookup_family="V4_PREFERRED",
        dns_refresh_rate=DNS_REFRESH,
        dns_failure_refresh_rate=DNS_RETRY,
    )
    protocol = {"http_protocol_options": {"header_key_format": PRESERVE_CASE}}
    return _cluster(
        upstream.cluster,
        _unlimited(),
        connect_us,
        lb_policy="LEAST_REQUEST",
        cluster_type=dns,
        load_assignment=_assignment(upstream.cluster, address, metadata(cluster=upstream.cluster)),
        typed_extension_protocol_options=_protocol(
            protocol, common_http_protocol_options={"idle_timeout": IDLE_TIMEOUT, **_HEADERS}
        ),
    )


def _chain(chain: Chain) -> Json:
    members = [member.cluster for member in chain.members]
    config = "envoy.extensions.clusters.aggregate.v3.ClusterConfig"
    kind = extension("envoy.clusters.aggregate", config, clusters=members)
    return _cluster(chain.cluster, _unlimited(), lb_policy="CLUSTER_PROVIDED", cluster_type=kind)


def door(place: int) -> str:
    """The cluster through which a candidate's copies go: each has its own limits, so that a slow one is no other's trouble.

    All of them are always there. Clusters and routes are two files, and Envoy refuses a route whose cluster it has not read yet: for good.
    """
    return f"{SHADOW}-{place}" if place else SHADOW


def _shadow(place: int) -> Json:
    listener = {"envoy_internal_address": {"server_listener_name": SHADOW}}
    protocol = _protocol({"http2_protocol_options": {}}, common_http_protocol_options=_HEADERS)
    return _cluster(
        door(place),
        dict(SHADOW_LIMITS),
        type="STATIC",
        load_assignment=_assignment(door(place), listener),
        typed_extension_protocol_options=protocol,
    )


def _protocol(explicit: Json, **common: Json) -> Json:
    options = typed(_PROTOCOL, explicit_http_config=explicit, **common)
    return {_PROTOCOL: options}


def _assignment(name: str, address: Json, label: Json | None = None) -> Json:
    """Where a cluster's processes are; the label tells who of a chain has answered."""
    endpoint: Json = {"endpoint": {"address": address}}
    if label:
        endpoint["metadata"] = label
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
