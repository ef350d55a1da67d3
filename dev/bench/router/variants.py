"""What is compared, by name: intents of a router. `configs` makes files of them, `rounds` sees that they do what they say."""

from collections.abc import Callable
from dataclasses import dataclass

from dev.bench.router.wire import PREDICTION_FIELD, PREDICTION_HEADER, UNIT_HEADER
from shadowlift.api.capture import Extraction
from shadowlift.resources.router.intent import RouterIntent, Split, TrialRoute, Upstream

BY_BODY, BY_HEADER, NOTHING = Extraction(body=PREDICTION_FIELD), Extraction(header=PREDICTION_HEADER), Extraction()


@dataclass(frozen=True)
class Behind:
    """The processes behind every router."""

    current: Upstream
    candidate: Upstream


@dataclass(frozen=True)
class Variant:
    """One router.

    Attributes:
        name: in the tables.
        intent: what it shall do; None for a bare Envoy.
        lines: in its log, for each request.
        prediction: how its lines come to hold one.
        candidate: share of the requests that the candidate answers.
    """

    name: str
    intent: Callable[[Behind], RouterIntent] | None
    lines: int = 0
    prediction: Extraction = NOTHING
    candidate: float = 0.0


def _intent(behind: Behind, **fields: object) -> RouterIntent:
    every = {"current": behind.current, "try_timeout_ms": 1000, "recorder_url": "http://127.0.0.1:9", **fields}
    return RouterIntent.model_validate(every)


def _trial(prediction: Extraction) -> TrialRoute:
    return TrialRoute(
        uid="trial-0001",
        epoch=1,
        percent_millionths=1_000_000,
        salt="5a17",
        unit_header=UNIT_HEADER,
        answer_within_us=1_000_000,
        current=prediction,
        candidate=prediction,
    )


def _shadow(name: str, prediction: Extraction) -> Variant:
    def intent(behind: Behind) -> RouterIntent:
        return _intent(behind, shadow=behind.candidate, trial=_trial(prediction))

    return Variant(name, intent, lines=2, prediction=prediction)


def _canary(name: str, prediction: Extraction) -> Variant:
    def intent(behind: Behind) -> RouterIntent:
        split = Split(candidate=behind.candidate, weight=500, fail_open=True)
        return _intent(behind, split=split, trial=_trial(prediction))

    return Variant(name, intent, lines=1, prediction=prediction, candidate=0.5)


def _promoted(behind: Behind) -> RouterIntent:
    return _intent(behind, candidate=behind.candidate, serve="candidate")


BARE = Variant("bare Envoy", None)
AGAIN = Variant("bare Envoy again", None)
UNTRIED = Variant("no trial", _intent)
SHADOW = _shadow("shadow, prediction in the body", BY_BODY)
SHADOW_BY_HEADER = _shadow("shadow, prediction in a header", BY_HEADER)
CANARY = _canary("canary 50 %, prediction in the body", BY_BODY)
CANARY_UNREAD = _canary("canary 50 %, nothing read", NOTHING)
PROMOTED = Variant("promoted candidate serves", _promoted, candidate=1.0)

ALL = (BARE, AGAIN, UNTRIED, SHADOW, SHADOW_BY_HEADER, CANARY, CANARY_UNREAD, PROMOTED)
