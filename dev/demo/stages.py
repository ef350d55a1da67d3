"""How long each stage of `make demo` took: `python3 -m dev.demo.stages FILE NAME -- COMMAND...` runs one and notes it.

Standard library only: the first stages make the environment that the rest needs. The demo shows the file at its end.
"""

import json
import subprocess
import sys
import time
from pathlib import Path


def run(file: Path, name: str, command: list[str]) -> int:
    """Run a command, note its time in the file, and give its exit code; a failed stage says which it was."""
    print(f"── {name}", flush=True)
    start = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    seconds = time.monotonic() - start
    if code:
        print(f"the stage {name!r} failed with exit code {code}: {' '.join(command)}", file=sys.stderr)
    with file.open("a") as out:
        out.write(json.dumps({"name": name, "seconds": round(seconds, 1)}) + "\n")
    return code


def read(file: Path | None) -> list[tuple[str, float]]:
    """The stages noted so far: name and seconds."""
    if file is None or not file.exists():
        return []
    stages = (json.loads(line) for line in file.read_text().splitlines())
    return [(stage["name"], stage["seconds"]) for stage in stages]


def main(given: list[str]) -> int:
    """Run one stage; `--` sets the command apart."""
    if len(given) < 4 or given[2] != "--":
        print("usage: python3 -m dev.demo.stages FILE NAME -- COMMAND...", file=sys.stderr)
        return 2
    try:
        return run(Path(given[0]), given[1], given[3:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
