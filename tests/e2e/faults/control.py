"""The proxy's control port from outside, through the API server: `detour` hands it out, `runs` and `kills` use it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dev.traffic.cluster_api import PATIENCE, Cluster, wait_for

ROOM = "e2e-api-proxy"  # the proxy's namespace
NAME = "api-proxy"
PORT = 8081


@dataclass(frozen=True)
class ProxyControl:
    """See `proxy` for what each does."""

    cluster: Cluster

    def begin(self, namespace: str) -> None:
        """A new run in this namespace."""
        self._ask("/begin", {"namespace": namespace})

    def arm(self, writes: Mapping[str, str]) -> None:
        """Hold each of these writes once: `before` it is forwarded, or `after` it took effect."""
        self._ask("/arm", dict(writes))

    def release(self) -> None:
        """Let what is held fall."""
        self._ask("/release", {})

    def writes(self) -> list[dict[str, Any]]:
        """The writes of this run so far: name, status, held."""
        return list(self._ask("/writes"))

    def held(self) -> str | None:
        """The name of the write that is held."""
        name: str | None = self._ask("/held")["name"]
        return name

    def _ask(self, path: str, body: Any = None) -> Any:
        """Each of these may be said twice: what got no answer is asked again."""
        return wait_for(
            f"an answer of the proxy to {path}",
            lambda: json.loads(self.cluster.ask_pod(ROOM, NAME, PORT, path, body)),
            PATIENCE,
        )
