"""How far everything has been sent, and how many lines never arrived. Fed by `watch` and `forward`; pure.

Envoy counts the lines that it hands to its log; what never appears in a file was lost (a full spool, a torn line). A line
is in a file at the latest one flush after it was counted, so a count is compared only when it is `SETTLE_US` old, and a
difference must be seen twice: a slow flush must never look like a loss.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

SETTLE_US = 2_000_000  # four flush intervals
KEEP_READINGS = 60  # a minute of them

# Where no request is under way, all that started before has been sent. Under steady traffic there is no such moment, and
# Envoy does not tell the age of its oldest request: there a request is given this long, and what the candidate has. One
# that takes longer still counts, since its unit is booked when its line comes; only an answer of the candidate must not
# come later than that, and the route's time-out sees to it.
HOLD_US = 10_000_000


@dataclass(frozen=True)
class Reading:
    """What Envoy said at one moment. Times in unix microseconds."""

    at: int  # taken before Envoy was asked
    born: int  # when this Envoy started
    given: int  # lines handed to its log since then
    shed: int  # copies dropped since then
    under_way: int  # requests and copies, with or without a line to come


@dataclass(frozen=True)
class Totals:
    """What must survive a restart of the shipper. Counts since the pod began, unless a comment says otherwise."""

    low: int = 0  # every request that started before it has been sent (unix microseconds)
    lines: int = 0  # read
    lost: int = 0
    born: int = 0  # when the last seen Envoy started (unix microseconds)
    given: int = 0  # by that Envoy
    given_before: int = 0  # by the ones before it
    shed: int = 0  # by that Envoy
    shed_before: int = 0


class Account:
    """The present state of both questions."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self._readings: deque[Reading] = deque(maxlen=KEEP_READINGS)
        self._last_look = 0  # time of the reading that was compared last
        self._missing = 0  # what that comparison found
        self._of_the_dead: int | None = None  # lines read that come from Envoys before the present one

    @property
    def totals(self) -> Totals:
        """What to keep."""
        return self._totals

    @property
    def shed(self) -> int:
        """Copies dropped since the pod began."""
        return self._totals.shed_before + self._totals.shed

    def observe(self, reading: Reading) -> None:
        """Take in what Envoy said."""
        totals = self._totals
        if totals.born == 0:
            totals = replace(totals, born=reading.born)
        elif reading.born != totals.born:
            self._readings.clear()
            self._of_the_dead = totals.lines
            totals = replace(
                totals,
                born=reading.born,
                given_before=max(totals.given_before + totals.given, totals.lines),
                shed_before=totals.shed_before + totals.shed,
            )
        self._totals = replace(totals, given=reading.given, shed=reading.shed)
        self._readings.append(reading)

    def read(self, starts: Sequence[int]) -> None:
        """Take in the start times (unix microseconds) of lines that were read.

        An Envoy that died left lines that nobody had counted yet; they must not cover up what its successor loses.
        """
        totals = replace(self._totals, lines=self._totals.lines + len(starts))
        if self._of_the_dead is not None:
            self._of_the_dead += sum(start < totals.born for start in starts)
            totals = replace(totals, given_before=max(totals.given_before, self._of_the_dead))
        self._totals = totals

    def close(self, rotated_at: int, hold_us: int) -> None:
        """All lines of the file that was rotated at that moment are read: move on as far as they allow.

        `low` stops short of a stretch in which a loss is only suspected: the recorder must hear of a loss before, or
        together with, the word that the stretch is complete.
        """
        settled = [reading for reading in self._readings if reading.at <= rotated_at - SETTLE_US]
        if not settled:
            return
        totals, look = self._totals, settled[-1]
        missing = totals.given_before + look.given - totals.lines
        lost = max(totals.lost, min(missing, self._missing))
        horizon = look.at if missing <= lost else self._last_look
        idle = [reading.at for reading in settled if reading.under_way == 0 and reading.at <= horizon]
        self._last_look, self._missing = look.at, missing
        self._totals = replace(totals, lost=lost, low=max(totals.low, horizon - hold_us, *idle))

    def close_for_ever(self, rotated_at: int) -> None:
        """The same when Envoy is gone and will not come back: nothing is under way any more."""
        self._totals = replace(self._totals, low=max(self._totals.low, rotated_at))
