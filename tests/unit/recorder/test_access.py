"""Who may do what, and who a token's owner is."""

import pytest

from shadowlift.errors import Refused
from shadowlift.recorder.access import WHO_MAY, Asked, Operation, check
from shadowlift.recorder.identity import CACHE_US, REFUSED_CACHE_US, CachingReviewer, Caller, KnownTokens, caller_of

PREFIX = "system:serviceaccount"
OPERATOR = caller_of(f"{PREFIX}:shadowlift-system:shadowlift-operator", "operator-pod")
ROUTER = caller_of(f"{PREFIX}:clinic:default", "router-1")
OTHER_ROUTER = caller_of(f"{PREFIX}:clinic:default", "router-2")
SENDER = caller_of(f"{PREFIX}:clinic:outcome-sender", None)
NAMESAKE = caller_of(f"{PREFIX}:other:outcome-sender", None)
HUMAN = caller_of("jane", "router-1")
CALLERS = {
    "operator": OPERATOR,
    "router": ROUTER,
    "other router": OTHER_ROUTER,
    "sender": SENDER,
    "namesake of the sender": NAMESAKE,
    "human": HUMAN,
}
ALLOWED = {
    Operation.REGISTER_TRIAL: {"operator"},
    Operation.STORE_RECORD: {"operator"},
    Operation.READ_COUNTERS: {"operator"},
    Operation.SHIP_BATCH: {"router"},
    Operation.SEND_OUTCOMES: {"sender"},
    Operation.READ_OUTCOMES: {"operator", "sender"},
}
ASKED = Asked(OPERATOR.username, router="router-1", namespace="clinic", senders=("outcome-sender",))


def allowed(operation: Operation, caller: Caller, asked: Asked) -> bool:
    try:
        check(operation, caller, asked)
    except Refused:
        return False
    return True


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("who", CALLERS)
def test_who_may_do_what(operation: Operation, who: str) -> None:
    """The whole table: every operation and every kind of caller."""
    assert allowed(operation, CALLERS[who], ASKED) is (who in ALLOWED[operation])


def test_every_operation_has_a_rule() -> None:
    """A new route cannot be forgotten in the table."""
    assert set(WHO_MAY) == set(Operation)
    assert all(WHO_MAY.values())


@pytest.mark.parametrize("who", CALLERS)
def test_anyone_is_an_explicit_word(who: str) -> None:
    """Where the trial says Anyone, every authenticated caller may send outcomes, and nothing else."""
    asked = Asked(OPERATOR.username, namespace="clinic", senders=("Anyone",))
    assert allowed(Operation.SEND_OUTCOMES, CALLERS[who], asked)
    assert allowed(Operation.READ_COUNTERS, CALLERS[who], asked) is (who == "operator")


@pytest.mark.parametrize(
    "username",
    [
        "jane",
        "system:serviceaccount:clinic",
        "system:serviceaccount:clinic:a:b",
        "system:node:n1",
        "clinic:outcome-sender",
    ],
)
def test_other_users_are_no_service_accounts(username: str) -> None:
    """Only the exact form names a namespace and an account."""
    assert caller_of(username, "pod") == Caller(username)


class Counting(KnownTokens):
    """Counts how often it is asked."""

    asked = 0

    async def review(self, token: str) -> Caller | None:
        self.asked += 1
        return await super().review(token)


async def test_a_verdict_is_kept_for_a_minute() -> None:
    """One question per token and minute; an unknown token is asked about again sooner."""
    now = 0
    reviewer = Counting({"good": SENDER})
    caching = CachingReviewer(reviewer, lambda: now)
    for now, token, asked in [  # noqa: B007 - the clock reads `now`
        (0, "good", 1),
        (CACHE_US - 1, "good", 1),
        (CACHE_US, "good", 2),
        (CACHE_US, "bad", 3),
        (CACHE_US + REFUSED_CACHE_US - 1, "bad", 3),
        (CACHE_US + REFUSED_CACHE_US, "bad", 4),
    ]:
        assert await caching.review(token) == (SENDER if token == "good" else None)
        assert reviewer.asked == asked


async def test_tokens_are_not_kept() -> None:
    """Only their hash is: a memory dump must not hold credentials."""
    caching = CachingReviewer(KnownTokens({"secret-token": SENDER}), lambda: 0)
    await caching.review("secret-token")
    assert "secret-token" not in repr(vars(caching))
