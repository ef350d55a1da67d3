"""What a part of alpha kept for the deadline buys: `python -m dev.bench.deadline`. Seconds; by enumeration, without chance.

Right and wrong, 6 % disagreement, a true lift of 2 points (or none, for type I), the deadline at 1.25 times the classical sample size
for 80 % power; a look after every disagreement. Read by `docs/decisions/0006-the-deadlines-share.md`.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from shadowlift.stats import paired
from shadowlift.stats.counts import PairedCounts
from shadowlift.stats.deadline import sign_test
from shadowlift.stats.terms import PairedTest, Rates
from tests.unit.stats import exact

DISAGREEMENT, TARGET = 0.06, 0.02
CLASSICAL = {0.05: 921, 0.01: 1495}
"""alpha -> requests that a one-sided z-test needs for 80 % power."""

LATER = 1.25
SIDES = 4.5  # standard deviations of the number of disagreements that are followed


@dataclass(frozen=True)
class Setting:
    """One alpha, and the part of it that is kept."""

    alpha: float
    share: float

    @property
    def requests(self) -> int:
        """How many there are until the deadline."""
        return round(LATER * CLASSICAL[self.alpha])

    def crosses(self) -> exact.Crosses:
        """Whether the e-process promotes on these counts."""
        rates = Rates(self.alpha, deadline_share=self.share)
        test = PairedTest.planned(minimum_lift=0.0, target_lift=TARGET, rates=rates, second_moment=DISAGREEMENT)
        return functools.cache(
            lambda counts: paired.log_e_value(counts, test.bets, 0.0) >= -math.log(rates.at_any_look)
        )

    def disagreements(self) -> Iterator[tuple[int, float]]:
        """How many there are until the deadline, and how probable that is."""
        n, mean = self.requests, self.requests * DISAGREEMENT
        for k in range(max(1, int(mean - SIDES * math.sqrt(mean))), int(mean + SIDES * math.sqrt(mean))):
            yield k, math.comb(n, k) * DISAGREEMENT**k * (1 - DISAGREEMENT) ** (n - k)


def promoted(setting: Setting, win_rate: float) -> tuple[float, float]:
    """The probability of a promotion by the deadline, and the mean requests until then as a part of the classical number."""
    early, kept, power, looks = setting.crosses(), setting.alpha * setting.share, 0.0, 0.0
    for last, probability in setting.disagreements():

        def crosses(counts: PairedCounts, last: int = last) -> bool:
            return early(counts) or (kept > 0 and counts.n == last and sign_test(counts) <= kept)

        path = exact.follow([win_rate] * last, crosses)
        power, looks = power + probability * path.crossed, looks + probability * path.mean_looks
    return power, looks / DISAGREEMENT / CLASSICAL[setting.alpha]  # Wald: disagreements seen = rate x requests seen


def main() -> None:
    """Reckon and print, as Markdown."""
    print("| alpha | kept for the deadline | power | mean sample | type I |\n| --- | --- | --- | --- | --- |")
    for alpha in CLASSICAL:
        for share in (0.0, 0.5, 0.6, 0.7, 0.8):
            setting = Setting(alpha, share)
            power, mean = promoted(setting, (DISAGREEMENT + TARGET) / (2 * DISAGREEMENT))
            wrong, _ = promoted(setting, 0.5)
            print(f"| {alpha:g} | {share:g} | {power:.3f} | {mean:.2f} | {wrong:.4f} |", flush=True)


if __name__ == "__main__":
    main()
