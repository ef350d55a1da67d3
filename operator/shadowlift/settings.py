"""The operator's settings: environment -> one frozen object, read once by `handlers.run`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowlift.api.quantities import seconds
from shadowlift.errors import InvalidInput


@dataclass(frozen=True)
class Settings:
    """What the installation says."""

    image: str
    pull_policy: str
    recorder_url: str
    token_file: Path
    pod_name: str
    pod_namespace: str
    lease: str
    namespaces: tuple[str, ...]  # empty: the whole cluster
    evaluate_s: float  # seconds between two questions to the recorder
    listen: tuple[str, int]
    log_level: str
    workers: int = 4


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from the environment.

    Raises:
        InvalidInput: naming the variable that is missing or wrong.
    """
    return Settings(
        image=_required(environment, "SHADOWLIFT_IMAGE"),
        pull_policy=environment.get("SHADOWLIFT_IMAGE_PULL_POLICY", "IfNotPresent"),
        recorder_url=_required(environment, "SHADOWLIFT_RECORDER_URL"),
        token_file=Path(environment.get("SHADOWLIFT_TOKEN_FILE", "/var/run/secrets/shadowlift/token")),
        pod_name=_required(environment, "POD_NAME"),
        pod_namespace=_required(environment, "POD_NAMESPACE"),
        lease=environment.get("SHADOWLIFT_LEASE", "shadowlift-operator"),
        namespaces=tuple(name for name in environment.get("SHADOWLIFT_NAMESPACES", "").split(",") if name),
        evaluate_s=_duration(environment, "SHADOWLIFT_EVALUATE", "2s"),
        listen=_address(environment, "SHADOWLIFT_LISTEN", "0.0.0.0:9090"),
        log_level=environment.get("SHADOWLIFT_LOG_LEVEL", "INFO"),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InvalidInput(name, "must be set in the environment")
    return value


def _duration(environment: Mapping[str, str], name: str, default: str) -> float:
    try:
        return seconds(environment.get(name, default))
    except ValueError as error:
        raise InvalidInput(name, str(error)) from error


def _address(environment: Mapping[str, str], name: str, default: str) -> tuple[str, int]:
    host, _, port = environment.get(name, default).rpartition(":")
    if not host or not port.isdigit():
        raise InvalidInput(name, f"must be HOST:PORT, such as {default}")
    return host, int(port)
