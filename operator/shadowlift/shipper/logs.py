"""Logs of the router pod's programs: one JSON object per line on standard output."""

import json
import logging
import sys
import time
import traceback
from pathlib import Path

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        time_of = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"
        out = {"level": record.levelname.lower(), "time": time_of, "message": record.getMessage(), **fields}
        if record.exc_info:
            out["trace"] = self.formatException(record.exc_info)
        return json.dumps(out, default=str)


def where(error: BaseException) -> str:
    """An error by its type and place: its words may hold what a process answered, which is nobody's to read here."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {' > '.join(f'{Path(one.filename).name}:{one.lineno}' for one in places[-4:])}"


def configure() -> None:
    """Send all logs to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    formatter = _JsonLines()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level="INFO", handlers=[handler], force=True)
