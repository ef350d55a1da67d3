"""Who may do what: one table. Called by `http` after `identity`; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shadowlift.errors import Refused
from shadowlift.recorder.identity import Caller

ANYONE = "Anyone"


class Operation(StrEnum):
    """Everything that needs a token; the values are the operation ids in the OpenAPI document."""

    REGISTER_TRIAL = "registerTrial"
    STORE_RECORD = "storeRecord"
    READ_COUNTERS = "readCounters"
    SHIP_BATCH = "shipBatch"
    SEND_OUTCOMES = "sendOutcomes"
    READ_OUTCOMES = "readOutcomes"


@dataclass(frozen=True)
class Asked:
    """What an operation is about, as far as permission depends on it."""

    operator_account: str
    router: str | None = None  # pod uid that the batch names
    namespace: str | None = None  # of the ModelDeployment
    senders: tuple[str, ...] = ()  # of its latest trial


Role = Callable[[Caller, Asked], bool]


def operator(caller: Caller, asked: Asked) -> bool:
    """The operator's own account."""
    return caller.username == asked.operator_account


def router(caller: Caller, asked: Asked) -> bool:
    """The very pod that the batch names; whether it is registered is checked where the batch is booked."""
    return caller.pod_uid is not None and caller.pod_uid == asked.router


def sender(caller: Caller, asked: Asked) -> bool:
    """A listed ServiceAccount of the ModelDeployment's namespace, or anyone with a token where the list says Anyone."""
    return ANYONE in asked.senders or (caller.namespace == asked.namespace and caller.service_account in asked.senders)


WHO_MAY: dict[Operation, tuple[Role, ...]] = {
    Operation.REGISTER_TRIAL: (operator,),
    Operation.STORE_RECORD: (operator,),
    Operation.READ_COUNTERS: (operator,),
    Operation.SHIP_BATCH: (router,),
    Operation.SEND_OUTCOMES: (sender,),
    Operation.READ_OUTCOMES: (operator, sender),
}


def check(operation: Operation, caller: Caller, asked: Asked) -> None:
    """Let a caller through.

    Raises:
        Refused: none of its roles may do this.
    """
    if not any(role(caller, asked) for role in WHO_MAY[operation]):
        wanted = " or ".join(role.__name__ for role in WHO_MAY[operation])
        raise Refused(f"{caller.username} may not {operation.value}: this is for the {wanted}")
