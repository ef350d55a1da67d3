"""Clients and hospital for one ModelDeployment, as pods: `dev.demo` and end-to-end tests start and read them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.traffic import manifests
from dev.traffic.audit import Audit, compare
from dev.traffic.cluster_api import POD, ApiError, Cluster, Manifest, is_ready, wait_for

HERE = Path(__file__).parent
ROWS = HERE.parents[1] / "bentos" / "triage" / "traffic.jsonl"
IN_PODS = ("__init__", "rows", "tally", "visitors", "load", "direct", "handover", "driver", "outcomes", "delivery")
RECORDER = "http://shadowlift-recorder.shadowlift-system:8080"
# Truth in the data=outcome: the hospital writes M and B, as the rules do; the candidates say it in full.
CODES = ("malignant=M", "benign=B")


@dataclass(frozen=True)
class Wanted:
    """What a stand is to do; `url` is asked first and may be changed later by `Stand.move`."""

    namespace: str
    model_deployment: str
    url: str
    image: str  # the one that has python3 and aiohttp: shadowlift's own
    recorder: str = RECORDER
    rate: float = 60.0
    delay: tuple[float, float] = (1.0, 3.0)  # seconds until a truth is known: from, to
    driver_options: Sequence[str] = ()
    sender_options: Sequence[str] = ()
    rows: Path = ROWS
    codes: Sequence[str] = CODES  # none for truths that are numbers or booleans
    suffix: str = ""  # tells a second stand of the same namespace from the first

    @property
    def driver(self) -> str:
        """The driver's pod and Service."""
        return f"driver{self.suffix}"

    @property
    def sender(self) -> str:
        """The outcome sender's pod and Service."""
        return f"outcome-sender{self.suffix}"

    @property
    def scripts(self) -> str:
        """The ConfigMap of both pods: what they run and what they ask."""
        return f"{manifests.SCRIPTS}{self.suffix}"


def script_files(rows: Path = ROWS) -> dict[str, str]:
    """What the pods run and what they ask, by file name."""
    modules = {f"{name}.py": (HERE / f"{name}.py").read_text() for name in IN_PODS}
    return {**modules, "rows.jsonl": rows.read_text()}


def objects(wanted: Wanted, files: dict[str, str]) -> list[Manifest]:
    """Everything of one stand but the namespace, in the order to apply it."""
    sender = manifests.Program(
        name=wanted.sender,
        namespace=wanted.namespace,
        image=wanted.image,
        module="dev.traffic.outcomes",
        arguments=_sender_arguments(wanted),
        port=manifests.SENDER_PORT,
        account=manifests.SENDER_ACCOUNT,
        scripts=wanted.scripts,
    )
    driver = manifests.Program(
        name=wanted.driver,
        namespace=wanted.namespace,
        image=wanted.image,
        module="dev.traffic.driver",
        arguments=_driver_arguments(wanted),
        port=manifests.DRIVER_PORT,
        scripts=wanted.scripts,
    )
    return [
        manifests.account(manifests.SENDER_ACCOUNT, wanted.namespace),
        manifests.scripts(wanted.namespace, files, wanted.scripts),
        *manifests.program(sender),
        *manifests.program(driver),
    ]


def _sender_arguments(wanted: Wanted) -> list[str]:
    return [
        *("--recorder", wanted.recorder),
        *("--namespace", wanted.namespace),
        *("--name", wanted.model_deployment),
        *("--token-file", f"{manifests.TOKEN_FOLDER}/token"),
        *("--accepted", "/data/accepted.jsonl"),
        *("--port", str(manifests.SENDER_PORT)),
        *("--delay", *map(str, wanted.delay)),
        *(part for code in wanted.codes for part in ("--code", code)),
        *wanted.sender_options,
    ]


