"""Strategies of the property tests of arms: counts of every size, and epochs that may be added as they agree about their terms."""

from hypothesis import strategies as st

from shadowlift.stats.arm_counts import ArmCounts, ArmEvents, ArmRewards, ArmUnits, RateCounts
from shadowlift.stats.counts import Rewards
from shadowlift.stats.epochs import Epoch, Epochs, Statistic
from tests.unit.stats.given import amounts

TERMS = {0: (0, 0.25), 1: (50, 0.1), 2: (250, 0.8), 3: (500, 0.0), 4: (999, 1.0), 5: (1000, 0.5), 9: (100, 0.3)}
"""Weight and baseline of each epoch that is ever drawn."""


@st.composite
def arm_counts(draw: st.DrawFn) -> ArmCounts:
    candidate, current = draw(amounts), draw(amounts)
    return ArmCounts(candidate, draw(st.integers(0, candidate)), current, draw(st.integers(0, current)))


@st.composite
def rewards(draw: st.DrawFn) -> Rewards:
    return Rewards.from_json(draw(st.dictionaries(st.integers(0, 64).map(str), amounts, max_size=6)))


@st.composite
def rate_counts(draw: st.DrawFn) -> RateCounts:
    units = draw(amounts)
    return RateCounts(units, draw(st.integers(0, units)))


arm_rewards = st.builds(ArmRewards, rewards(), rewards())
arm_events = st.builds(ArmEvents, amounts, amounts)
arm_units = st.builds(ArmUnits, amounts, amounts)
arm_statistics = st.one_of(arm_counts(), arm_rewards, arm_events, arm_units)


def epoch(number: int, counts: Statistic) -> Epochs:
    """One epoch with the terms of its number."""
    weight, baseline = TERMS[number]
    return Epochs((Epoch(number, weight, baseline, counts),))


def epochs_of(counts: st.SearchStrategy[Statistic]) -> st.SearchStrategy[Epochs]:
    """Some of the epochs of `TERMS`, with counts of one kind."""
    several = st.dictionaries(st.sampled_from(sorted(TERMS)), counts, max_size=4)
    return several.map(lambda some: sum((epoch(number, one) for number, one in some.items()), Epochs()))


outcome_epochs = st.one_of(epochs_of(arm_counts()), epochs_of(arm_rewards))
event_epochs = epochs_of(arm_events)
unit_epochs = epochs_of(arm_units)
