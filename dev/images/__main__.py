"""`python3 -m dev.images build [NAME...] --out DIR` builds the images and writes DIR/images.json; `archives` lists them."""

import argparse
import signal
import sys
import time
from pathlib import Path

from dev.images import cache
from dev.images.build import build, read_index, write_index
from dev.images.errors import BuildError
from dev.images.wheels import check_python

REPOSITORY = Path(__file__).parents[2]


def main() -> None:
    """Parse, do, tell; exit code 1 with one message when it cannot be done."""
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that an ended build ends its steps, as with Ctrl-C
    try:
        arguments.do(arguments)
    except BuildError as error:
        sys.exit(f"images: {error}")
    except KeyboardInterrupt:
        sys.exit("images: interrupted; what was complete is kept")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python3 -m dev.images", description=__doc__)
    command = top.add_subparsers(required=True, metavar="COMMAND")
    building = command.add_parser("build", help="build images as OCI archives, from the cache what did not change")
    building.add_argument("names", nargs="*", metavar="NAME", help="images to build, with their bases; default: all")
    building.set_defaults(do=_build)
    listing = command.add_parser("archives", help="print the archives of the last build, in the order to import them")
    listing.set_defaults(do=_list)
    for each in (building, listing):
        each.add_argument("--out", type=Path, required=True, help="folder of images.json")
    return top


def _build(arguments: argparse.Namespace) -> None:
    begun = time.monotonic()
    check_python()
    archives = build(REPOSITORY, arguments.names, cache.Cache(cache.root(), _tell))
    file = write_index(archives, arguments.out)
    for archive in archives:
        _tell(f"{archive.image:<52}{archive.path.stat().st_size / 1e6:8.1f} MB")
    _tell(f"{file} in {time.monotonic() - begun:.1f} s")


def _list(arguments: argparse.Namespace) -> None:
    for archive in read_index(arguments.out):
        print(archive)


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
