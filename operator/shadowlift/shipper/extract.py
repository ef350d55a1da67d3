"""From the router's line to the recorder's row. Called by `forward` for every line; pure.

The order of the rules is the meaning of a status: a client that hung up excuses both sides; a process that failed has
failed whatever it also said; only then is its answer read.
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property

from shadowlift.api.capture import NOT_COPIED, CaptureTrial, Line, Track
from shadowlift.api.ledger import Arm, Row, RowStatus
from shadowlift.shipper.prediction import Answer, Reader
from shadowlift.shipper.shape import shape

MAX_KEY = 128  # of the wire format; a longer key could not be named by an outcome either

# Envoy's response flags in the order in which they are asked for; the first that is set gives the reason.
_NOBODYS = {"DC": "ClientGone", "DPE": "ClientBroken", "DR": "ClientGone", "NR": "Unrouted", "NC": "Unrouted"}
_FAILURES = {
    "UH": "NoEndpoint",
    "UF": "Refused",
    "UT": "Timeout",
    "SI": "Timeout",
    "UC": "Broken",
    "UR": "Broken",
    "LR": "Broken",
    "UPE": "Broken",
    "UO": "Overflow",
}
_FROM_UPSTREAM = "via_upstream"


@dataclass(frozen=True)
class Extractor:
    """One trial's rules, made ready once."""

    trial: CaptureTrial

    @cached_property
    def _salt(self) -> bytes:
        return bytes.fromhex(self.trial.salt)

    @cached_property
    def _readers(self) -> tuple[Reader, Reader]:
        """Of current's and of the candidate's answers."""
        return Reader(self.trial.current), Reader(self.trial.candidate)

    @cached_property
    def _unit_is_copied(self) -> bool:
        return (self.trial.unit_header or "").lower() not in NOT_COPIED

    def row(self, line: Line) -> Row:
        """The row of a line of this trial; never fails, whatever the processes answered."""
        arm = self._arm(line)
        judged = None if self.trial.alone else arm  # by what was given to it
        answer = self._judge(line) if judged is None else self._judge_arm(line, judged)
        unit = self._unit(line)
        can_tell = line.track is Track.LIVE or self._unit_is_copied
        return Row(
            trial=line.trial,
            epoch=line.epoch,
            id=line.id,
            track=line.track,
            t=line.t,
            status=answer.status,
            value=answer.value,
            reason=answer.reason,
            us=line.us if judged is None else line.us_all,
            mirrored=line.track is Track.LIVE and line.mirror == "yes",
            candidate=line.candidate or None,
            arm=arm,
            shape=shape(line) if self.trial.shapes else None,
            unit=unit,
            key=line.key if line.key and len(line.key) <= MAX_KEY else None,
            unitless=self.trial.unit_header is not None and unit is None and can_tell,
        )

    def _unit(self, line: Line) -> str | None:
        """Hex HMAC: the same unit is recognised within a trial, and nowhere else."""
        if self.trial.unit_header is None or not line.unit:
            return None
        return hmac.new(self._salt, line.unit.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _arm(self, line: Line) -> Arm | None:
        """To whom the request was given; None where it was not split."""
        if line.split != "yes":
            return None
        return Arm.CANDIDATE if line.cluster == self.trial.given_to else Arm.CURRENT

    def _judge_arm(self, line: Line, arm: Arm) -> Answer:
        """What the process did to which the request was given. A client that hung up may have been kept waiting: that is its doing too.

        The failure of a candidate is one, although current answered in its place.
        """
        flags = set(line.flags.split(","))
        if reason := _first(_NOBODYS, flags) or _failure(line, flags):
            return Answer(RowStatus.FAILED, reason=reason)
        own = self.trial.candidate_cluster if arm is Arm.CANDIDATE else self.trial.rest_cluster
        if own is not None and (line.tries > 1 or line.answered != own):
            return Answer(RowStatus.FAILED, reason="FellBack")
        late = line.us_all is not None and line.us_all > self.trial.answer_within_us
        if arm is Arm.CANDIDATE and late:
            return Answer(RowStatus.FAILED, reason="Late")
        return self._read(line, by_candidate=arm is Arm.CANDIDATE)

    def _judge(self, line: Line) -> Answer:
        flags = set(line.flags.split(","))
        if reason := _first(_NOBODYS, flags):
            return Answer(RowStatus.GONE, reason=reason)
        if reason := _failure(line, flags):
            return Answer(RowStatus.FAILED, reason=reason)
        if line.track is Track.SHADOW and line.us is not None and line.us > self.trial.answer_within_us:
            return Answer(RowStatus.FAILED, reason="Late")
        return self._read(line, by_candidate=line.track is Track.SHADOW)

    def _read(self, line: Line, *, by_candidate: bool) -> Answer:
        answer = self._readers[by_candidate].read(line)
        if line.code >= 400 and answer.status is not RowStatus.OK:
            return Answer(RowStatus.UNREADABLE, reason="Status4xx")
        return answer


def _first(reasons: dict[str, str], flags: set[str]) -> str | None:
    return next((reason for flag, reason in reasons.items() if flag in flags), None)


def _failure(line: Line, flags: set[str]) -> str | None:
    """Why the process did not answer, or None where it did."""
    if reason := _first(_FAILURES, flags):
        return reason
    if line.code == 0:
        return "Broken"
    if line.details != _FROM_UPSTREAM:  # the router spoke in its place
        return "NoAnswer"
    if line.code >= 500:
        return "Status5xx"
    return "TooManyRequests" if line.code == 429 else None
