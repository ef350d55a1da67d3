"""A projected ServiceAccount token, read again when the kubelet has renewed it. Used by the clients of the recorder."""

from pathlib import Path

from shadowlift.errors import Unavailable


class TokenFile:
    """The token in a file; the text is never logged."""

    def __init__(self, path: Path) -> None:
        self._path, self._changed, self._text = path, -1, ""

    def read(self) -> str:
        """The token now.

        Raises:
            Unavailable: the file cannot be read.
        """
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._changed:
                self._text, self._changed = self._path.read_text(encoding="utf8").strip(), changed
        except OSError as error:
            raise Unavailable(f"token file {self._path}: {error.strerror}") from error
        return self._text
