"""An event loop whose clock jumps to the next thing that is due: hours of waiting in no time, and exactly in order."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time stands still while something can run, and jumps where everything waits."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0.0

    def time(self) -> float:
        return self._at

    def _run_once(self) -> None:
        due = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if due and not self._ready:
            self._at = max(self._at, min(due))
        super()._run_once()


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """Run to the end; leftover tasks are cancelled."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(scenario)
