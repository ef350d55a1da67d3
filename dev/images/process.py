"""The builder's steps run other programs through this: quiet when all is well, their output when not, none left behind."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.images.errors import BuildError

TAIL = 30
"""Lines of a failed program's output that are shown."""


def run(command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return what it printed; `env` is added to this process's environment.

    An interrupt ends the program's whole process group before it is passed on.

    Raises:
        BuildError: the program is missing or failed; with the end of its output.
    """
    if shutil.which(str(command[0])) is None:
        raise BuildError(f"{command[0]} is not installed: install it and run this again")
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    if process.returncode:
        last = "\n".join(output.splitlines()[-TAIL:])
        raise BuildError(f"{Path(command[0]).name} failed (exit code {process.returncode}):\n{last}")
    return output
