"""The bench of the router with real Envoys, as short as it can be: figures are not judged here, another machine's load is no defect."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dev.bench.router import judge, load, rounds, stand, variants
from dev.bench.router.rounds import Size

ROOT = Path(__file__).parents[3]
SHORT = Size(rounds=1, steady_seconds=0.2, flood_seconds=0.1, rate=200)


def test_every_router_is_measured_and_does_what_its_name_says():
    """One round of all: copies, shares, log lines and what they hold are checked by the run itself."""
    told: list[str] = []
    with stand.running(variants.ALL) as routers:
        samples = rounds.measure(routers, SHORT, 1, told.append)
    assert told == ["round 1 of 1"]
    assert set(samples) == {*(variant.name for variant in variants.ALL), rounds.DIRECT}
    assert all(value > 0 for each in samples.values() for value in (each[0].p50, each[0].cpu, each[0].throughput))
    assert len(judge.rows(samples, 1, judge.MOST_NOISE)) > len(samples)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        (variants.Variant("logs less than it says", variants.UNTRIED.intent, lines=1), "0 lines"),
        (
            variants.Variant("never asks the candidate", variants.UNTRIED.intent, candidate=0.5),
            "candidate answered 0.000",
        ),
        (variants.Variant("reads nothing", variants.CANARY_UNREAD.intent, 1, variants.BY_BODY, 0.5), "wrong things"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_router_that_does_something_else_is_not_measured(variant: variants.Variant, said: str):
    """A figure of a router that does not copy, split or capture would be a lie."""
    with stand.running((variant,)) as routers, pytest.raises(load.Broken, match=said):
        rounds.measure(routers, SHORT, 1, print)


def hold(program: stand.Program, seconds: float) -> None:
    """The process does nothing for a while."""
    never = threading.Event()
    program.popen.send_signal(signal.SIGSTOP)
    never.wait(seconds)
    program.popen.send_signal(signal.SIGCONT)


def test_a_pause_is_felt_by_all_who_were_due_in_it():
    """The process behind stands still for a third of a second at 400/s: not one latency tells of it, but a hundred."""
    with stand.running(()) as alone:
        held = threading.Thread(target=hold, args=(alone.behind, 0.35))

        def cpu() -> float:  # asked when what is measured begins, and when it ends
            if held.ident is None:
                held.start()
            return alone.behind.cpu()

        counted = load.steady(alone.behind.port, 400, 0.8, cpu)
        held.join()
    assert len(counted.latencies) == pytest.approx(320, abs=1)
    assert sum(latency > 20_000_000 for latency in counted.latencies) > 50


def test_an_answer_that_is_none_stops_the_run():
    """A router without anybody behind it answers 503, which is no latency of anything."""
    with stand.running((variants.BARE,)) as routers:
        routers.behind.end()
        with pytest.raises(load.Broken, match="503"):
            load.steady(routers.routers[0].port, 100, 0.1, routers.routers[0].cpu)


def test_nothing_is_left_when_a_run_fails():
    """Every process has ended, and the folder is gone."""
    with pytest.raises(load.Broken, match="on purpose"), stand.running((variants.BARE, variants.SHADOW)) as routers:  # noqa: PT012
        programs = (routers.behind, *routers.routers)
        raise load.Broken("on purpose")
    assert all(program.popen.poll() is not None for program in programs)
    assert not any(program.home.parent.exists() for program in programs)


def test_the_command_ends_when_it_is_stopped():
    """Ctrl-C, as soon as its processes run: it says so, and takes all of them with it."""
    # A shell starts what it runs in the background deaf to Ctrl-C; these tests may be run so.
    command = ["env", "--default-signal=INT", sys.executable, "-m", "dev.bench.router", "--quick", "--polite"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as bench:
        assert bench.stderr
        assert "round 1" in bench.stderr.readline()
        children = Path(f"/proc/{bench.pid}/task/{bench.pid}/children").read_text().split()
        assert len(children) == len(variants.ALL) + 1
        bench.send_signal(signal.SIGINT)
        assert "nothing is left running" in bench.stderr.read()
        assert bench.wait(30) == 130
    assert not any(Path(f"/proc/{child}").exists() for child in children)
