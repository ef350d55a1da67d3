"""HTTPS to the API server from inside the cluster: `init` and `volumes` call it; it turns JSON into JSON.

The standard library's client with the admin certificate: a kubectl process per question would cost 0.2 s each.
"""

import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any

from dev.cluster.addresses import API_PORT, NODE_ADDRESS
from dev.cluster.state import State

_SECONDS = 30  # ample: on a busy machine the first answers take seconds


class ApiError(Exception):
    """The API server refused a request: the text is its status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """The API server of the cluster with this state folder, seen from inside its network namespace."""

    def __init__(self, state: State) -> None:
        self._tls = ssl.create_default_context(cafile=str(state.pki / "ca.crt"))
        self._tls.load_cert_chain(state.pki / "admin.crt", state.pki / "admin.key")

    def get(self, path: str) -> Any:
        """The object or list at a path; raises `ApiError`, or `OSError` if nobody answers."""
        return json.loads(self._ask("GET", path))

    def create(self, path: str, manifest: dict[str, Any]) -> None:
        """Create an object in the collection at a path; raises `ApiError` (409: it exists) or `OSError`."""
        self._ask("POST", path, json.dumps(manifest), "application/json")

    def patch(self, path: str, change: dict[str, Any]) -> None:
        """Merge a change into the object at a path; safe to repeat; raises `ApiError` or `OSError`."""
        self._ask("PATCH", path, json.dumps(change), "application/merge-patch+json")

    def serves(self) -> bool:
        """Whether the API server is there and ready."""
        try:
            return self._ask("GET", "/readyz") == b"ok"
        except (OSError, ApiError):
            return False

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of a collection as they are now and then each change, until the server ends the answer."""
        connection = self._connect(None)
        try:
            connection.request("GET", f"{path}?watch=1")
            answer = _checked(connection.getresponse())
            while line := answer.readline():
                yield json.loads(line)["object"]
        finally:
            connection.close()

    def _connect(self, timeout: float | None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(NODE_ADDRESS, API_PORT, timeout=timeout, context=self._tls)

    def _ask(self, method: str, path: str, body: str | None = None, content: str = "") -> bytes:
        connection = self._connect(_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": content} if body else {})
            return _checked(connection.getresponse()).read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"the API server broke off: {error!r}") from error
        finally:
            connection.close()


def _checked(answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if answer.status >= http.client.BAD_REQUEST:
        raise ApiError(answer.status, answer.read().decode(errors="replace"))
    return answer
