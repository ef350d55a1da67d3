"""`python3 server.py` is the process in place: two rules for which offer to show, plain HTTP/1.1, standard library only.

POST /offer with a JSON object that has `visits` (how often this visitor was here before) answers `{"show": "discount", "rule":
"welcome"}` at a first visit and `{"show": "free-shipping", "rule": "standing"}` at any other. GET /health says that it runs.
The same request always gets the same bytes. Environment: PORT (default 8080).
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONGEST_BODY = 65536
PATIENCE = 10.0  # seconds for what is under way at the end
LINGER_S = 1.0  # in which connections are still answered, and told that they will close: closing one under a request would lose it


def judge(visit: Mapping[str, Any]) -> tuple[str, str]:
    """The offer to show, and the rule that says so.

    Raises:
        ValueError: the number of visits is missing or no whole number from 0 on.
    """
    visits = visit.get("visits")
    if not isinstance(visits, int) or isinstance(visits, bool) or visits < 0:
        raise ValueError('send "visits" as the number of earlier visits')
    return ("discount", "welcome") if visits == 0 else ("free-shipping", "standing")


def respond(body: bytes) -> tuple[int, dict[str, object]]:
    """Status and answer to a request body."""
    try:
        visit = json.loads(body)
        if not isinstance(visit, dict):
            raise ValueError("send one flat JSON object")  # noqa: TRY004, TRY301 - one answer to all bad requests
        offer, rule = judge(visit)
    except ValueError as error:
        return 400, {"error": str(error)}
    return 200, {"show": offer, "rule": rule}


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    server_version = "offers"
    sys_version = ""
    wbufsize = -1  # head and body in one segment: apart, Nagle and delayed ACK cost 40 ms a request
    disable_nagle_algorithm = True
    server: "OfferRules"

    def do_POST(self) -> None:
        """POST /offer."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True  # an unread body would be taken for the next request
            return self._answer(411, {"error": f"send a Content-Length of at most {LONGEST_BODY}"})
        with self.server.under_way:
            body = self.rfile.read(int(length))
            if self.path != "/offer":
                return self._answer(404, {"error": "POST /offer"})
            return self._answer(*respond(body))

    def do_GET(self) -> None:
        """GET /health."""
        if self.path == "/health":
            return self._answer(200, {"status": "up"})
        return self._answer(404, {"error": "GET /health, POST /offer"})

    def _answer(self, status: int, answer: Mapping[str, object]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection or self.server.stopping.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()  # the request counts as under way until its answer has left

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing per request."""


class UnderWay:
    """`with` it for as long as a request is being answered; counted from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def __enter__(self) -> None:
        """One more."""
        self._add(1)

    def __exit__(self, *_: object) -> None:
        """One less."""
        self._add(-1)

    def _add(self, one: int) -> None:
        with self._changed:
            self._count += one
            self._changed.notify_all()

    def wait_for(self, count: int, seconds: float) -> bool:
        """Wait until exactly so many are under way, at most so long; whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == count, seconds)


class OfferRules(ThreadingHTTPServer):
    """The rules behind a socket."""

    daemon_threads = True  # clients keep idle connections open; the end does not wait for them
    request_queue_size = 256

    def __init__(self, host: str, port: int) -> None:
        self.under_way = UnderWay()
        self.stopping = threading.Event()
        super().__init__((host, port), Handler)

    def stop(self) -> None:
        """Accept no more connections; returns when the accepting loop has ended."""
        self.stopping.set()
        self.shutdown()


def main() -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way."""
    port = os.environ.get("PORT", "8080")
    if not port.isdigit():
        sys.exit(f"PORT must be a number, not {port}")
    server = OfferRules("0.0.0.0", int(port))
    for number in (signal.SIGTERM, signal.SIGINT):
        # from another thread: shutdown() waits for serve_forever, which this one runs
        signal.signal(number, lambda *_: threading.Thread(target=server.stop).start())
    print(f"offers by rule on port {server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    threading.Event().wait(LINGER_S)
    server.under_way.wait_for(0, PATIENCE)


if __name__ == "__main__":
    main()
