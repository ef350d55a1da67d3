"""The environment of the router pod's programs as one frozen object; read once by each program's `main`.

Standard library only: `drain` must start in a pod that is short of everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowlift.errors import InvalidInput

_ADMIN_SOCKET = "admin.sock"  # as in `api.capture`, which would bring all models along; a test compares them


@dataclass(frozen=True)
class Settings:
    """All that shipper, router and drain are told."""

    config_dir: Path  # the ConfigMap, mounted whole
    spool_dir: Path  # memory-backed, bounded, shared by Envoy and shipper
    pod_uid: str
    host: str
    port: int
    token_file: Path

    @property
    def admin_socket(self) -> Path:
        """Envoy's admin, a Unix socket."""
        return self.spool_dir / _ADMIN_SOCKET


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the environment.

    Raises:
        InvalidInput: naming the variable and the remedy.
    """
    host, port = _address(environment.get("SHADOWLIFT_LISTEN", "0.0.0.0:9902"))
    return Settings(
        config_dir=_absolute(environment, "SHADOWLIFT_CONFIG_DIR", "/etc/shadowlift/config"),
        spool_dir=_absolute(environment, "SHADOWLIFT_SPOOL_DIR", "/var/lib/shadowlift/spool"),
        pod_uid=_pod_uid(environment),
        host=host,
        port=port,
        token_file=_absolute(environment, "SHADOWLIFT_TOKEN_FILE", "/var/run/secrets/shadowlift/token"),
    )


def _absolute(environment: Mapping[str, str], name: str, default: str) -> Path:
    path = Path(environment.get(name, default))
    if not path.is_absolute():
        raise InvalidInput(name, f"{str(path)!r} is not an absolute path")
    return path


def _pod_uid(environment: Mapping[str, str]) -> str:
    uid = environment.get("SHADOWLIFT_POD_UID", "")
    if not uid:
        raise InvalidInput("SHADOWLIFT_POD_UID", "is missing; set it from the downward API (metadata.uid)")
    return uid


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise InvalidInput("SHADOWLIFT_LISTEN", f"{text!r} is not <address>:<port> such as 0.0.0.0:9902")
    return host.strip("[]"), int(port)
