"""Sends single requests as somebody and takes refusals for answers. Used by the tests beside it."""

import json
from dataclasses import dataclass
from typing import Any

from dev.traffic.cluster_api import ApiError, Cluster

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Answer:
    """What the API server said: its status code (200 for every success) and, where it refused, its words."""

    status: int
    message: str = ""


TAKEN = Answer(200)


@dataclass(frozen=True)
class Caller:
    """Somebody who sends requests: the kubeconfig's user, or an account in whose name that user speaks."""

    cluster: Cluster
    account: str | None = None

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, kind: str = "application/json") -> Answer:
        """Send one request."""
        headers = {"content_type": kind} | ({"impersonate_user": self.account} if self.account else {})
        try:
            self.cluster.request(method, path, json.dumps(body) if body is not None else None, **headers)
        except ApiError as error:
            return Answer(error.status, str(error))
        return TAKEN
