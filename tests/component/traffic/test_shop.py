"""A shop's visitors go through a router to two processes; what they buy arrives later, once each, under the first request's id."""

import json
from functools import partial

import pytest
from aiohttp.test_utils import TestClient, TestServer

from dev.traffic import driver, outcomes, stand
from tests.component.traffic.shop import FORMS, OFFERS, open_shop, sender_options


@pytest.fixture
def shop(tmp_path):
    return partial(open_shop, tmp_path)


async def test_each_buyer_is_one_outcome_under_the_id_of_the_first_request(shop):
    """The amount of the offer first shown, once for each user who buys; of all others nobody hears."""
    async with shop() as world:
        await world.visits(700)
        await world.settle()
        first = world.first_requests()
        assert len(first) < len(world.router.asked), "some came back"
        buyers = {one.id: one.spends for one in first.values() if one.spends}
        assert {one["key"]: one["value"] for one in world.recorder.taken} == buyers
        assert len(world.recorder.taken) == len(buyers)
        report = world.sender.report()
        assert (report["taken"], report["unsent"]) == (len(first), len(first) - len(buyers))


async def test_the_report_tells_who_answered_and_what_it_brought(shop):
    """Answers by their form; visitors, buyers and amounts by who gave the first answer."""
    async with shop() as world:
        await world.visits(500)
        await world.settle()
        report = await (await world.control.get("/report")).json()
        assert (report["failed"], report["answered"]) == (0, len(world.router.asked))
        by_candidate = sum(one.by_candidate for one in world.router.asked)
        assert report["tracks"] == {"candidate": by_candidate, "current": len(world.router.asked) - by_candidate}
        told = report["visitors"]
        assert told["came"] == len(world.first_requests())
        assert told["came"] + told["cameBack"] == report["sent"]
        assert sum(arm["visitors"] for arm in told["first"].values()) == told["came"]
        assert sum(arm["buyers"] for arm in told["first"].values()) == len(world.recorder.taken)
        amounts = sum(one["value"] for one in world.recorder.taken)
        assert sum(arm["spent"] for arm in told["first"].values()) == pytest.approx(amounts)


async def test_users_join_a_growing_canary_and_leave_only_one_that_shrinks(shop):
    """Sticky: with the weight some users come over and none goes back, until the weight falls."""
    async with shop("--returning", "0.5", weight=0.1) as world:
        await world.visits(500)
        assert world.driver.report()["visitors"]["left"] == world.driver.report()["visitors"]["joined"] == 0
        world.router.weight = 0.8
        await world.visits(1000)
        assert world.driver.report()["visitors"]["left"] == 0
        assert world.driver.report()["visitors"]["joined"] > 0
        world.router.weight = 0.0
        await world.visits(1500)
        told = world.driver.report()["visitors"]
        assert told["left"] > 0
        assert {leaver["user"] for leaver in told["leavers"]} <= world.first_requests().keys()


async def test_a_request_that_fails_is_never_repeated_and_its_user_buys_nothing(shop):
    """Every seventh request fails: asked once, counted, no outcome where it was the user's first."""
    async with shop(broken=lambda n: n % 7 == 0) as world:
        await world.visits(500)
        await world.settle()
        report = world.driver.report()
        assert len(world.router.asked) == report["sent"] == report["answered"] + report["failed"]
        assert report["errors"] == {"status-503": report["failed"]}
        lost = [one.id for one in world.first_requests().values() if int(one.id[2:]) % 7 == 0]
        assert report["visitors"]["lost"] == len(lost) > 0
        assert not {one["key"] for one in world.recorder.taken} & set(lost)


