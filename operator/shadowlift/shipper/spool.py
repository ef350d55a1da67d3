"""The spool directory: which file is written, which is being sent, and what survives a kill at any moment.

    access.jsonl          Envoy writes it
    pending-<seq>.jsonl   taken out of Envoy's hands; its first batch has that number; kept until the recorder has it all
    idle-<seq>.jsonl      an empty one, which Envoy never had: nothing happened, and that is to be told
    shipper.state         the next number and the totals, always of the same size: a full volume cannot refuse to overwrite it
    trial-<uid>.json      how to read the lines of a trial that may no longer be mounted

There is at most one pending file. Its number is in its name, and its batches are cut by line count, so that a batch that
is sent again has the same number and the same rows, whoever died in between.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path

from shadowlift.api.capture import LOG_FILE, CaptureTrial
from shadowlift.errors import InvalidInput
from shadowlift.shipper.account import Totals

BATCH_LINES = 5000  # the wire format's largest batch
KEEP_TRIALS = 8
_TAKEN, _IDLE = "pending-", "idle-"
_STATE_BYTES = 4096  # one page: written whole or not at all


@dataclass(frozen=True)
class State:
    """What the shipper must know again after a restart."""

    next_seq: int = 1
    totals: Totals = field(default_factory=Totals)


@dataclass(frozen=True)
class Pending:
    """A file to be sent."""

    path: Path

    @property
    def seq(self) -> int:
        """Number of its first batch."""
        return int(self.path.stem.partition("-")[2])

    @property
    def was_envoys(self) -> bool:
        """Whether Envoy may still write to it until it reopens its log."""
        return self.path.name.startswith(_TAKEN)

    @property
    def rotated_at(self) -> int:
        """When it was taken out of Envoy's hands (unix microseconds)."""
        return self.path.stat().st_ctime_ns // 1000

    def chunks(self) -> Iterator[tuple[list[bytes], bool]]:
        """Its lines, a batch at a time, and whether these are the last; one empty batch for an empty file."""
        with self.path.open("rb") as file:
            lines = list(islice(file, BATCH_LINES))
            while True:
                following = list(islice(file, BATCH_LINES))
                yield lines, not following
                if not following:
                    return
                lines = following


class Spool:
    """One spool directory. Blocking, but everything in it is memory."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / LOG_FILE
        self._directory = directory
        self._state_path = directory / "shipper.state"
        if not self._state_path.exists():
            self.save(State())

    def load(self) -> State:
        """The state as last saved.

        Raises:
            InvalidInput: the file was damaged by somebody else; numbers must not be used twice, so nobody may guess.
        """
        try:
            raw = json.loads(self._state_path.read_bytes())
            return State(raw["next_seq"], Totals(**raw["totals"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                str(self._state_path), "is damaged; replace the router pod, which starts anew"
            ) from error

    def save(self, state: State) -> None:
        """Overwrite the state in place."""
        text = json.dumps(asdict(state)).encode().ljust(_STATE_BYTES)
        descriptor = os.open(self._state_path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, text, 0)
        finally:
            os.close(descriptor)

    def waiting(self) -> bool:
        """Whether Envoy has written something that is not taken yet."""
        return self.log.exists() and self.log.stat().st_size > 0

    def pending(self) -> Pending | None:
        """The file that is to be sent. One whose batches are all received, but that was not deleted, is deleted now."""
        next_seq = self.load().next_seq
        for prefix in (_TAKEN, _IDLE):
            for path in self._directory.glob(f"{prefix}*.jsonl"):
                pending = Pending(path)
                if pending.seq >= next_seq:
                    return pending
                path.unlink()
        return None

    def take(self) -> Pending:
        """Take the log out of Envoy's hands; Envoy writes on until it reopens its log. An idle file where it is empty.

        Raises:
            OSError: the volume is full, so that not even an empty file can be made.
        """
        seq = self.load().next_seq
        if self.waiting():
            return Pending(self.log.rename(self._directory / f"{_TAKEN}{seq}.jsonl"))
        path = self._directory / f"{_IDLE}{seq}.jsonl"
        path.touch(exist_ok=False)
        return Pending(path)

    def finish(self, pending: Pending, state: State) -> None:
        """The recorder has all of it."""
        self.save(state)
        pending.path.unlink()

    def remember(self, trial: CaptureTrial) -> None:
        """Keep a trial's rules, as they are now, for lines that are read after it has gone from the ConfigMap.

        Raises:
            OSError: the volume is full; the rules are known only as long as this process lives.
        """
        path, text = self._directory / f"trial-{trial.uid}.json", trial.model_dump_json(by_alias=True)
        if not path.exists() or path.read_text() != text:
            fresh = path.with_suffix(".new")
            fresh.write_text(text)
            fresh.rename(path)
            known = sorted(self._directory.glob("trial-*.json"), key=lambda known: known.stat().st_mtime_ns)
            for oldest in known[:-KEEP_TRIALS]:
                oldest.unlink()

    def remembered(self) -> list[CaptureTrial]:
        """The trials kept."""
        files = self._directory.glob("trial-*.json")
        return [CaptureTrial.model_validate_json(path.read_bytes()) for path in files]


def advanced(state: State, batches: int, totals: Totals) -> State:
    """The state after that many more batches."""
    return replace(state, next_seq=state.next_seq + batches, totals=totals)
