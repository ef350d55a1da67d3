"""No candidate here is better, and much looks like it. At the end two that are, lest a pipeline that promotes nobody pass for careful.

Read by `claims`. Each scene is a row of the table of data that mislead: its engine's part is in `dev.bench.stats.adversarial`.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from dev.bench.pipeline import naive, specs
from dev.bench.pipeline.trial import Scene, anew
from dev.bench.pipeline.visits import Answers, Flags, Numbers, Value, Visits, said, yes_or_no

MINUTE, HOUR = 60.0, 3600.0
SOON = MINUTE
"""Until an outcome is known, where that does not matter."""


def hourly(looks: int, *, first: int = 1) -> tuple[float, ...]:
    """A look at each full hour."""
    return tuple(HOUR * look for look in range(first, first + looks))


RAMP, EACH, LOOKS = (50, 250, 500), 400, 4
"""Weights, requests from look to look, and looks at each weight."""


def ramp(low: float, high: float) -> Scene:
    """The share of right answers rises with the weight; at every moment both are equally good."""
    size = EACH * LOOKS * len(RAMP)
    lasts = f"{LOOKS - 1}h59m"
    return Scene(
        spec=specs.canary(specs.accuracy(), ("5%", lasts), ("25%", lasts), ("50%", "10m")),
        draw=partial(_rising, low, high),
        size=size,
        spacing=HOUR / EACH,
        looks=hourly(LOOKS * len(RAMP) + 1),
        steps=tuple((weight, EACH * LOOKS * (step + 1)) for step, weight in enumerate(RAMP)),
        before=(partial(_rising, low, low), 400),
        naive=naive.pooled_at_the_end,
    )


def _rising(low: float, high: float, rng: np.random.Generator, size: int) -> Visits:
    right = rng.random(size) < np.linspace(low, high, size)
    truth = rng.random(size) < 0.5
    answers = Answers(right, yes_or_no(truth), np.full(size, SOON), said(right, truth))
    return Visits(answers, answers, rng.random(size))


def faster() -> Scene:
    """As many users convert within a day; the candidate's after 2 hours on average, those of current after 6."""
    looks = hourly(10)
    day = 24 * HOUR + MINUTE
    return Scene(
        spec=specs.canary(specs.reward("24h"), ("50%", "10m")),
        draw=_converting,
        size=5000,
        spacing=10 * HOUR / 5000,
        looks=(*looks, *(day + look for look in looks)),
        steps=((500, 5000),),
        before=(None, 300),
        naive=naive.as_they_come,
    )


def _converting(rng: np.random.Generator, size: int) -> Visits:
    converts = rng.random(size) < 0.10
    return Visits(_converts(rng, converts, 2.0), _converts(rng, converts, 6.0), rng.random(size))


def _converts(rng: np.random.Generator, won: Flags, mean: float) -> Answers:
    """After so many hours on average, and within 24."""
    within = -np.expm1(-24.0 / mean)
    delays = -mean * np.log1p(-within * rng.random(len(won))) * HOUR
    return Answers(won, [1.0 if one else None for one in won.tolist()], delays)


USERS, TIMES = 500, 20