async def test_a_seed_repeats_the_run_and_another_one_does_not(tmp_path):
    """The same users with the same requests in the same order."""
    runs = []
    for n, seed in enumerate(("5", "5", "6")):
        folder = tmp_path / str(n)
        folder.mkdir()
        async with open_shop(folder, "--seed", seed) as world:
            await world.visits(250)
            await world.settle()
            log = [json.loads(line) for line in (await (await world.control.get("/log")).text()).splitlines()]
            sent = sorted((line["n"], line["user"], line["visit"]) for line in log)[:250]
            asked = {user: one.body for user, one in world.first_requests().items()}
            runs.append([(user, visit, asked[user]) for _, user, visit in sent])
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("order", ["/forget", "/target"])
async def test_a_new_trial_begins_with_newcomers(shop, order):
    """Told to, or sent to another process: those seen before do not come back, and counting begins anew."""
    async with shop("--returning", "0.5") as world:
        await world.visits(400)
        load, asked = world.driver.load, world.router.asked
        before, sent_before = {one.user for one in asked}, load.sent
        assert (await world.control.post(order, json={"url": load.settings.url})).status == 200
        arrived, under_way = len(asked), load.sent - len(asked)
        await world.visits(load.sent + 400)
        await world.settle()
        assert len([one for one in asked[arrived:] if one.user in before]) <= under_way
        told = world.driver.report()["visitors"]
        assert 400 <= told["came"] + told["cameBack"] <= load.sent - sent_before


async def test_without_visitors_there_is_nobody_to_forget():
    """The order is refused with the remedy, and says so in the report: nobody comes back."""
    rows = ["--rows", str(stand.ROWS), "--url", "http://127.0.0.1:1/", "--log", "/dev/null"]
    plain = driver.build(driver.arguments(rows))
    async with TestClient(TestServer(driver.application(plain))) as control:
        refused = await control.post("/forget")
        assert refused.status == 409
        assert "--returning" in await refused.text()
    assert plain.report()["visitors"] is None


@pytest.mark.parametrize("rows", [stand.ROWS, OFFERS], ids=["other rows", "a pool of users as well"])
def test_options_that_do_not_fit_are_told_before_the_first_request(rows):
    given = ["--rows", str(rows), "--url", "http://x", "--log", "/dev/null", "--returning", "0.2"]
    with pytest.raises(ValueError, match="--returning"):
        driver.build(driver.arguments([*given, *(["--users", "9"] if rows == OFFERS else [])]))


def test_the_shop_is_a_stand_by_options_alone():
    """Other rows, other forms of answer, visitors who come back, purchases only: its pods' programs accept all of it."""
    wanted = stand.Wanted(
        "shop",
        "offers",
        "http://offers-rules:8080/offer",
        "shadowlift:dev",
        rows=OFFERS,
        codes=(),
        delay=(2.0, 5.0),
        driver_options=(*FORMS, "--returning", "0.2"),
        sender_options=("--unsent", "0"),
    )
    pods = [thing for thing in stand.objects(wanted, {}) if thing["kind"] == "Pod"]
    commands = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["command"][3:] for pod in pods}
    asked = driver.arguments(commands["driver"])
    assert (asked.returning, asked.current_field, asked.candidate_field) == (0.2, "show", "offer")
    knowledge = outcomes.build(outcomes.arguments(commands["outcome-sender"])).knowledge
    assert (knowledge.unsent, knowledge.codes, knowledge.shortest) == (0, {}, 2.0)
    assert sum(len(text.encode()) for text in stand.script_files(OFFERS).values()) < 1_000_000


def test_only_the_outcome_that_means_nothing_is_kept_back(tmp_path):
    """Nothing spent: not sent and counted. Anything else is, however little; without the option nothing is kept back."""
    kept = outcomes.build(outcomes.arguments(sender_options("http://r", tmp_path)))
    cases = [{"key": f"k{n}", "truth": truth, "value": "points"} for n, truth in enumerate([0.0, 0.01, 100.0, 0])]
    kept.take(cases, now=0.0)
    assert sorted(one["key"] for one in kept.due(now=9.0)) == ["k1", "k2"]
    assert (kept.report()["taken"], kept.report()["unsent"]) == (4, 2)
    told = outcomes.build(outcomes.arguments(sender_options("http://r", tmp_path)[:-2]))
    told.take(cases, now=0.0)
    assert len(told.due(now=9.0)) == 4
