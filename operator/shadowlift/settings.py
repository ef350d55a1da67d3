"""The operator's settings: environment -> one frozen object, read once by `handlers.run`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowlift.api.quantities import DECIMAL_PATTERN, seconds
from shadowlift.errors import InvalidInput
from shadowlift.resources.routers import RouterSettings
from shadowlift.rollout.observed import Installation, Prices

_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SIZE = re.compile(r"[1-9][0-9]{0,8}(Ki|Mi|Gi)")
_EVALUATE_BOUNDS = (0.1, 60.0)  # seconds; the circuit breaker sees no more than the last minute


@dataclass(frozen=True)
class Settings:
    """What the installation says."""

    installation: Installation
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
        installation=Installation(
            routers=RouterSettings(
                image=_required(environment, "SHADOWLIFT_IMAGE"),
                pull_policy=_one_of(environment, "SHADOWLIFT_IMAGE_PULL_POLICY", "IfNotPresent", _PULL_POLICIES),
                spool_size=_size(environment, "SHADOWLIFT_ROUTER_SPOOL", "64Mi"),
            ),
            recorder_url=_required(environment, "SHADOWLIFT_RECORDER_URL"),
            prices=_prices(environment),
        ),
        token_file=Path(environment.get("SHADOWLIFT_TOKEN_FILE", "/var/run/secrets/shadowlift/token")),
        pod_name=_required(environment, "POD_NAME"),
        pod_namespace=_required(environment, "POD_NAMESPACE"),
        lease=environment.get("SHADOWLIFT_LEASE", "shadowlift-operator"),
        namespaces=_names(environment, "SHADOWLIFT_NAMESPACES"),
        evaluate_s=_duration(environment, "SHADOWLIFT_EVALUATE", "2s"),
        listen=_address(environment, "SHADOWLIFT_LISTEN", "0.0.0.0:9090"),
        log_level=_one_of(environment, "SHADOWLIFT_LOG_LEVEL", "INFO", _LOG_LEVELS),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise InvalidInput(name, "must be set in the environment")
    return value


def _duration(environment: Mapping[str, str], name: str, default: str) -> float:
    try:
        value = seconds(environment.get(name, default))
    except ValueError as error:
        raise InvalidInput(name, str(error)) from error
    lowest, highest = _EVALUATE_BOUNDS
    if not lowest <= value <= highest:
        raise InvalidInput(name, f"must be between {lowest:g} s and {highest:g} s")
    return value


def _one_of(environment: Mapping[str, str], name: str, default: str, known: tuple[str, ...]) -> str:
    value = environment.get(name, default)
    if value not in known:
        raise InvalidInput(name, f"must be one of {', '.join(known)}, not {value!r}")
    return value


def _prices(environment: Mapping[str, str]) -> Prices | None:
    cpu, memory = (_price(environment, f"SHADOWLIFT_PRICE_{name}_HOUR") for name in ("CPU", "MEMORY"))
    return Prices(cpu, memory, environment.get("SHADOWLIFT_CURRENCY", "")) if cpu or memory else None


def _price(environment: Mapping[str, str], name: str) -> float:
    value = environment.get(name, "")
    if value and not re.fullmatch(DECIMAL_PATTERN, value):
        raise InvalidInput(name, f"must be a price such as 0.031, not {value!r}")
    return float(value or 0)


def _names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())
    wrong = [part for part in names if not _DNS_LABEL.fullmatch(part)]
    if wrong:
        raise InvalidInput(name, f"{wrong[0]!r} is not a name in Kubernetes; separate names by commas")
    return names


def _size(environment: Mapping[str, str], name: str, default: str) -> str:
    value = environment.get(name, default)
    if not _SIZE.fullmatch(value):
        raise InvalidInput(name, f"must be a whole number of Ki, Mi or Gi, such as {default}, not {value!r}")
    return value


def _address(environment: Mapping[str, str], name: str, default: str) -> tuple[str, int]:
    host, _, port = environment.get(name, default).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InvalidInput(name, f"must be HOST:PORT with a port up to 65535, such as {default}")
    return host, int(port)