def sticky(*, keyed: bool) -> Scene:
    """Each user stays with an arm, but for those whom the next step gives to the candidate, and has a success rate of his own.

    Outcomes name requests, and each has its own; or users, and tell what came of their first one.
    """
    size, looks, header = USERS * TIMES, 10, "x-user-id"
    return Scene(
        spec=specs.canary(
            specs.reward(key=header if keyed else None), ("25%", "2h59m"), ("50%", "10m"), unit={"header": header}
        ),
        draw=partial(_clustered, keyed, 0, TIMES),
        size=size,
        spacing=looks * HOUR / size,
        looks=hourly(looks + 1),
        steps=((250, size * 3 // looks), (500, size)),
        before=(partial(_clustered, keyed, 1_000_000, 1), 300),
        naive=naive.each_request,
    )


def _clustered(keyed: bool, first: int, times: int, rng: np.random.Generator, size: int) -> Visits:
    """Requests of users in the order of time: each one's first, and others after it."""
    users = size // times
    user = np.concatenate([np.arange(users), rng.integers(users, size=size - users)])
    begins = 0.8 * rng.random(users)
    at = begins[user] + np.where(np.arange(size) < users, 0.0, rng.exponential(0.1, size))
    user = user[np.argsort(at, kind="stable")]
    won = rng.random(size) < rng.beta(0.2, 1.8, users)[user]
    is_first = np.zeros(size, dtype=bool)
    is_first[np.unique(user, return_index=True)[1]] = True
    outcomes: list[Value] = [1.0 if one else None for one in (won & (is_first | (not keyed))).tolist()]
    answers = Answers(won, outcomes, np.full(size, SOON))
    return Visits(answers, answers, rng.random(users)[user], users=first + user, keyed=keyed)


HARD, EASY_RIGHT, HARD_RIGHT, SWAPPED = 0.03, 0.8155, 0.30, 0.03
"""Part of requests that are hard, how often current is right on the others and on these, and on how many easy ones either is better."""


def crashing() -> Scene:
    """As good as current where it answers; on hard requests it crashes, and current answers in its place."""
    return Scene(
        spec=specs.canary(specs.accuracy(), ("50%", "10m")),
        draw=_with_hard_ones,
        size=4800,
        spacing=HOUR / 400,
        looks=hourly(13),
        steps=((500, 4800),),
        naive=naive.at_each_look,
    )


def crashing_in_shadow() -> Scene:
    """The same, seen by copies."""
    return Scene(
        spec=specs.shadow(specs.accuracy(target="0.01")),
        draw=_with_hard_ones,
        size=4800,
        spacing=HOUR / 400,
        looks=hourly(13),
        naive=naive.both_at_each_look,
    )


def _with_hard_ones(rng: np.random.Generator, size: int) -> Visits:
    hard = rng.random(size) < HARD
    right = rng.random(size) < np.where(hard, HARD_RIGHT, EASY_RIGHT)
    swaps = rng.random(size) < np.where(right, SWAPPED / EASY_RIGHT, SWAPPED / (1 - EASY_RIGHT))
    truth, soon = rng.random(size) < 0.5, np.full(size, SOON)
    outcomes, candidate = yes_or_no(truth), ~hard & (right ^ swaps)
    return Visits(
        Answers(candidate, outcomes, soon, said(candidate, truth), failed=hard),
        Answers(right, outcomes, soon, said(right, truth)),
        rng.random(size),
    )


UNREAD, EACH_HOUR = 16_000, 2000
"""Requests with answers that are too long, and how many come from look to look."""


def unread() -> Scene:
    """As good as current; nearly two in a hundred of its answers, all wrong, are too long to be read: below what is refused."""
    spec = specs.canary(specs.accuracy(target="0.01"), ("50%", "10m"))
    return anew(_unread(spec, 0.018), steps=((500, UNREAD),), naive=naive.at_each_look)


def unread_in_shadow() -> Scene:
    """The same, seen by copies, of which half as many are enough."""
    return anew(_unread(specs.shadow(specs.accuracy(target="0.01")), 0.009), naive=naive.both_at_each_look)


def _unread(spec: specs.Spec, part: float) -> Scene:
    return Scene(
        spec=spec,
        draw=partial(_too_long, part),
        size=UNREAD,
        spacing=HOUR / EACH_HOUR,
        looks=hourly(UNREAD // EACH_HOUR + 1),
        before=(partial(pairs, np.zeros(1)), 200),
    )


def _too_long(part: float, rng: np.random.Generator, size: int) -> Visits:
    visits = pairs(np.zeros(1), rng, size)
    candidate = visits.candidate
    wrong = ~candidate.won & (rng.random(size) < part / (~candidate.won).mean())
    return replace(visits, candidate=replace(candidate, too_long=wrong))


def late_labels() -> Scene:
    """The candidate says yes more often: right as often as wrong, but a yes is known after an hour and a no after two days."""
    return Scene(
        spec=specs.shadow(specs.accuracy("48h", target="0.01")),
        draw=_known_late,
        size=5000,
        spacing=10 * HOUR / 500,
        looks=tuple(10 * HOUR * look + MINUTE for look in range(1, 16)),
        naive=naive.labels_as_they_come,
    )


def _known_late(rng: np.random.Generator, size: int) -> Visits:
    truth, disagree, right = rng.random(size) < 0.5, rng.random(size) < 0.06, rng.random(size) < 0.8
    current, candidate = np.where(disagree, ~truth, right), np.where(disagree, truth, right)
    outcomes, delays = yes_or_no(truth), np.where(truth, HOUR, 48 * HOUR - MINUTE)
    return Visits(
        Answers(candidate, outcomes, delays, said(candidate, truth)),
        Answers(current, outcomes, delays, said(current, truth)),
        rng.random(size),
    )


SWING = 0.02
"""Lift of a day, and of a night."""


def night_first() -> Scene:
    """Two points worse by night, two points better by day: on average so far never better."""
    return _swinging(800, (-SWING, SWING) * 3, naive.forgetting, target="0.005")


def day_first() -> Scene:
    """Two points better by day, two points worse by night: in the long run neither, and the cycle is declared."""
    return _swinging(1200, (SWING, -SWING) * 2, naive.at_first_crossing, target="0.01", cycle="24h")


def _swinging(half: int, lifts: tuple[float, ...], rule: naive.Rule, **objective: str) -> Scene:
    """So many requests in each half of a day, and a lift for each half; the last look is right after the last of them."""
    step, size = half // 4, len(lifts) * half
    spacing, closed = 12 * HOUR / half, 10 * MINUTE + 6
    return Scene(
        spec=specs.shadow(specs.accuracy(**objective)),
        draw=partial(pairs, np.repeat(lifts, half)),
        size=size,
        spacing=spacing,
        looks=tuple(closed + step * spacing * look for look in range(1, size // step + 1)),
        before=(partial(pairs, np.zeros(1)), 200),
        naive=rule,
    )


def pairs(lifts: Numbers, rng: np.random.Generator, size: int) -> Visits:
    """Answers that differ in 6 % of the requests; the candidate is right in half of these and half of the lift more."""
    lift = np.resize(lifts, size)
    truth, kind, right = rng.random(size) < 0.5, rng.random(size), rng.random(size) < 0.8
    wins, losses = kind < (0.06 + lift) / 2, kind > 1 - (0.06 - lift) / 2
    outcomes, soon = yes_or_no(truth), np.full(size, SOON)
    candidate, current = wins | (right & ~losses), losses | (right & ~wins)
    return Visits(
        Answers(candidate, outcomes, soon, said(candidate, truth)),
        Answers(current, outcomes, soon, said(current, truth)),
        rng.random(size),
    )


RIVALS = tuple("bcde")
"""Four further candidates beside the first one."""


def five() -> Scene:
    """Five candidates on the same requests, none of them better."""
    candidates = [{"name": name, "bento": {"image": f"{name}:1", "replicas": 2}} for name in ("logreg", *RIVALS)]
    return Scene(
        spec=specs.shadow(specs.accuracy(), candidates=candidates),
        draw=_as_good,
        size=3000,
        spacing=HOUR / 250,
        looks=hourly(13),
        naive=naive.any_of_them,
    )


def _as_good(rng: np.random.Generator, size: int) -> Visits:
    """Each candidate differs from current in 6 % of the requests, by itself; of two answers one is right."""
    first = pairs(np.zeros(1), rng, size)
    right, outcomes = first.current.won, first.current.outcomes
    truth, soon = np.array([one == "yes" for one in outcomes]), first.current.delays
    rivals = {}
    for name in RIVALS:
        differs = rng.random(size) < np.where(right, 0.03 / right.mean(), 0.03 / (1 - right.mean()))
        won = right ^ differs
        rivals[name] = Answers(won, outcomes, soon, said(won, truth))
    return replace(first, rivals=rivals)


def better_pairs() -> Scene:
    """Two points better, in a shadow."""
    return Scene(
        spec=specs.shadow(specs.accuracy()),
        draw=partial(pairs, np.full(1, 0.02)),
        size=5000,
        spacing=HOUR / 250,
        looks=hourly(21),
    )


def better_arm() -> Scene:
    """Six in a hundred users more convert, in a canary of two steps."""
    return Scene(
        spec=specs.canary(specs.reward(), ("10%", "1h59m"), ("50%", "10m")),
        draw=partial(converting, 0.16, 0.10),
        size=5000,
        spacing=HOUR / 250,
        looks=hourly(21),
        steps=((100, 500), (500, 5000)),
        before=(partial(converting, 0.10, 0.10), 200),
    )


def converting(candidate: float, current: float, rng: np.random.Generator, size: int) -> Visits:
    """Users who convert soon, or not, at a rate for each arm."""
    chance = rng.random(size)
    arms = []
    for rate in (candidate, current):
        won = chance < rate
        arms.append(Answers(won, [1.0 if one else None for one in won.tolist()], np.full(size, SOON)))
    return Visits(arms[0], arms[1], rng.random(size))
