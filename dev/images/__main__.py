"""`python3 -m dev.images build [NAME...] --out DIR` builds the images and writes DIR/images.json."""

import argparse
import signal
import sys
import time
from pathlib import Path

from dev.images import cache
from dev.images.build import build, write_index
from dev.images.errors import BuildError
from dev.images.wheels import check_python

REPOSITORY = Path(__file__).parents[2]


def main() -> None:
    """Parse, build, tell; exit code 1 with one message when it cannot be done."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that an ended build ends its steps, as with Ctrl-C
    begun = time.monotonic()
    try:
        check_python()
        archives = build(REPOSITORY, arguments.names, cache.Cache(cache.root(), _tell))
    except BuildError as error:
        sys.exit(f"images: {error}")
    except KeyboardInterrupt:
        sys.exit("images: interrupted; what was complete is kept")
    file = write_index(archives, arguments.out)
    for archive in archives:
        _tell(f"{archive.image:<52}{archive.path.stat().st_size / 1e6:8.1f} MB")
    _tell(f"{file} in {time.monotonic() - begun:.1f} s")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python3 -m dev.images", description=__doc__)
    command = top.add_subparsers(required=True, metavar="COMMAND")
    building = command.add_parser("build", help="build images as OCI archives, from the cache what did not change")
    building.add_argument("names", nargs="*", metavar="NAME", help="images to build, with their bases; default: all")
    building.add_argument("--out", type=Path, required=True, help="folder for images.json")
    return top


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
