"""Did live traffic really move? By the candidate pods' own request counters, not by what operator or router say.

`story` asks for two readings with live traffic between them. While a mirror is on, copies count too, so the readings
are taken after the routers have loaded a configuration without one; copies would show: more requests than answers.
"""

import re
from dataclasses import dataclass

from dev.traffic.cluster_api import Cluster, is_ready
from dev.traffic.stand import Stand
from shadowlift.api.names import LABEL_COMPONENT, LABEL_OWNER

BENTO_PORT = 3000
ENDPOINT = "/triage"
_SAMPLE = re.compile(r"^bentoml_service_request_total\{(?P<labels>[^}]*)\}\s+(?P<value>\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """At one moment: what the candidate's pods have counted, and how many of the clients' answers were theirs."""

    pods: int
    counted: int
    answers: int


def first_reading(stand: Stand, name: str, endpoint: str = ENDPOINT) -> Reading:
    """Counters before answers, so that no answer of the stretch is missing in the counters."""
    pods, counted = counters(stand.cluster, stand.wanted.namespace, name, endpoint)
    return Reading(pods, counted, _answers(stand))


def last_reading(stand: Stand, name: str, endpoint: str = ENDPOINT) -> Reading:
    """Answers before counters, for the same reason."""
    answers = _answers(stand)
    pods, counted = counters(stand.cluster, stand.wanted.namespace, name, endpoint)
    return Reading(pods, counted, answers)


def doubts(first: Reading, last: Reading, rate: float) -> list[str]:
    """What speaks against live traffic having reached the candidate between the readings; nothing: it has.

    `rate` is requests per second: what is under way or answered while several pods are read one after the other is at
    most two seconds of it.
    """
    answers, counted = last.answers - first.answers, last.counted - first.counted
    found = []
    if last.pods == 0:
        found.append("there is no ready pod of the candidate")
    if answers <= 0:
        found.append("no client got an answer of the candidate's form")
    if counted < answers:
        found.append(
            f"clients got {answers} answers of the candidate's form, but its pods counted only {counted} requests"
        )
    if counted > answers + 2 * rate:
        found.append(
            f"the candidate's pods counted {counted} requests for {answers} answers: something is still mirrored"
        )
    return found


def counters(cluster: Cluster, namespace: str, name: str, endpoint: str = ENDPOINT) -> tuple[int, int]:
    """Ready pods of a ModelDeployment's candidates, and the good answers that they have counted together."""
    labels = {LABEL_OWNER: name, LABEL_COMPONENT: "workload"}
    ready = [pod["metadata"]["name"] for pod in cluster.pods(namespace, labels) if is_ready(pod)]
    texts = (cluster.ask_pod(namespace, pod, BENTO_PORT, "/metrics").decode() for pod in ready)
    return len(ready), sum(answered(text, endpoint) for text in texts)


def answered(metrics: str, endpoint: str = ENDPOINT) -> int:
    """Good answers of the story's endpoint in a BentoML service's Prometheus text."""
    total = 0.0
    for sample in _SAMPLE.finditer(metrics):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
        if labels.get("endpoint") == endpoint and labels.get("http_response_code") == "200":
            total += float(sample["value"])
    return int(total)


def _answers(stand: Stand) -> int:
    return int(stand.report()["tracks"].get("candidate", 0))
