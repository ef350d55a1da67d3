"""`python3 server.py` is the process in place: two hand-written rules behind plain HTTP/1.1, standard library only.

POST /triage answers `{"result": "M" | "B", "rule": ..., "ruleset": ...}`; GET /health says that it runs; GET /stats
counts what it answered. The same request always gets the same bytes.

Environment: PORT (default 8080); FAIL_RATE, 0 to 1: this share of the requests, chosen by a hash of the body and so
the same ones every time, is answered 500; DELAY_MS: how long every triage takes, in milliseconds.
"""

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RULESET = "2019-03"
MAX_BODY = 1 << 20
LINGER_S = 1.0
"""How long it goes on answering on connections that it has when it is to end, and says on each answer that it will close: to close one
while its client is sending would lose a request."""


class BadRequest(ValueError):
    """The request cannot be triaged; the text names the field and the remedy."""


def judge(case: Mapping[str, float]) -> tuple[str, str]:
    """The result ("M" refer as malignant, "B" benign) and the rule that gave it. Units: the data set's own."""
    if case["mean_radius"] >= 15.0:
        return "M", "R1-large-nuclei"
    if case["mean_concavity"] >= 0.18:
        return "M", "R2-indented-nuclei"
    return "B", "R0-otherwise"


@dataclass(frozen=True)
class Settings:
    """What the environment asked for."""

    port: int
    fail_rate: float
    delay_seconds: float


def settings(environ: Mapping[str, str]) -> Settings:
    """The settings in these environment variables; a bad value ends the program with the variable's name."""
    try:
        wanted = Settings(
            port=int(environ.get("PORT", "8080")),
            fail_rate=float(environ.get("FAIL_RATE", "0")),
            delay_seconds=float(environ.get("DELAY_MS", "0")) / 1000,
        )
    except ValueError as error:
        sys.exit(f"PORT, FAIL_RATE and DELAY_MS must be numbers: {error}")
    if not (0 <= wanted.fail_rate <= 1 and wanted.delay_seconds >= 0):
        sys.exit("FAIL_RATE must be between 0 and 1, DELAY_MS not negative")
    return wanted


def fails(body: bytes, rate: float) -> bool:
    """Whether this body is among the share `rate` of all bodies that fails."""
    return int.from_bytes(hashlib.sha256(body).digest()[:8]) < rate * 2**64


def triage(body: bytes) -> dict[str, str]:
    """The answer to a request body.

    Raises:
        BadRequest: the body is not a flat JSON object with the two measurements that the rules use.
    """
    try:
        case = json.loads(body)
        result, rule = judge({name: float(case[name]) for name in ("mean_radius", "mean_concavity")})
    except KeyError as missing:
        raise BadRequest(f"field {missing} is missing: send it as a number") from missing
    except (ValueError, TypeError) as error:
        raise BadRequest(f"send one flat JSON object of numbers: {error}") from error
    return {"result": result, "rule": rule, "ruleset": RULESET}


class Tally:
    """How many triage requests were answered, by status, and how many are under way; counted from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._by_status: dict[int, int] = {}
        self._under_way = 0

    def begin(self) -> None:
        """Count one request as under way."""
        with self._lock:
            self._under_way += 1
            self._lock.notify_all()

    def end(self, status: int) -> None:
        """Count one request as answered."""
        with self._lock:
            self._under_way -= 1
            self._by_status[status] = self._by_status.get(status, 0) + 1
            self._lock.notify_all()

    def wait_until(self, holds: Callable[[int], bool], seconds: float) -> bool:
        """Wait until this holds for the number of requests under way, at most so long; whether it came to that."""
        with self._lock:
            return self._lock.wait_for(lambda: holds(self._under_way), seconds)

    def read(self) -> dict[str, int]:
        """`served` is all answers; then one entry per status."""
        with self._lock:
            return {"served": sum(self._by_status.values())} | {str(s): n for s, n in sorted(self._by_status.items())}


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive over many requests."""

    protocol_version = "HTTP/1.1"
    server_version = "triage-rules"
    sys_version = ""
    wbufsize = -1  # head and body leave in one segment: written apart, Nagle and delayed ACK cost 40 ms a request
    disable_nagle_algorithm = True
    server: "RulesServer"

    def do_POST(self) -> None:
        """POST /triage."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True  # the body stays unread: whatever follows on this connection is not a request
            return self._answer(411, {"error": "send a Content-Length of at most 1048576"})
        body = self.rfile.read(int(length))
        if self.path != "/triage":
            return self._answer(404, {"error": "POST /triage"})
        self.server.tally.begin()
        status, answer = self._triage(body)
        try:
            return self._answer(status, answer)
        finally:
            self.server.tally.end(status)

    def do_GET(self) -> None:
        """GET /health and GET /stats."""
        pages: dict[str, dict[str, object]] = {"/health": {"status": "up"}, "/stats": dict(self.server.tally.read())}
        page = pages.get(self.path)
        self._answer(404 if page is None else 200, page or {"error": "GET /health or /stats, POST /triage"})

    def _triage(self, body: bytes) -> tuple[int, Mapping[str, object]]:
        self.server.stopping.wait(self.server.settings.delay_seconds)
        if fails(body, self.server.settings.fail_rate):
            return 500, {"error": "internal error"}
        try:
            return 200, triage(body)
        except BadRequest as error:
            return 400, {"error": str(error)}

    def _answer(self, status: int, answer: Mapping[str, object]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.server.stopping.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing per request: the counters tell."""


class RulesServer(ThreadingHTTPServer):
    """The rules behind a socket."""

    daemon_threads = True  # a client that keeps an idle connection open must not hold up the end
    request_queue_size = 256

    def __init__(self, host: str, wanted: Settings) -> None:
        self.settings = wanted
        self.tally = Tally()
        self.stopping = threading.Event()
        super().__init__((host, wanted.port), Handler)

    def stop(self) -> None:
        """Accept no more connections; a delay under way ends at once. Returns when the accepting loop has ended."""
        self.stopping.set()
        self.shutdown()


def main() -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way."""
    server = RulesServer("0.0.0.0", settings(os.environ))
    for number in (signal.SIGTERM, signal.SIGINT):
        # from another thread: shutdown() waits for serve_forever, which this one runs
        signal.signal(number, lambda *_: threading.Thread(target=server.stop).start())
    print(f"triage rules {RULESET} on port {server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    threading.Event().wait(LINGER_S)
    server.tally.wait_until(lambda under_way: under_way == 0, seconds=10)


if __name__ == "__main__":
    main()
