"""What a router shall do, as a value: who answers, who is measured beside it, and which clusters it must know for that.

Made by `rollout` from the ModelDeployment, stored beside the files that were made from it, and compared by `steps`.
"""

import hashlib
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from shadowlift.api.base import Model
from shadowlift.api.capture import Extraction
from shadowlift.api.ledger import TrialUid
from shadowlift.api.names import HEADER_ID, MOST_CANDIDATES


class Upstream(Model):
    """A process that answers HTTP/1.1: a name that DNS resolves without search domains, or an address."""

    host: Annotated[str, Field(min_length=1, max_length=254)]
    port: Annotated[int, Field(ge=1, le=65535)]

    @field_validator("host")
    @classmethod
    def _is_complete(cls, host: str) -> str:
        if not host.endswith(".") and not _is_address(host):
            raise ValueError(
                f"{host!r} must end with a dot (fully qualified) or be an IP address; search domains are not tried"
            )
        return host

    @property
    def cluster(self) -> str:
        """Cluster name by content, never by role: a process that changes its role keeps its connections."""
        return f"up-{_digest(f'{self.host}:{self.port}')}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class Chain(Model):
    """Processes in the order in which they are asked: the second one where the first one fails."""

    members: Annotated[tuple[Upstream, ...], Field(min_length=1, max_length=2)]

    @property
    def cluster(self) -> str:
        """Name of the cluster to which a route leads."""
        names = [member.cluster for member in self.members]
        return names[0] if len(names) == 1 else f"chain-{_digest('>'.join(names))}"

    @property
    def clusters(self) -> frozenset[str]:
        """Names of all clusters that it needs."""
        return frozenset({self.cluster, *(member.cluster for member in self.members)})


class Split(Model):
    """How live requests are shared between a candidate and whoever serves. Within a trial only the weight changes, and only upwards."""

    candidate: Upstream
    weight: Annotated[int, Field(ge=0, le=1000)]  # of the units, in thousandths
    fail_open: bool  # current is asked where the candidate fails

    def chain(self, current: Upstream) -> Chain:
        """To whom a request of the candidate's arm is given."""
        return Chain(members=(self.candidate, current) if self.fail_open else (self.candidate,))


class Rival(Model):
    """A further candidate that gets copies."""

    name: Annotated[str, Field(min_length=1, max_length=30)]
    upstream: Upstream


class TrialRoute(Model):
    """A trial as the router and its shipper see it."""

    uid: TrialUid
    epoch: Annotated[int, Field(ge=0)]
    percent_millionths: Annotated[int, Field(ge=0, le=1_000_000)]  # of the requests, to be mirrored and measured
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{2,128}$")]
    unit_header: str | None = None
    key_header: str | None = None  # None: the router's own id
    answer_within_us: Annotated[int, Field(gt=0)]
    alone: bool = False  # the live answers are those of a watch before a shadow, and are judged as beside copies
    shapes: bool = False  # answers are read as a whole, wherever their prediction stands
    current: Extraction  # of the live answers, whoever gives them
    candidate: Extraction  # of the answers to copies

    @field_validator("key_header")
    @classmethod
    def _own_id_is_none(cls, header: str | None) -> str | None:
        return None if header == HEADER_ID else header


class RouterIntent(Model):
    """All that decides the content of a router's configuration.

    `spare` are chains whose clusters are there without a route: prepared, or not yet taken away; `steps` sets them.
    """

    current: Upstream
    candidate: Upstream | None = None  # serves with current behind it, or is kept ready to
    serve: Literal["current", "candidate"] = "current"
    fail_open: bool = True  # behind a candidate that serves stands current, which is asked where it fails
    shadow: Upstream | None = None  # gets the copies
    rivals: Annotated[tuple[Rival, ...], Field(max_length=MOST_CANDIDATES - 1)] = ()  # get copies of their own
    split: Split | None = None  # who answers a share of the units; all else goes to who serves
    trial: TrialRoute | None = None
    try_timeout_ms: Annotated[int, Field(gt=0)]  # of a serving candidate: then current is asked as well
    recorder_url: str
    spare: tuple[Chain, ...] = ()
    spare_try_ms: Annotated[int, Field(ge=0)] = 0  # the longest try that may still be under way to a spare chain

    @model_validator(mode="after")
    def _is_possible(self) -> "RouterIntent":
        if self.serve == "candidate" and self.candidate is None:
            raise ValueError("candidate: must be set to be served")
        copies = self.shadow is not None or bool(self.rivals)
        if copies and self.split is not None:
            raise ValueError("shadow: a trial copies requests or splits them, never both at once")
        if (self.trial is None) != (not copies and self.split is None):
            raise ValueError("trial: goes with shadow or split, and only with one of them")
        return self

    @property
    def serving(self) -> Chain:
        """Who answers live requests that can be sent twice; all others go to current."""
        if self.serve == "candidate" and self.candidate:
            return self._behind(self.candidate)
        return Chain(members=(self.current,))

    def _behind(self, candidate: Upstream) -> Chain:
        return Chain(members=(candidate, self.current) if self.fail_open else (candidate,))

    @property
    def chains(self) -> tuple[Chain, ...]:
        """All that the router knows: the chains with a role, then the spare ones."""
        known = [Chain(members=(self.current,))]
        if self.candidate:
            known.append(self._behind(self.candidate))
        if self.shadow:
            known.append(Chain(members=(self.shadow,)))
        known += [Chain(members=(rival.upstream,)) for rival in self.rivals]
        if self.split:
            known.append(self.split.chain(self.current))
        return (*known, *self.spare)

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        """All processes that the router knows, each once."""
        return tuple(dict.fromkeys(member for chain in self.chains for member in chain.members))

    @property
    def clusters(self) -> frozenset[str]:
        """Names of all clusters that the router knows."""
        return frozenset[str]().union(*(chain.clusters for chain in self.chains))

    @property
    def routed(self) -> frozenset[str]:
        """Names of the clusters to which routes lead; current is always one of them."""
        shadow = {self.shadow.cluster} if self.shadow else set()
        split = {self.split.chain(self.current).cluster} if self.split else set()
        rivals = {rival.upstream.cluster for rival in self.rivals}
        return frozenset({self.current.cluster, self.serving.cluster} | shadow | rivals | split)

    @property
    def weight(self) -> int:
        """Share of the live requests that can be split, in thousandths, that a candidate answers."""
        if self.split:
            return self.split.weight
        return 1000 if self.serve == "candidate" else 0
