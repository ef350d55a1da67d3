"""The shoppers have known truths: the effect of a process is exact, and what is drawn comes out at it."""

import math
import random
import statistics
from collections import Counter

import pytest
from offers.features import CAP, OFFERS
from offers.history import history
from offers.shoppers import (
    MOST,
    draw,
    effect,
    largest,
    likeliest,
    order_value,
    population,
    purchase_probability,
    spending,
)
from offers.story import rules
from offers.traffic import cases, visitors


def test_the_population_is_all_visitors_with_their_probabilities():
    """They add up to one, and none stands there twice."""
    known = list(population())
    assert math.fsum(weight for _, weight in known) == pytest.approx(1)
    assert len({tuple(visitor.values()) for visitor, _ in known}) == len(known)


def test_visitors_are_drawn_as_the_population_has_them():
    """Segments, devices, newcomers and baskets of 20,000 drawn visitors are those of the population, within chance."""
    chance = random.Random(1)
    drawn = [draw(chance) for _ in range(20_000)]

    def shares(weighted):
        found = Counter()
        for visitor, weight in weighted:
            found[visitor["segment"], visitor["device"], visitor["visits"] == 0] += weight
        return found

    true = shares(population())
    seen = shares((visitor, 1 / len(drawn)) for visitor in drawn)
    assert seen.keys() == true.keys()
    assert all(
        seen[kind] == pytest.approx(share, abs=4 * math.sqrt(share / len(drawn))) for kind, share in true.items()
    )
    basket = math.fsum(weight * visitor["basket"] for visitor, weight in population())
    assert statistics.fmean(visitor["basket"] for visitor in drawn) == pytest.approx(basket, abs=0.7)


def test_the_same_seed_draws_the_same_and_another_others():
    """A run can be repeated; the log that trains and the traffic that is served have nothing to do with each other."""
    assert history(7, 50) == history(7, 50) != history(8, 50)
    assert visitors() == visitors()
    assert [features for features, _, _ in history(logged=50)] != [features for features, _ in visitors()[:50]]


def test_the_log_shows_offers_by_lot():
    """Each to a quarter of the visitors, whatever they are like: else nobody could tell the offer from the visitor."""
    log = history()
    for segment in ("student", "family", "business"):
        shown = Counter(visit.shown for visit in log if visit.features["segment"] == segment)
        assert all(0.22 < shown[offer] / shown.total() < 0.28 for offer in OFFERS)


@pytest.mark.parametrize("offer", OFFERS)
def test_a_visitor_buys_as_often_and_as_much_as_the_truth_says(offer):
    """Of 20,000 draws of one visitor: the share that buys and the mean order are the true ones, within chance."""
    visitor = {"basket": 60, "visits": 3, "segment": "family", "device": "phone"}
    chance = random.Random(3)
    orders = [spent for _ in range(20_000) if (spent := spending(visitor, chance)[offer])]
    assert len(orders) / 20_000 == pytest.approx(purchase_probability(visitor, offer), abs=0.014)
    assert statistics.fmean(orders) == pytest.approx(order_value(visitor, offer), rel=0.02)


def test_no_order_comes_near_the_cap():
    """What is declared as the range is never cut: the largest order of the richest visitor is below it."""
    assert 80 < max(order_value(visitor, offer) * MOST for visitor, _ in population() for offer in OFFERS) < CAP


def test_purchases_are_neither_rare_nor_certain():
    """About a quarter buys under the rules, and nobody certainly: else a trial would last too long, or prove nothing."""
    assert 0.2 < effect(rules).buyers < 0.35
    assert all(purchase_probability(visitor, offer) < 0.8 for visitor, _ in population() for offer in OFFERS)


def test_the_true_effects_are_those_of_the_story():
    """What the better candidate tries to learn brings half as much again, what the harmful one learns a third less."""
    of_rules = effect(rules).spent
    assert of_rules == pytest.approx(7.78, abs=0.005)
    assert effect(likeliest).spent >= 1.45 * of_rules
    assert effect(largest).spent <= 0.7 * of_rules


def test_no_single_offer_is_the_answer():
    """Showing one offer to everybody is no better than the rules by more than a few parts in a hundred: it takes a model."""
    assert max(effect(lambda _, offer=offer: offer).spent for offer in OFFERS) < 1.05 * effect(rules).spent


@pytest.mark.parametrize("shows", [rules, likeliest, largest], ids=["rules", "likeliest", "largest"])
def test_the_exact_effect_is_what_draws_come_out_at(shows):
    """Mean, spread and share of buyers, of 40,000 fresh visitors; and the mean of the traffic, both within chance."""
    chance = random.Random(11)
    true = effect(shows)
    spent = [spending(visitor, chance)[shows(visitor)] for visitor in (draw(chance) for _ in range(40_000))]
    assert statistics.fmean(spent) == pytest.approx(true.spent, abs=3 * true.spread / math.sqrt(40_000))
    assert statistics.pstdev(spent) == pytest.approx(true.spread, rel=0.02)
    assert statistics.fmean(amount > 0 for amount in spent) == pytest.approx(true.buyers, abs=0.01)
    served = [truth[shows(visitor)] for visitor, truth in cases()]
    assert statistics.fmean(served) == pytest.approx(true.spent, abs=3 * true.spread / math.sqrt(len(served)))
