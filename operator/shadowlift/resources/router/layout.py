"""Where things are inside a router pod. Read by every builder of this room; a run outside a pod passes its own."""

from dataclasses import dataclass

from shadowlift.api.capture import ADMIN_SOCKET, LOG_FILE
from shadowlift.api.names import PORT_LIVE


@dataclass(frozen=True)
class Layout:
    """Directories and ports of one router."""

    config_dir: str = "/etc/shadowlift/config"
    spool_dir: str = "/var/lib/shadowlift/spool"
    address: str = "0.0.0.0"  # noqa: S104 - the pod's own network namespace
    live_port: int = PORT_LIVE
    health_port: int = 8081  # Envoy's own word for probes: 503 while draining

    @property
    def log_path(self) -> str:
        """The spool file that both listeners write."""
        return f"{self.spool_dir}/{LOG_FILE}"

    @property
    def admin_path(self) -> str:
        """Envoy's admin socket; a path longer than 107 bytes cannot be bound."""
        return f"{self.spool_dir}/{ADMIN_SOCKET}"


POD = Layout()
