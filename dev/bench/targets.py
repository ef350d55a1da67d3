"""What a wrong target lift costs: `python -m dev.bench.targets`. Seconds; by enumeration, without chance.

Right and wrong, 6 % disagreement, alpha 0.05, a look after every disagreement: mean requests until a lift of 2 points is proven, by
tests that were planned for another. Read by `docs/explanation/statistics.md`.
"""

import functools
import math

from shadowlift.stats import paired
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.terms import PairedTest, Rates
from tests.unit.stats import exact

DISAGREEMENT, LIFT, ALPHA = 0.06, 0.02, 0.05
DISAGREEMENTS = 1200  # by then all but one in a million are proven


def mean_requests(target: float) -> tuple[float, float]:
    """Until the lift is proven, and the part of the trials in which it ever is."""
    test = PairedTest.planned(minimum_lift=0.0, target_lift=target, rates=Rates(ALPHA), second_moment=DISAGREEMENT)

    @functools.cache
    def crosses(counts: PairedCounts) -> bool:
        return paired.log_e_value(counts, test.bets, 0.0) >= -math.log(ALPHA)

    path = exact.follow([(DISAGREEMENT + LIFT) / (2 * DISAGREEMENT)] * DISAGREEMENTS, crosses)
    return path.mean_looks / DISAGREEMENT, path.crossed


def main() -> None:
    """Reckon and print, as Markdown."""
    print("| planned target | mean requests | proven |\n| --- | --- | --- |")
    for factor in (0.25, 0.5, 1.0, 2.0, 4.0):
        requests, proven = mean_requests(LIFT * factor)
        print(f"| {factor:g} times the true lift | {requests:,.0f} | {proven:.6f} |")


if __name__ == "__main__":
    main()
