"""Kills the operator at each write that the proxy holds, and sees to its successor. Called by `runs`, beside a scenario.

SIGKILL of the process, on the node. Its pod is then deleted and its lease given back: the kubelet's back-off and the lease's end would
only be waited for. That they come is shown by `test_damage`; what a successor makes of what it finds is shown here.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from dev.traffic.cluster_api import POD, Cluster, Manifest, wait_for
from tests.e2e.faults.control import ProxyControl
from tests.e2e.leading import LEASE, LEASE_NAME, leader
from tests.e2e.node import NotThisMachine, processes, send
from tests.e2e.place import PATIENCE, SYSTEM

COMMAND = "shadowlift operator"
NOBODY = "nobody"  # holds the lease until the dead one's pod is gone
LOOK_EVERY = 0.2  # seconds; the operator itself gives a request up after ten


@dataclass
class Killer:
    """Waits for held writes until told to stop.

    `killed` has the name of each write that the operator died of, and the seconds until another operator led. A write for whose answer
    the operator did not wait until it was killed, on a busy machine, is not among them.
    """

    cluster: Cluster
    proxy: ProxyControl
    killed: dict[str, float] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until told to stop and nothing is held; raises Overdue if an operator did not die, or no other one came to lead."""
        while True:
            over = self.stop.is_set()  # before the look: what is held by then is still seen
            name = self.proxy.held()
            if name is not None:
                self._kill(name)
            elif over:
                return
            self.stop.wait(LOOK_EVERY)

    def _kill(self, name: str) -> None:
        pod = wait_for("the operator that waits", lambda: leader(self.cluster), PATIENCE)
        began, dead = time.monotonic(), pod["metadata"]["name"]
        # Stopped, it is as good as dead; the kubelet, which could start it again in its pod for a moment, does not know yet.
        pids = send(pod, signal.SIGSTOP, COMMAND)
        self._lead(NOBODY)
        self.cluster.delete(POD, dead, SYSTEM, grace=0)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        last = self.proxy.writes()[-1]
        waited = last["name"] == name and last["held"] is not None  # else it has gone on, or tried again
        wait_for(f"pod {dead} to be gone from the node", lambda: not _runs(pod), PATIENCE)
        self.proxy.release()
        self._lead("")
        wait_for("another operator to lead", lambda: leader(self.cluster) is not None, PATIENCE)
        if waited:
            self.killed[name] = time.monotonic() - began

    def _lead(self, identity: str) -> None:
        self.cluster.patch(LEASE, LEASE_NAME, SYSTEM, {"spec": {"holderIdentity": identity}})


@contextmanager
def killing(proxy: ProxyControl) -> Iterator[Killer]:
    """A killer at work beside what is done within; at the end its last work is done, and what failed in it is raised."""
    killer = Killer(Cluster.connect(), proxy)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(killer.run)
        try:
            yield killer
        finally:
            killer.stop.set()
            work.result()


def _runs(pod: Manifest) -> bool:
    try:
        processes(pod)
    except NotThisMachine:
        return False
    return True
