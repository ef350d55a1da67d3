"""What Prometheus can ask. One registry per recorder, so that two in one test process do not add up."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """All series of the recorder; each says what it counts."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        prefix = "shadowlift_recorder"
        self.requests = Counter(
            f"{prefix}_requests", "HTTP requests by operation and status", ["operation", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            f"{prefix}_request_seconds",
            "Time from the request to its answer, durable commit included",
            ["operation"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=registry,
        )
        self.rows = Counter(
            f"{prefix}_rows", "Rows of batches: accepted, or dropped as unregistered", ["result"], registry=registry
        )
        self.batches = Counter(
            f"{prefix}_batches", "Batches: stored, or replayed without effect", ["result"], registry=registry
        )
        self.outcomes = Counter(
            f"{prefix}_outcomes", "Outcomes accepted, by what they met", ["result"], registry=registry
        )
        self.outcomes_refused = Counter(
            f"{prefix}_outcomes_refused", "Refused outcomes by reason", ["reason"], registry=registry
        )
        self.units_closed = Counter(f"{prefix}_units_closed", "Units folded into the counters", registry=registry)
        self.commit_seconds = Histogram(
            f"{prefix}_commit_seconds",
            "Length of one transaction, fsync included",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
            registry=registry,
        )
        self.group_size = Histogram(
            f"{prefix}_group_size",
            "Operations that shared one commit",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )
        self.commit_failures = Counter(
            f"{prefix}_commit_failures", "Transactions that failed and were rolled back", registry=registry
        )
        self.silent_routers = Gauge(
            f"{prefix}_silent_routers", "Routers of open trials that are declared lost", registry=registry
        )
        self.token_reviews = Counter(
            f"{prefix}_token_reviews", "Tokens asked about at the API server", ["result"], registry=registry
        )
