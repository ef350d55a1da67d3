"""What the shipper counts for Prometheus. One object per process, passed to those who count."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from shadowlift.api.ledger import Batch, BatchReceipt


class Metrics:
    """All metrics of the shipper."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._rows = self._counter("rows", "Rows received by the recorder.", "track", "status")
        self._batches = self._counter("batches", "Batches received by the recorder.")
        self._unregistered = self._counter(
            "rows_unregistered", "Rows that the recorder dropped: unknown or closed trial."
        )
        self.refused = self._counter("batches_kept", "Attempts that ended without a receipt.", "reason")
        self.unread = self._counter("lines_unread", "Lines without a row.", "reason")
        self.failures = self._counter("failures", "Errors that nobody foresaw; the work began anew.")
        self.lost = self._gauge("lines_lost", "Lines that Envoy wrote and nobody read, since the pod began.")
        self.shed = self._gauge("copies_shed", "Copies that Envoy dropped, since the pod began.")
        self.low = self._gauge("low_seconds", "Every request that started before this unix time has been sent.")

    def sent(self, batch: Batch, receipt: BatchReceipt) -> None:
        """The recorder has a batch."""
        self._batches.inc()
        self._unregistered.inc(receipt.unregistered)
        self.lost.set(batch.lines_lost)
        self.shed.set(batch.shed)
        self.low.set(batch.low / 1e6)
        for row in batch.rows:
            self._rows.labels(row.track.value, row.status.value).inc()

    def text(self) -> str:
        """Prometheus' text format."""
        return generate_latest(self._registry).decode()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"shadowlift_shipper_{name}", what, labels, registry=self._registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(f"shadowlift_shipper_{name}", what, registry=self._registry)
