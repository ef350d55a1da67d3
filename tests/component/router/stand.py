"""A router pod on loopback: real Envoy, real shipper, real processes behind them, a volume swapped as the kubelet does it."""

import asyncio
import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from shadowlift.api.capture import Extraction
from shadowlift.errors import ShadowliftError
from shadowlift.resources.router.config import config_version, router_files
from shadowlift.resources.router.intent import RouterIntent, Split, TrialRoute, Upstream
from shadowlift.resources.router.layout import Layout
from shadowlift.shipper.admin import Admin
from tests.component.ports import free_port
from tests.component.router.recorder import Recorder

ROOT = Path(__file__).parents[3]
ROUTER = "11111111-2222-3333-4444-555555555555"
_OPEN = aiohttp.ClientTimeout(total=30)


async def until(condition: Callable[[], Awaitable[Any] | Any], what: str, seconds: float = 60) -> Any:
    """Wait for a condition to hold, and return what it said."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        with contextlib.suppress(ShadowliftError, aiohttp.ClientError, OSError):
            said = condition()
            if asyncio.iscoroutine(said):
                said = await said
            if said:
                return said
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"did not come about within {seconds} s: {what}")
        await asyncio.sleep(0.05)


@dataclass
class Process:
    """One process behind the router."""

    name: str
    port: int
    popen: subprocess.Popen[bytes] | None = None

    @property
    def upstream(self) -> Upstream:
        return Upstream(host="127.0.0.1", port=self.port)

    def start(self) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("upstream.py"), str(self.port), self.name]
        )

    def kill(self) -> None:
        if self.popen:
            self.popen.kill()
            self.popen.wait()
            self.popen = None


@dataclass
class Stand:
    """One router pod and what is around it."""

    home: Path
    recorder: Recorder
    client: aiohttp.ClientSession
    layout: Layout
    shipper_port: int
    processes: dict[str, Process]
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    published: RouterIntent | None = None
    number: int = 0
    version: str = ""
    loading: bool = False
    statuses: list[int] = field(default_factory=list)

    @property
    def spool(self) -> Path:
        return Path(self.layout.spool_dir)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.layout.live_port}"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT / "operator"),
            "SHADOWLIFT_CONFIG_DIR": self.layout.config_dir,
            "SHADOWLIFT_SPOOL_DIR": self.layout.spool_dir,
            "SHADOWLIFT_POD_UID": ROUTER,
            "SHADOWLIFT_LISTEN": f"127.0.0.1:{self.shipper_port}",
            "SHADOWLIFT_TOKEN_FILE": str(self.home / "token"),
        }

    def run(self, program: str) -> None:
        """Start a program of the pod; its output goes to a file that a failing test prints."""
        command = [sys.executable, "-m", "shadowlift", program]
        with (self.home / f"{program}.log").open("ab") as log:
            self.programs[program] = subprocess.Popen(
                command, env=self.environment(), stdout=log, stderr=log, cwd=self.home
            )

    async def end(self, program: str, how: signal.Signals = signal.SIGTERM) -> int:
        """End a program and wait for it, while everything else goes on."""
        popen = self.programs.pop(program)
        popen.send_signal(how)
        return await asyncio.to_thread(popen.wait, 60)

    async def process(self, name: str) -> Process:
        """A process that behaves, and has seen nothing yet."""
        process = self.processes[name]
        if process.popen is None:
            process.start()
        await until(lambda: self.seen(name), f"{name} answers")
        await self.mode(name, "ok")
        return process

    async def seen(self, name: str) -> dict[str, Any]:
        async with self.client.get(f"http://127.0.0.1:{self.processes[name].port}/_seen") as response:
            return dict(await response.json())

    async def mode(self, name: str, mode: str) -> None:
        async with self.client.post(f"http://127.0.0.1:{self.processes[name].port}/_mode?to={mode}"):
            pass

    def publish(self, intent: RouterIntent, damage: dict[str, str] | None = None) -> None:
        """Swap the volume: a new directory, one rename, the old one gone. `damage` replaces files."""
        self.number += 1
        self.published, self.version = intent, config_version(self.number, intent)
        files = router_files(intent, self.version, self.layout) | (damage or {})
        volume = Path(self.layout.config_dir)
        fresh, data, before = volume / f"..{self.number}", volume / "..data", volume / f"..{self.number - 1}"
        fresh.mkdir(parents=True)
        for name, text in files.items():
            (fresh / name).write_text(text)
        (volume / "..next").symlink_to(fresh.name)
        (volume / "..next").rename(data)
        for name in files:
            if not (volume / name).is_symlink():
                (volume / name).symlink_to(f"..data/{name}")
        shutil.rmtree(before, ignore_errors=True)

    async def loaded(self) -> None:
        """Wait until Envoy has loaded what was published last."""
        async with Admin(Path(self.layout.admin_path)) as admin:

            async def agreed() -> bool:
                return (await admin.loaded(self.version)).agreed

            await until(agreed, f"{self.version} is loaded")

    async def bring(self, intent: RouterIntent) -> None:
        self.publish(intent)
        await self.loaded()

    async def up(self, intent: RouterIntent, *, shipper: bool = True) -> None:
        """Start the pod with a configuration in place."""
        self.publish(intent)
        self.run("router")
        if shipper:
            await self.start_shipper()
        await self.loaded()

    async def start_shipper(self) -> None:
        """Start the shipper and wait until it answers."""
        self.run("shipper")

        async def answers() -> bool:
            async with self.client.get(f"http://127.0.0.1:{self.shipper_port}/config") as response:
                return response.status in (200, 503)

        await until(answers, "the shipper answers")

    async def ask(self, path: str = "/predict", **more: Any) -> tuple[int, bytes, Any]:
        """One request; status 0 where no answer came."""
        more.setdefault("data", b'{"age": 54}')
        if isinstance(more["data"], bytes):
            more["data"] = io.BytesIO(more["data"])
        try:
            async with self.client.request(more.pop("method", "POST"), self.url + path, **more) as response:
                return response.status, await response.read(), response.headers
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, repr(error).encode(), {}

    async def load(self, seconds: float, workers: int = 8, pause: float = 0.0) -> list[int]:
        """Requests for a while, or until `stop_load`; the statuses that clients saw, also in `statuses` as they come."""
        statuses = self.statuses = []
        end = asyncio.get_running_loop().time() + seconds
        self.loading = True

        async def worker() -> None:
            while self.loading and asyncio.get_running_loop().time() < end:
                status, _, _ = await self.ask()
                statuses.append(status)
                await asyncio.sleep(pause)

        await asyncio.gather(*(worker() for _ in range(workers)))
        return statuses

    def stop_load(self) -> None:
        self.loading = False

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in self.home.glob("*.log"))

    def down(self) -> None:
        for popen in self.programs.values():
            popen.kill()
            popen.wait()


@contextlib.asynccontextmanager
async def stand(processes: dict[str, Process], spool: Path | None = None) -> AsyncIterator[Stand]:
    """Everything around the pod, which `Stand.up` starts; all of it but the processes is gone afterwards."""
    home, layout = _home(spool)
    recorder = Recorder()
    server = await recorder.start()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=_OPEN) as client:
        pod = Stand(home, recorder, client, layout, free_port(), processes)
        try:
            yield pod
        finally:
            pod.down()
            sys.stderr.write(pod.logs())  # pytest shows it where a test has failed
            await server.cleanup()
            shutil.rmtree(home, ignore_errors=True)


def _home(spool: Path | None) -> tuple[Path, Layout]:
    home = Path(tempfile.mkdtemp(prefix="router-"))  # short: a Unix socket's path must be
    layout = Layout(str(home / "config"), str(spool or home / "spool"), "127.0.0.1", free_port(), free_port())
    Path(layout.spool_dir).mkdir(exist_ok=True)
    (home / "token").write_text("a-token\n")
    return home, layout


def plain(pod: Stand, **more: Any) -> RouterIntent:
    """Current alone."""
    fields = {"current": pod.processes["current"].upstream, "try_timeout_ms": 500, "recorder_url": pod.recorder.url}
    return RouterIntent(**{**fields, **more})


def tried(pod: Stand, **more: Any) -> RouterIntent:
    """A trial of `candidate`; `more` goes into the trial."""
    fields: dict[str, Any] = {
        "uid": "trial-0001",
        "epoch": 2,
        "percent_millionths": 1_000_000,
        "salt": "abcd",
        "unit_header": "x-user-id",
        "answer_within_us": 5_000_000,  # so that a busy machine makes no answer late
        "current": Extraction(body="diagnosis"),
        "candidate": Extraction(body="diagnosis"),
    }
    return plain(pod, shadow=pod.processes["candidate"].upstream, trial=TrialRoute(**{**fields, **more}))


def shared(pod: Stand, weight: int, *, fail_open: bool = True, try_timeout_ms: int = 5000, **more: Any) -> RouterIntent:
    """A canary: `candidate` answers so many thousandths of the units, in time on a busy machine too; `more` goes into the trial."""
    trial = tried(pod, **{"epoch": 3, **more}).trial
    split = Split(candidate=pod.processes["candidate"].upstream, weight=weight, fail_open=fail_open)
    return plain(pod, split=split, trial=trial, try_timeout_ms=try_timeout_ms)


def promoted(pod: Stand, **more: Any) -> RouterIntent:
    """`candidate` serves."""
    return plain(pod, **{"candidate": pod.processes["candidate"].upstream, "serve": "candidate", **more})
