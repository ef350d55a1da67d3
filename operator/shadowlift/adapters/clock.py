"""The only place of the operator that asks what time it is, and where chance comes from. Implements the port Clock."""

import random
import time


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()  # noqa: TID251 - the one clock

    def jitter(self) -> float:
        """A number in [0, 1) that spreads retries."""
        return random.random()  # noqa: S311 - not for secrets
