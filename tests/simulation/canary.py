"""Many trials of two arms at once: numpy draws the units and finds where a bar is first reached, the engine decides there.

Used by `test_canary_trials`. The log wealth is linear in the counts, so what one unit of each kind adds, as the engine says, gives the
whole path of every trial; each crossing that is found so is put to the engine itself, with the look before it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shadowlift.stats import arms
from shadowlift.stats.arm_counts import ArmCounts
from shadowlift.stats.bets import Bets
from shadowlift.stats.epochs import Epoch, Epochs

CHUNK = 100
"""Trials that are held in memory together."""

KINDS = (ArmCounts(1, 0, 0, 0), ArmCounts(1, 1, 0, 0), ArmCounts(0, 0, 1, 0), ArmCounts(0, 0, 1, 1))


@dataclass(frozen=True)
class Stretch:
    """An epoch to be drawn: at each look, `step` more units with these success rates. A baseline of None is learned by the trial."""

    weight: int
    baseline: float | None
    candidate: Sequence[float]
    current: Sequence[float]
    step: int = 100

    def chances(self) -> NDArray[np.float64]:
        """Probability of each of `KINDS`, for each look."""
        share, one, two = self.weight / 1000, np.asarray(self.candidate), np.asarray(self.current)
        return np.stack([share * (1 - one), share * one, (1 - share) * (1 - two), (1 - share) * two], axis=1)


@dataclass(frozen=True)
class Gate:
    """What is to be proven, and how."""

    bets: Bets
    reference: float
    error_rate: float


def counted(cells: Sequence[int]) -> ArmCounts:
    """Counts from the numbers of each of `KINDS`."""
    return ArmCounts(int(cells[0] + cells[1]), int(cells[1]), int(cells[2] + cells[3]), int(cells[3]))


def first_crossings(
    rng: np.random.Generator, stretches: Sequence[Stretch], gate: Gate, repeats: int
) -> list[int | None]:
    """For each trial the look, from 1, at which the gate opens first; None if it never does."""
    ends: list[int | None] = []
    for _ in range(0, repeats, CHUNK):
        drawn = [rng.multinomial(one.step, one.chances(), size=(CHUNK, len(one.current))) for one in stretches]
        paths = [epochs_of(stretches, [units[trial] for units in drawn]) for trial in range(CHUNK)]
        evidence = log_e_values(drawn, paths, gate)
        for trial, path in enumerate(evidence >= -math.log(gate.error_rate)):
            look = int(np.argmax(path)) + 1 if path.any() else None
            confirm(look, [units[trial] for units in drawn], paths[trial], gate)
            ends.append(look)
    return ends


def epochs_of(stretches: Sequence[Stretch], drawn: Sequence[NDArray[np.int64]]) -> Epochs[ArmCounts]:
    """One trial's units, in full."""
    epochs: Epochs[ArmCounts] = Epochs()
    for number, (stretch, units) in enumerate(zip(stretches, drawn, strict=True)):
        baseline = stretch.baseline if stretch.baseline is not None else arms.learned_baseline(epochs, 0.5)
        epochs += Epochs((Epoch(number, stretch.weight, baseline, counted(units.sum(axis=0))),))
    return epochs


def log_e_values(
    drawn: Sequence[NDArray[np.int64]], paths: Sequence[Epochs[ArmCounts]], gate: Gate
) -> NDArray[np.float64]:
    """Log E of each trial at each look."""
    growth = [
        units @ np.array([growth_of_one(path.epochs[number], gate) for path in paths])
        for number, units in enumerate(drawn)
    ]
    logs = np.concatenate(growth, axis=1).cumsum(axis=1) + np.array(gate.bets.log_weights)
    largest = logs.max(axis=2)
    return largest + np.log(np.exp(logs - largest[..., None]).sum(axis=2))


def growth_of_one(epoch: Epoch[ArmCounts], gate: Gate) -> list[tuple[float, ...]]:
    """What one unit of each kind adds to the log of each bet."""
    single = [Epochs((Epoch(0, epoch.weight, epoch.baseline, kind),)) for kind in KINDS]
    return [arms.wealth(one, gate.bets, gate.reference).logs for one in single]


def confirm(look: int | None, drawn: Sequence[NDArray[np.int64]], path: Epochs[ArmCounts], gate: Gate) -> None:
    """The engine says the same: open at this look, not yet at the one before; or not open at the end."""
    last = sum(len(units) for units in drawn)
    for when, is_open in ((look, True), ((last + 1 if look is None else look) - 1, False)):
        if when:
            seen = arms.wealth(seen_by(when, drawn, path), gate.bets, gate.reference)
            assert seen.rejects(gate.error_rate) is is_open


def seen_by(look: int, drawn: Sequence[NDArray[np.int64]], path: Epochs[ArmCounts]) -> Epochs[ArmCounts]:
    """What had been counted by a look."""
    epochs, left = [], look
    for epoch, units in zip(path.epochs, drawn, strict=True):
        epochs.append(Epoch(epoch.number, epoch.weight, epoch.baseline, counted(units[: max(0, left)].sum(axis=0))))
        left -= len(units)
    return Epochs(tuple(epochs))
