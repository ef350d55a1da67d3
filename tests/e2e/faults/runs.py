"""Plays a scenario through the proxy, undisturbed or with kills, and compares the two. Called by `test_faults`.

Several kills fit into one run, with other writes between them. A kill may take away the occasion of a later one (a status that there is
nobody to write): what was not met is played again by itself.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dev.traffic.cluster_api import ApiError, Overdue
from tests.e2e.faults.control import ProxyControl
from tests.e2e.faults.kills import killing
from tests.e2e.faults.scenarios import PATIENCE, Scenario, TooBusy, end_of, lost, settle, strays
from tests.e2e.place import Place, asked

NAMESPACE = "e2e-faults"
MODES = ("before", "after")
AT_ONCE = 8  # kills in one run
TRIES = 3  # where a run has not come to a write, or the machine was too busy
SAMPLE = 6  # kills where nobody asks for all


@dataclass(frozen=True)
class Kill:
    """At which write, by its position among those of the undisturbed run, and whether before it or after it."""

    position: int
    write: str
    when: str


@dataclass(frozen=True)
class Run:
    """One time through a scenario."""

    end: dict[str, Any]
    writes: list[str]  # each name once, in the order of the first of each
    served: list[str]  # who was to serve, one after another
    astray: list[str]  # requests that were lost, or answered by who was not to
    killed: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Row:
    """What became of one kill. No difference: it ended as undisturbed."""

    kill: Kill
    difference: str
    seconds: float | None  # until another operator led

    def __str__(self) -> str:
        """A line of the table."""
        away = "-" if self.seconds is None else f"{self.seconds:.1f}"
        same = "OTHER" if self.difference else "same"
        other = f"\n{self.difference}" if self.difference else ""
        return f"{self.kill.position:>8}  {self.kill.when:<6}  {same:<5}  {away:>7}  {self.kill.write}{other}"


HEADER = "position  mode    end    seconds  write"


def play(scenario: Scenario, proxy: ProxyControl, kills: Sequence[Kill] = ()) -> Run:
    """Once through, in a namespace of its own that is gone afterwards."""
    place, began = Place(proxy.cluster, NAMESPACE, scenario.name, scenario.story), time.monotonic()
    try:
        place.open()
        proxy.begin(NAMESPACE)
        proxy.arm({kill.write: kill.when for kill in kills})
        with killing(proxy) as killer:
            played = scenario.play(place)
        asked(played.stand, 200, PATIENCE)  # whoever leads now has had the time to do something else
        settle(place)
        writes, log = proxy.writes(), played.stand.log()
        return Run(
            end=end_of(place),
            writes=list(dict.fromkeys(write["name"] for write in writes)),
            served=_served(writes),
            astray=[*lost(log, place.router_url), *strays(log, played.windows)],
            killed=killer.killed,
            seconds=time.monotonic() - began,
        )
    finally:
        proxy.begin("")
        place.close()


def _served(writes: Sequence[dict[str, Any]]) -> list[str]:
    """Who was to serve by the configurations that took effect, each change once."""
    done = [write["name"] for write in writes if write["status"] is not None and write["status"] < 300]
    told = [name.split(" ", 2)[2] for name in done if " configmaps/" in name and not name.endswith("ownership")]
    return [who for who, _ in groupby(text.partition(";")[0] for text in told)]


def undisturbed(scenario: Scenario, proxy: ProxyControl) -> Run:
    """Once through without kills; raises TooBusy where that cannot be had."""
    for _ in range(TRIES - 1):
        with suppress(TooBusy):
            return play(scenario, proxy)
    return play(scenario, proxy)


def kills_wanted(text: str, writes: Sequence[str]) -> list[Kill]:
    """`all`, `sample`, or a regular expression that is looked for in mode and write, such as `after POST record`.

    Raises:
        ValueError: no write is meant.
    """
    every = [Kill(position, write, when) for when in MODES for position, write in enumerate(writes, 1)]
    if text == "all":
        return every
    if text == "sample":
        chosen = {round((n + 0.5) * len(writes) / SAMPLE): MODES[n % 2] for n in range(SAMPLE)}
        return [kill for kill in every if chosen.get(kill.position) == kill.when]
    wanted = [kill for kill in every if re.search(text, f"{kill.when} {kill.write}")]
    if not wanted:
        raise ValueError(f"{text!r} means none of these writes: {writes}")
    return wanted


def spread(kills: Sequence[Kill]) -> list[list[Kill]]:
    """Into few runs: no write twice in one, and those of one run as far apart as can be."""
    if len(kills) <= AT_ONCE and len({kill.write for kill in kills}) == len(kills):
        return [list(kills)]
    runs = []
    for when in MODES:
        mine = [kill for kill in kills if kill.when == when]
        n = -(-len(mine) // AT_ONCE)
        runs += [mine[first::n] for first in range(n)]
    return runs


@dataclass(frozen=True)
class Comparison:
    """Disturbed runs against an undisturbed one."""

    scenario: Scenario
    proxy: ProxyControl
    calm: Run

    def rows(self, kills: Sequence[Kill]) -> Iterator[Row]:
        """Play all; each row when it is known."""
        waiting = [(together, 1) for together in spread(kills)]
        while waiting:
            together, tries = waiting.pop(0)
            try:
                run = play(self.scenario, self.proxy, together)
            except TooBusy as error:
                if tries < TRIES:
                    waiting.append((together, tries + 1))
                else:
                    yield from _others(together, f"in {TRIES} runs, the last of which ended with {error}")
                continue
            except (Overdue, ApiError, AssertionError) as error:
                yield from _others(together, f"{type(error).__name__}: {error}")
                continue
            other = difference(self.calm, run)
            if other:
                yield from _others(together, other)
                continue
            for kill in together:
                if kill.write in run.killed:
                    yield Row(kill, "", run.killed[kill.write])
                elif tries < TRIES:
                    waiting.append(([kill], tries + 1))
                else:
                    yield Row(kill, f"not met in {TRIES} runs", None)


def _others(kills: Sequence[Kill], difference: str) -> Iterator[Row]:
    """A run that ended otherwise: all of its kills may be why."""
    for kill in kills:
        yield Row(kill, difference if kill is kills[0] else f"together with position {kills[0].position}", None)


def difference(calm: Run, run: Run) -> str:
    """In what a run ended otherwise; empty where in nothing."""
    seen, wanted = ({**one.end, "who was to serve": one.served} for one in (run, calm))
    other = [f"{name}: {seen[name]} instead of {value}" for name, value in wanted.items() if seen[name] != value]
    return "; ".join([*other, *run.astray[:3]])
