"""How far it is: one line on a terminal that is drawn over. Used by `simulate`; says nothing where nobody looks, as in a pipe."""

from typing import TextIO

_WIDTH = 30
_DRAWINGS = 200
"""Of a whole bar; more would cost time that nobody sees."""


class Bar:
    """A bar on a stream; `advance` after each of `total` steps, `clear` at the end."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream, self._total, self._done = stream, total, 0
        self._every = max(1, total // _DRAWINGS)
        self._shown = stream.isatty()

    def advance(self, what: str) -> None:
        """One step more; `what` stands beside the bar."""
        self._done += 1
        if self._shown and (self._done % self._every == 0 or self._done == self._total):
            full = _WIDTH * self._done // self._total
            self._stream.write(f"\r\x1b[K[{'#' * full:{_WIDTH}}] {self._done / self._total:4.0%} {what}")
            self._stream.flush()

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
