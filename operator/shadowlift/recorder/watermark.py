"""How far a trial's lines are complete. Called by `closing`, `upkeep` and `evidence`; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

FOREVER = 2**63 - 1
NEVER = -(2**63)


@dataclass(frozen=True)
class RouterState:
    """What counts of a router here. Times in unix microseconds."""

    low: int | None  # every request that started before it has been sent; None: never heard
    silent: bool  # declared lost: not waited for


@dataclass(frozen=True)
class Gap:
    """A stretch in which a router may have lost lines; `end` None: still open."""

    start: int
    end: int | None

    def covers(self, t: int) -> bool:
        """Whether a request that started at `t` may have lost a line."""
        return self.start <= t and (self.end is None or t <= self.end)


def watermark(routers: Iterable[RouterState]) -> int | None:
    """Minimum `low` over the routers that are waited for; None where there is none, or one was never heard."""
    lows = [router.low for router in routers if not router.silent]
    heard = [low for low in lows if low is not None]
    return min(heard) if heard and len(heard) == len(lows) else None


def barrier(routers: Iterable[RouterState]) -> int:
    """Units that started before it may close: the watermark, or time alone where there is no router to wait for."""
    waited_for = [router for router in routers if not router.silent]
    if not waited_for:
        return FOREVER
    mark = watermark(waited_for)
    return NEVER if mark is None else mark


def may_have_lost(low: int | None, gaps: Iterable[Gap], t: int) -> bool:
    """Whether a missing line may be the router's fault: it lost lines then, or never said that it had sent them all."""
    return low is None or low <= t or any(gap.covers(t) for gap in gaps)
