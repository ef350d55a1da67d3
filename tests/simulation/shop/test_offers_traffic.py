"""The shop's traffic is a file that drivers read without any package; it holds what every offer would bring."""

import json
import math
import random
import statistics

import pytest
from offers import story
from offers.features import CAP, FEATURES, OFFERS
from offers.shoppers import largest, likeliest
from offers.story import RULES, agreement, complaints, processes, rules, spent, table
from offers.traffic import TRAFFIC, cases, lines

from shadowlift.stats import arms, scales
from shadowlift.stats.arm_counts import ArmRewards
from shadowlift.stats.counts import Rewards
from shadowlift.stats.epochs import Epoch, Epochs

CASES = cases()
AS_TOLD = {RULES: rules, "offers_personal": likeliest, "offers_pushy": largest}


def test_every_visitor_is_the_request_and_what_each_offer_brings():
    """4,000 visitors, the features in their order, an amount from 0 to the cap for each offer."""
    assert len(CASES) == 4000
    for features, truth in CASES:
        assert tuple(features) == FEATURES
        assert tuple(truth) == OFFERS
        assert all(0 <= amount < CAP for amount in truth.values())


def test_it_is_the_file_that_the_shoppers_give():
    """Drawn again, it is the same, byte for byte."""
    assert TRAFFIC.read_text() == lines()


def test_it_travels_in_a_config_map():
    """A ConfigMap holds 1 MiB, and the programs that read the traffic come along in it."""
    assert TRAFFIC.stat().st_size <= 600_000


def test_a_shadow_could_not_answer_the_question():
    """To most visitors the better candidate shows another offer than the one whose outcome ever becomes known."""
    assert agreement(rules) == 1
    assert agreement(likeliest) < 0.35


def test_the_story_holds_for_what_the_models_are_to_learn():
    """The same offers bring the same, the likeliest 1.4 times as much and more, the largest orders 0.75 times and less."""
    assert complaints(AS_TOLD) == []
    assert statistics.fmean(spent(rules)) == pytest.approx(7.72, abs=0.005)


@pytest.mark.parametrize("name", ["offers_personal", "offers_pushy"])
def test_a_model_that_is_no_better_and_no_worse_is_no_story(name):
    """A training that gives such a model fails, and says by how much, on the traffic and on everybody."""
    found = complaints(AS_TOLD | {name: rules})
    assert [text.partition(",")[0] for text in found] == [f"{name}: 1.000 times the rules' mean"] * 2


def test_an_old_traffic_file_is_told_with_the_remedy(tmp_path, monkeypatch):
    """Shoppers that changed without it would make the README's figures somebody else's."""
    old = tmp_path / "traffic.jsonl"
    old.write_text("".join(TRAFFIC.read_text().splitlines(keepends=True)[1:]))
    monkeypatch.setattr(story, "TRAFFIC", old)
    assert complaints(AS_TOLD) == ["traffic.jsonl is old: python -m offers.traffic"]


def test_the_table_has_every_process_and_the_lift_of_all_but_the_rules():
    """Means, lifts in currency and in per cent, on the traffic and on everybody."""
    _, _, of_rules, *others = table(AS_TOLD)
    assert of_rules == "| offers_rules | 7.72 | 13.3 | 0.279 |  | 1.000 | 7.78 |  |"
    assert all(line.count("%") == 2 for line in others)


def test_untrained_models_are_told_with_the_remedy(tmp_path, monkeypatch):
    """The table needs the trained models; without them the error says how to train."""
    monkeypatch.setattr(story, "BENTOS", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"python -m offers_personal\.train"):
        processes()


def a_trial(shows, visitors, chance):
    """So many users of the traffic, each given to one of two arms by a coin: their rewards, as the ledger counts them."""
    amounts = {arm: [0] * len(scales.UNSIGNED) for arm in ("candidate", "current")}
    for _ in range(visitors):
        visitor, truth = chance.choice(CASES)
        arm, offer = chance.choice((("candidate", shows), ("current", rules)))
        amounts[arm][scales.place(truth[offer(visitor)] / CAP, scales.UNSIGNED, chance.random())] += 1
    counts = ArmRewards(Rewards(tuple(amounts["candidate"])), Rewards(tuple(amounts["current"])))
    return Epochs((Epoch(1, 500, 0.08, counts),))


@pytest.mark.parametrize(("shows", "is_better"), [(likeliest, True), (largest, False)], ids=["personal", "pushy"])
def test_a_canary_of_three_thousand_visitors_proves_either(shows, is_better):
    """At an error rate of .01 and a split of one half: 9 of 10 trials at least have proven the lift, or the harm."""
    bets = arms.planned_bets(0.0, 0.03, 0.024)
    proven = 0
    for seed in range(30):
        epochs = a_trial(shows, 3000, random.Random(seed))
        proven += arms.log_e_value(epochs if is_better else epochs.mirrored(), bets, 0.0) >= math.log(1 / 0.01)
    assert proven >= 27


def test_a_case_is_one_line_of_json():
    """The form that the driver reads: features and truth."""
    first = json.loads(TRAFFIC.read_text().splitlines()[0])
    assert set(first) == {"features", "truth"}
