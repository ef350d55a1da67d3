"""The recorder's environment as one frozen object; read once by `run`."""

from collections.abc import Mapping
from dataclasses import dataclass

from shadowlift.api.quantities import seconds
from shadowlift.errors import InvalidInput

_SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True)
class Rules:
    """What the stored evidence depends on. Times in microseconds."""

    retention_us: int = 30 * 86_400_000_000  # raw rows of closed units live this long
    grace_us: int = 5_000_000  # on top of maturity, for outcomes and lines that are under way
    silent_after_us: int = 30_000_000  # a router not heard for this long is no longer waited for
    pending_quota: int = 200_000  # outcomes of unknown keys, per ModelDeployment


@dataclass(frozen=True)
class Settings:
    """All that the program is told."""

    database_url: str
    host: str
    port: int
    operator_account: str  # full user name, system:serviceaccount:<namespace>:<name>
    rules: Rules
    api_server: str  # base URL
    token_file: str
    ca_file: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the environment.

    Raises:
        InvalidInput: naming the variable and the remedy.
    """
    host, port = _address(environment.get("SHADOWLIFT_LISTEN", "0.0.0.0:8080"))
    account = environment.get("SHADOWLIFT_OPERATOR_ACCOUNT", "")
    if not account:
        raise InvalidInput(
            "SHADOWLIFT_OPERATOR_ACCOUNT",
            "is missing; set the operator's user name, system:serviceaccount:<namespace>:<name>",
        )
    default = Rules()
    return Settings(
        database_url=_database_url(
            environment.get("SHADOWLIFT_DATABASE_URL", "sqlite:////var/lib/shadowlift/ledger.db")
        ),
        host=host,
        port=port,
        operator_account=account,
        rules=Rules(
            retention_us=_duration(environment, "SHADOWLIFT_RETENTION", default.retention_us),
            grace_us=_duration(environment, "SHADOWLIFT_GRACE", default.grace_us),
            silent_after_us=_duration(environment, "SHADOWLIFT_SILENT_AFTER", default.silent_after_us),
            pending_quota=_count(environment, "SHADOWLIFT_PENDING_QUOTA", default.pending_quota),
        ),
        api_server=_api_server(environment),
        token_file=environment.get("SHADOWLIFT_KUBERNETES_TOKEN_FILE", f"{_SERVICE_ACCOUNT_DIR}/token"),
        ca_file=environment.get("SHADOWLIFT_KUBERNETES_CA_FILE", f"{_SERVICE_ACCOUNT_DIR}/ca.crt"),
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise InvalidInput("SHADOWLIFT_LISTEN", f"{text!r} is not <address>:<port> such as 0.0.0.0:8080")
    return host.strip("[]"), int(port)


def _database_url(url: str) -> str:
    if not url.startswith("sqlite:////"):
        raise InvalidInput(
            "SHADOWLIFT_DATABASE_URL",
            f"{url.partition(':')[0]!r} is not supported by this version; use sqlite:////<absolute path>",
        )
    return url


def _duration(environment: Mapping[str, str], name: str, default: int) -> int:
    if name not in environment:
        return default
    try:
        value = round(seconds(environment[name]) * 1_000_000)
    except ValueError as error:
        raise InvalidInput(name, str(error)) from error
    if value <= 0:
        raise InvalidInput(name, f"{environment[name]!r} must be longer than nothing")
    return value


def _count(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) <= 100_000_000:
        raise InvalidInput(name, f"{text!r} is not a whole number from 1 to 100000000")
    return int(text)


def _api_server(environment: Mapping[str, str]) -> str:
    """Outside a cluster (`kubectl proxy`) the URL is given whole; inside, the kubelet gives host and port."""
    if url := environment.get("SHADOWLIFT_KUBERNETES_URL"):
        if not url.startswith(("http://", "https://")):
            raise InvalidInput("SHADOWLIFT_KUBERNETES_URL", f"{url!r} is not an http:// or https:// URL")
        return url.rstrip("/")
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise InvalidInput("KUBERNETES_SERVICE_HOST", "is missing: run in a pod, or set SHADOWLIFT_KUBERNETES_URL")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