def _driver_arguments(wanted: Wanted) -> list[str]:
    return [
        *("--url", wanted.url),
        *("--rows", "/scripts/dev/traffic/rows.jsonl"),
        *("--log", "/data/requests.jsonl"),
        *("--port", str(manifests.DRIVER_PORT)),
        *("--rate", f"{wanted.rate:g}"),
        *("--outcomes", f"http://{wanted.sender}:{manifests.SENDER_PORT}"),
        *wanted.driver_options,
    ]


@dataclass(frozen=True)
class Stand:
    """A running stand. Reports are those of `driver` and `outcomes`; times in them are unix microseconds."""

    cluster: Cluster
    wanted: Wanted

    def start(self) -> None:
        """Apply everything; `wait` tells when it runs."""
        self.cluster.apply(*objects(self.wanted, script_files(self.wanted.rows)))

    def wait(self, seconds: float = 90) -> None:
        """Until both pods serve their control ports; raises Overdue, or ApiError with the log of a pod that ended."""
        for name in (self.wanted.sender, self.wanted.driver):
            wait_for(f"pod {name} to be ready", lambda name=name: self._serves(name), seconds)  # type: ignore[misc]

    def _serves(self, name: str) -> bool:
        pod = self.cluster.get(POD, name, self.wanted.namespace)
        if pod and pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
            log = self.cluster.logs(self.wanted.namespace, name, "main")
            raise Ended(f"pod {name} has ended: {log[-1000:]}")
        return pod is not None and is_ready(pod)

    def report(self) -> dict[str, Any]:
        """The driver's figures."""
        return self._driver("/report")

    def outcomes(self) -> dict[str, Any]:
        """The outcome sender's figures."""
        return self._json(self.wanted.sender, manifests.SENDER_PORT, "/report")

    def move(self, url: str, seconds: float = 60) -> None:
        """Clients ask this URL from now on; raises Overdue if nobody listens there within `seconds`."""
        wait_for(f"{url} to accept connections", lambda: self._driver("/target", {"url": url}), seconds)

    def rate(self, per_second: float, seconds: float = 60) -> None:
        """Clients ask so often from now on, 0 pauses; after a pause raises as `move`."""
        wait_for("the clients' URL to accept connections", lambda: self._driver("/rate", {"rate": per_second}), seconds)

    def forget(self) -> None:
        """Visitors seen so far do not come back, and are counted anew; for those who return (`--returning`)."""
        self._driver("/forget", {})

    def log(self) -> list[dict[str, Any]]:
        """Every request so far, as `tally.Attempt` fields."""
        return self._lines(self.wanted.driver, manifests.DRIVER_PORT, "/log")

    def accepted(self) -> list[dict[str, Any]]:
        """Every outcome that the recorder has accepted, in the order of acceptance: key, value, acceptedAt."""
        return self._lines(self.wanted.sender, manifests.SENDER_PORT, "/accepted")

    def audit(self) -> Audit:
        """Whether the recorder's ledger holds what it has accepted from this stand's sender."""
        accepted = self.accepted()  # before the ledger, so that what is accepted in between is not missed there
        return compare(accepted, self._lines(self.wanted.sender, manifests.SENDER_PORT, "/ledger"))

    def _driver(self, path: str, body: Any = None) -> dict[str, Any]:
        return self._json(self.wanted.driver, manifests.DRIVER_PORT, path, body)

    def _json(self, pod: str, port: int, path: str, body: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.cluster.ask_pod(self.wanted.namespace, pod, port, path, body))
        return answer

    def _lines(self, pod: str, port: int, path: str) -> list[dict[str, Any]]:
        text = self.cluster.ask_pod(self.wanted.namespace, pod, port, path).decode()
        # The last line may be half written; it will be whole at the next look.
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


class Ended(Exception):
    """A pod that should run for as long as the stand has ended; the text holds its last words."""


__all__ = ["CODES", "RECORDER", "ApiError", "Ended", "Stand", "Wanted", "objects", "script_files"]
