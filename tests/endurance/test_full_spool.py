"""A shipper that stands still: its spool fills, lines are lost and counted, and nobody who is answered ever notices."""

import os
import signal
import time
from pathlib import Path

import pytest

from dev.traffic.cluster_api import Manifest, restarts, wait_for
from tests.e2e.node import processes, send
from tests.e2e.place import Place, asked, images, no_failures, spec

SPOOL = "var/lib/shadowlift/spool"
FULL_FOR = 120.0  # seconds


def envoy(router: Manifest) -> Path:
    """What the machine knows of the router's Envoy."""
    return Path("/proc") / str(next(pid for pid, line in processes(router).items() if "envoy -c" in line))


def free_bytes(router: Manifest) -> int:
    """Room that Envoy has left in its spool."""
    room = os.statvfs(envoy(router) / "root" / SPOOL)
    return room.f_bavail * room.f_frsize


def written(router: Manifest) -> int:
    """Bytes that Envoy has written so far, to clients and to its spool."""
    lines = (envoy(router) / "io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("wchar")).split()[1])


@pytest.mark.timeout(1800)
def test_a_full_spool_costs_nobody_a_request(place: Place):
    """SIGSTOP until full and two minutes on: no failed request, no eviction; afterwards the loss is counted and the verdict right."""
    stand = place.traffic(60)
    place.apply(spec("logreg", images()["triage-logreg"]))
    place.until_loaded()
    stand.move(place.router_url)
    place.until("the trial counts", lambda s: s.get("trial", {}).get("disagreement") is not None)
    place.patch(paused=True)
    place.until_phase("Paused")
    routers = {pod["metadata"]["uid"]: restarts(pod) for pod in place.pods("router")}
    before = {pod["metadata"]["uid"]: written(pod) for pod in place.pods("router")}
    asked(stand, 200)
    # Clients keep their connections: one of the routers may have few of them, and would take hours to fill its spool.
    router = max(place.pods("router"), key=lambda pod: written(pod) - before[pod["metadata"]["uid"]])
    began = time.monotonic()
    send(router, signal.SIGSTOP, "shadowlift shipper")
    try:
        wait_for("the spool to be full", lambda: free_bytes(router) == 0, 900, lambda: free_bytes(router))
        print(f"spool full after {time.monotonic() - began:.0f} s")
        until = time.monotonic() + FULL_FOR
        while time.monotonic() < until:
            no_failures(asked(stand, 300, 60))
    finally:
        send(router, signal.SIGCONT, "shadowlift shipper")
    place.patch(paused=False)
    lost = place.until("the loss to be counted", lambda s: s["trial"]["coverage"].get("linesLost", 0) > 0)
    print(f"lines lost and counted: {lost['trial']['coverage']['linesLost']}")
    place.until_phase("Promoted", 400)
    report = asked(stand, 300)
    no_failures(report)
    assert {pod["metadata"]["uid"]: restarts(pod) for pod in place.pods("router")} == routers, "evicted or restarted"
    audit = stand.audit()
    assert audit.holds, f"accepted outcomes that are not in the ledger as they were sent: {audit}"
    print(f"answered {report['answered']}, failed {report['failed']}; audit: {audit}")
