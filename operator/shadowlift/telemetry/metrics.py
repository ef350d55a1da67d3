"""Prometheus metrics of the operator. One object, made by `wiring`, handed to whoever counts something."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from shadowlift.api.status import ConditionType, Phase, Status, Trial, Verdict

_NO_TRIAL = Trial(uid="", attempt=0, candidate="", workload="", frozen="")
_KEY = ("namespace", "name")


class Metrics:
    """All of the operator's metrics in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._phase = Gauge(
            "shadowlift_phase", "1 for the phase of a ModelDeployment.", (*_KEY, "phase"), registry=self.registry
        )
        self._stalled = Gauge(
            "shadowlift_stalled", "1 while a person must act: the condition Stalled.", _KEY, registry=self.registry
        )
        self._verdict = Gauge(
            "shadowlift_verdict", "1 for the last verdict.", (*_KEY, "kind", "reason"), registry=self.registry
        )
        self._evidence = {
            field: Gauge(f"shadowlift_evidence_{field}", text, _KEY, registry=self.registry)
            for field, text in (
                ("units", "Matured units that count."),
                ("lift", "Estimated lift."),
                ("lift_lower", "Always-valid lower bound of the lift."),
                ("lift_upper", "Always-valid upper bound of the lift."),
                ("e_value", "E-value of the promotion test."),
            )
        }
        self._lost = Gauge(
            "shadowlift_lines_lost", "Requests of the trial that left no line.", _KEY, registry=self.registry
        )
        self._decisions = Counter(
            "shadowlift_decisions", "Decision records written.", ("kind",), registry=self.registry
        )
        self._requests = Counter(
            "shadowlift_api_requests", "Requests to the Kubernetes API.", ("method", "code"), registry=self.registry
        )
        self._cycles = Histogram(
            "shadowlift_cycle_seconds", "Length of a reconcile cycle.", registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )  # fmt: skip
        self._errors = Counter(
            "shadowlift_cycle_errors", "Cycles that ended with an error.", ("error",), registry=self.registry
        )
        self.queue = Gauge(
            "shadowlift_queue_length", "ModelDeployments waiting to be looked at.", registry=self.registry
        )
        self.leader = Gauge("shadowlift_leader", "1 while this replica acts.", registry=self.registry)
        self._verdicts: dict[tuple[str, str], tuple[str, str]] = {}

    def show(self, namespace: str, name: str, status: Status) -> None:
        """Put a status that stuck into the gauges."""
        for phase in Phase:
            self._phase.labels(namespace, name, phase.value).set(phase is status.phase)
        kinds = {condition.type for condition in status.conditions if condition.status == "True"}
        self._stalled.labels(namespace, name).set(ConditionType.STALLED.value in kinds)
        trial = status.trial or _NO_TRIAL
        self._say(namespace, name, trial.verdict)
        evidence = trial.evidence
        values = {
            "units": evidence.n, "lift": evidence.estimate, "lift_lower": evidence.lower,
            "lift_upper": evidence.upper, "e_value": evidence.e_value,
        }  # fmt: skip
        for field, value in values.items():
            if value is not None:
                self._evidence[field].labels(namespace, name).set(float(value))
            else:  # of the trial before, which is this one's no more
                self._evidence[field].remove_by_labels({"namespace": namespace, "name": name})
        self._lost.labels(namespace, name).set(trial.coverage.lines_lost)

    def _say(self, namespace: str, name: str, verdict: Verdict | None) -> None:
        said = None if verdict is None else (verdict.kind.value, verdict.reason)
        before = self._verdicts.pop((namespace, name), None)
        if before is not None and before != said:
            self._verdict.remove(namespace, name, *before)
        if said is not None:
            self._verdicts[namespace, name] = said
            self._verdict.labels(namespace, name, *said).set(1)

    def forget(self, namespace: str, name: str) -> None:
        """A ModelDeployment is gone: so are its series."""
        for gauge in (self._phase, self._stalled, self._verdict, self._lost, *self._evidence.values()):
            gauge.remove_by_labels({"namespace": namespace, "name": name})
        self._verdicts.pop((namespace, name), None)

    def decided(self, kind: str) -> None:
        """A decision record was written."""
        self._decisions.labels(kind).inc()

    def requested(self, method: str, code: int) -> None:
        """A request to the Kubernetes API was answered (0: was not)."""
        self._requests.labels(method, code).inc()

    def cycled(self, seconds: float, error: str | None) -> None:
        """A cycle has ended."""
        self._cycles.observe(seconds)
        if error is not None:
            self._errors.labels(error).inc()

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)
