"""The operator is killed at every one of its writes, on a real cluster: the end is each time the same as undisturbed.

`SHADOWLIFT_FAULTS` says at which: `sample` (the default), `all`, or a regular expression for what stands in the table of an earlier run
as mode and write, such as `after POST record` or `Promoted`. Works where the node is this machine: see
`tests.e2e.node`.
"""

import os
from collections.abc import Iterator

import pytest

from dev.traffic.cluster_api import Cluster
from tests.e2e.faults.control import ProxyControl
from tests.e2e.faults.detour import detour
from tests.e2e.faults.runs import HEADER, Comparison, kills_wanted, undisturbed
from tests.e2e.faults.scenarios import Scenario, canary, shadow_trial
from tests.e2e.place import SHOP

WANTED = os.environ.get("SHADOWLIFT_FAULTS", "sample")


@pytest.fixture(scope="module")
def proxy(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxyControl]:
    """The operator behind the proxy."""
    with detour(cluster, tmp_path_factory.mktemp("proxy")) as control:
        yield control


@pytest.mark.disrupts
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("scenario", [Scenario(shadow_trial), Scenario(canary, "offers", SHOP)], ids=str)
def test_dying_at_every_write(scenario: Scenario, proxy: ProxyControl, capsys: pytest.CaptureFixture[str]) -> None:
    """SIGKILL before a write, or after it and before its answer: same verdict, records, objects and routes; traffic never flips back."""
    calm = undisturbed(scenario, proxy)
    assert calm.astray == []
    kills, rows = kills_wanted(WANTED, calm.writes), []
    with capsys.disabled():
        print(f"\n{scenario} undisturbed: {len(calm.writes)} writes, {calm.seconds:.0f} s\n{HEADER}")
        for row in Comparison(scenario, proxy, calm).rows(kills):
            print(row, flush=True)
            rows.append(row)
    assert [str(row) for row in rows if row.difference] == []
