"""What a bad moment of the candidate's pods costs a good candidate: `python -m dev.bench.bursts`. Seconds.

50 requests a second go to a candidate that is right where current is wrong in 8 % of them, and wrong where current is right in 2 %. When
counting begins half or all of its answers fail for some seconds; looks come every two seconds. How often is it rejected, and when, by how
long a rejection must have stood (`strategy.shadow.rejectAfter`)? And one that is worse by as much? Read by decision 23.
"""

from collections.abc import Iterator

import numpy as np

from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.terms import PairedTest, Rates
from shadowlift.stats.verdict import Case, Verdict, conclude

TRIALS, SEED = 400, 20_331
RATE, LOOK_S, LONGEST_S = 50, 2, 1200
STANDS_S = (0, 60, 300)
OFTENER, SELDOM, CURRENT_RIGHT = 0.08, 0.02, 0.9
TEST = PairedTest.planned(
    minimum_lift=0.0, target_lift=0.02, rates=Rates(0.01, deadline_share=0.6), second_moment=OFTENER + SELDOM
)


def looks(
    chance: np.random.Generator, wins: float, losses: float, burst_s: float, failing: float
) -> Iterator[tuple[int, Verdict]]:
    """One trial: seconds, and what the engine says then."""
    won = lost = n = 0
    for at in range(LOOK_S, LONGEST_S + 1, LOOK_S):
        overlap = max(0.0, min(at, burst_s) - (at - LOOK_S))
        failed = chance.binomial(round(RATE * overlap), failing)
        well = RATE * LOOK_S - failed
        new_wins, new_losses, _ = chance.multinomial(well, [wins, losses, 1 - wins - losses])
        won, n = won + int(new_wins), n + RATE * LOOK_S
        lost += int(new_losses) + int(chance.binomial(failed, CURRENT_RIGHT))
        counts = PairedCounts(wins=won, losses=lost, ties=n - won - lost)
        yield at, conclude(Case(test=TEST, promotion=counts, harm=counts, last=False)).verdict


def ended(trial: Iterator[tuple[int, Verdict]], stands_s: float) -> tuple[int, Verdict]:
    """When and how it ends, where a rejection must have stood for so long."""
    since: int | None = None
    for at, verdict in trial:
        if verdict is Verdict.PROMOTE:
            return at, verdict
        since = (at if since is None else since) if verdict is Verdict.REJECT else None
        if since is not None and at >= since + stands_s:
            return at, verdict
    return LONGEST_S, Verdict.HOLD


def main() -> None:
    """Measure and print, as Markdown."""
    print(f"| the candidate | fails | {' | '.join(f'{stands} s' for stands in STANDS_S)} |")
    print("| --- | --- |" + " --- |" * len(STANDS_S))
    bursts = [(failing, burst) for failing in (0.5, 1.0) for burst in (1, 3, 10, 30)]
    for name, wins, losses, failing, burst in [
        ("better", OFTENER, SELDOM, 0.0, 0),
        *(("better", OFTENER, SELDOM, *one) for one in bursts),
        ("worse", SELDOM, OFTENER, 0.0, 0),
    ]:
        shares: list[str] = []
        for stands in STANDS_S:
            chances = np.random.default_rng(SEED).spawn(TRIALS)
            ends = [ended(looks(chance, wins, losses, burst, failing), stands) for chance in chances]
            rejected = [at for at, verdict in ends if verdict is Verdict.REJECT]
            after = f" after {sum(rejected) / len(rejected):.0f} s" if rejected else ""
            shares.append(f"{len(rejected) / TRIALS:.3f}{after}")
        fails = f"on {failing:.0%} for {burst} s" if burst else "never"
        print(f"| {name} | {fails} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
