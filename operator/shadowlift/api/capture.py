"""What the router tells the shipper: one JSON line per request and track, and the rules to read it by.

`resources` writes the Envoy log format that produces a `Line` and the `CaptureConfig` beside it; `shipper` reads both.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shadowlift.api.base import Model
from shadowlift.api.objective import PredictionType

BODY_LIMIT = 65_536  # bytes of an answer that the router copies; a longer answer is cut and says so

# Where router and shipper meet: file names in the spool, a counter in Envoy, headers that a copy does not carry.
LOG_FILE = "access.jsonl"
ADMIN_SOCKET = "admin.sock"
LINES_COUNTER = "shadowlift.lines"  # lines of both tracks handed to the log, whether or not the spool took them
NOT_COPIED = frozenset({"authorization", "cookie", "accept-encoding"})


class Track(StrEnum):
    """Which of the two answers to a request a line or row speaks of."""

    LIVE = "live"  # what the client got
    SHADOW = "shadow"  # what the candidate answered to the copy


class Line(BaseModel):
    """One line of the router's log. Envoy leaves out what it has no value for; numbers in route metadata stay numbers.

    Times are microseconds. Durations are null where the answer broke off.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    v: int = 1
    track: Track
    id: str
    t: int  # start of the request, unix microseconds (the router's clock)
    trial: str
    epoch: int
    mirror: str = "no"  # yes | no (shape: too large or of unknown length)
    unit: str | None = None
    key: str | None = None  # of the outcome, where it is not the id
    code: int = 0
    flags: str = "-"
    details: str = ""
    us: int | None = None  # from the first byte sent to the last byte of the answer; of the last try
    us_all: int | None = None  # from the first byte received to the last byte of the answer; of all tries together
    candidate: str | None = None  # of a copy to one of several candidates: whose; None: the first's
    split: str | None = None  # of a trial that splits: yes | no (cannot be sent twice, or no unit header)
    cluster: str | None = None  # to which the request was given
    answered: str | None = None  # cluster of the process that answered
    tries: int = 1
    ctype: str | None = None
    cenc: str | None = None
    pred: str | None = None  # the prediction header
    cut: bool = False
    body: str | None = None  # base64


class Extraction(Model):
    """Where one side's answer carries its prediction, and what its values are called in the outcomes' words."""

    body: str | None = None
    header: str | None = None
    type: PredictionType = PredictionType.STRING
    map: dict[str, str] = Field(default_factory=dict)


class CaptureTrial(Model):
    """All that a shipper needs to read a trial's lines."""

    uid: str
    salt: str  # hex; units leave the pod only as HMAC-SHA256(salt, unit)
    given_to: str | None = None  # cluster that stands for the candidate's arm of a split; None: the trial mirrors
    candidate_cluster: str | None = None  # of the candidate's processes themselves
    rest_cluster: str | None = (
        None  # of the processes of the other arm, where others stand in for them; None: nobody does
    )
    unit_header: str | None = None
    key_header: str | None = None  # None: the router's own id
    answer_within_us: int
    alone: bool = False  # live answers are judged as those beside copies are, though all of them are given to one arm
    shapes: bool = False  # tell the shape of every answer
    current: Extraction
    candidate: Extraction


class CaptureConfig(Model):
    """`shipper.json` in the router's ConfigMap."""

    version: str
    recorder_url: str
    trial: CaptureTrial | None = None


class LoadedConfig(Model):
    """`GET /config` of the shipper: what the router has in force, as far as the shipper can see it."""

    mounted: str | None  # version of the files in the volume
    loaded: Annotated[dict[str, str | None], Field(max_length=8)]  # resource kind (lds, cds, live, shadow) -> version
    warming: int  # clusters that have no endpoints yet
    rejected: int  # updates refused since start
    agreed: bool  # every loaded version equals the mounted one and nothing is warming
