"""Twenty thousand users through all steps of a canary: the shares are those that were asked for, and nobody ever goes back."""

import math
from collections.abc import Iterator
from datetime import datetime

import pytest

from dev.traffic.cluster_api import Cluster, Manifest
from dev.traffic.stand import Stand
from tests.e2e.place import SHOP, Place, asked, images, no_failures, nobody_left, shop_spec

USERS = 20_000
WEIGHTS = ("1%", "5%", "25%", "50%")  # and all of them after the promotion
STEP_S = 30
LAST_S = 15
RATE = 220.0  # of which a fifth comes back
LOADED_S = 6.0  # after a step was decided: until then routers load it


@pytest.fixture
def shop(cluster: Cluster) -> Iterator[Place]:
    """A namespace with the shop's rules in it."""
    here = Place(cluster, "e2e-many-units", name="offers", story=SHOP)
    here.open()
    yield here
    here.close()


def windows(status: Manifest) -> list[tuple[float, float, float]]:
    """For each step its share, and from when until when it was surely in force (unix seconds); the last is for everybody."""
    at = {entry["kind"]: datetime.fromisoformat(entry["at"]).timestamp() for entry in status["history"]}
    steps = status["trial"]["epochs"][1:]
    starts = [datetime.fromisoformat(step["since"]).timestamp() for step in steps]
    shares = [float(step["weight"].removesuffix("%")) / 100 for step in steps]
    every = zip(shares, starts, [*starts[1:], at["Promoted"]], strict=True)
    return [(share, start + LOADED_S, end) for share, start, end in (*every, (1.0, at["Settled"], math.inf))]


def answered_by(stand: Stand) -> list[tuple[float, str, str]]:
    """When each user asked, who, and which process answered."""
    return [(a["at"] / 1e6, a["user"], a["track"]) for a in stand.log() if a["track"]]


@pytest.mark.timeout(1800)
def test_every_share_is_as_asked_and_nobody_leaves(shop: Place):
    """1, 5, 25, 50, 100 %: within three standard errors of the users of each step; 0 users leave; 0 requests fail."""
    stand = shop.traffic(RATE)
    steps = [{"weight": weight, "minimumDuration": f"{STEP_S}s"} for weight in WEIGHTS]
    wanted = shop_spec("personal", images()["offers-personal"], strategy={"canary": {"steps": steps}})
    shop.apply({**wanted, "promotion": {"probation": {"duration": "1s"}}})
    shop.until_loaded()
    stand.move(shop.router_url)
    shop.until_phase("Promoted", 900)
    status = shop.until("all of them", lambda s: s.get("weight") == "100%")
    shop.until_loaded()
    report = asked(stand, int(RATE * LAST_S))
    no_failures(report)
    nobody_left(stand, status)
    answers, users = answered_by(stand), set()
    for share, start, end in windows(status):
        seen = {user: track for at, user, track in answers if start <= at < end}
        users |= set(seen)
        inside = sum(track == "candidate" for track in seen.values())
        error = math.sqrt(share * (1 - share) / len(seen))
        print(f"{share:.0%}: {inside} of {len(seen)} users, {inside / len(seen):.4f}, standard error {error:.4f}")
        assert abs(inside / len(seen) - share) <= 3 * error
    print(f"{len({user for _, user, _ in answers})} users, {len(users)} in steps, {report['answered']} answers")
    assert len(users) >= USERS
