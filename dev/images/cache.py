"""The builder asks this for every step's result: a folder named by the hash of what it is made of, made once.

Folders lie under `$XDG_CACHE_HOME/shadowlift/images/<kind>/<key>`. A folder appears by one rename when it is complete, so
an interrupted build leaves nothing that looks finished. One build at a time: the others wait for the lock.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEEP = 2
"""Entries of each kind that outlive a build: the one in use and the one before, to go back and forth without work."""

Report = Callable[[str], None]


def root() -> Path:
    """Where the entries lie: `$XDG_CACHE_HOME/shadowlift/images`, by default under `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shadowlift" / "images"


def fingerprint(*parts: str | bytes | Path) -> str:
    """16 hex digits over texts and files: any changed, added, moved or removed part gives another one.

    A path stands for its content and its place: a folder for all files in it, compiled Python and dot-files left out.
    """
    digest = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            digest.update(len(piece).to_bytes(8))
            digest.update(piece)
    return digest.hexdigest()[:16]


def _pieces(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, Path):
        for file in files(part):
            yield str(file.relative_to(part)).encode()
            yield file.read_bytes()
    else:
        yield part.encode() if isinstance(part, str) else part


def files(tree: Path) -> list[Path]:
    """The source files of a folder (or the one file), sorted; without compiled Python and dot-files."""
    if tree.is_file():
        return [tree]
    inside = (file for file in tree.rglob("*") if file.is_file())
    return sorted(file for file in inside if not _is_by_product(file.relative_to(tree)))


def _is_by_product(file: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in file.parts) or file.suffix == ".pyc"


class Cache:
    """The entries of one build; knows which were used, so that the others can go."""

    def __init__(self, folder: Path, report: Report) -> None:
        self._folder = folder
        self._report = report
        self._used: set[Path] = set()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the cache alone; says so when another build has to end first."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._report("another build is running: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self._folder.glob("*/*.part"):  # of a build that was killed
                shutil.rmtree(left)
            yield

    def entry(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """The folder of this kind and key; where it is missing, `make` fills an empty folder that then becomes it."""
        entry = self._folder / kind / key
        if entry.is_dir():
            os.utime(entry)
        else:
            part = entry.with_suffix(".part")
            part.mkdir(parents=True)
            begun = time.monotonic()
            try:
                make(part)
                part.rename(entry)
            except BaseException:
                shutil.rmtree(part)
                raise
            self._report(f"{kind:<24}{time.monotonic() - begun:6.1f} s")
        self._used.add(entry)
        return entry

    def prune(self) -> None:
        """Of every kind, remove all but the newest `KEEP` entries and those used in this build."""
        for kind in self._folder.iterdir():
            entries = sorted(_folders(kind), key=lambda entry: entry.stat().st_mtime, reverse=True)
            for entry in entries[KEEP:]:
                if entry not in self._used:
                    shutil.rmtree(entry)


def _folders(kind: Path) -> Iterable[Path]:
    return [entry for entry in kind.iterdir() if entry.is_dir()] if kind.is_dir() else []
