"""What clients find in current's answers they must find in the candidate's; what is seen rarely, or too little of, says nothing."""

import pytest

from shadowlift.rollout.contract import difference

OURS = "2xx application/json {label:string}"
WIDER = "2xx application/json {label:string,score:number}"


def seen(current: dict[str, int], candidate: dict[str, int]) -> dict[str, int]:
    ours = {f"current|{shape}": n for shape, n in current.items()}
    return ours | {f"candidate|{shape}": n for shape, n in candidate.items()}


@pytest.mark.parametrize(
    ("candidate", "breaks"),
    [
        ({OURS: 500}, False),
        ({WIDER: 500}, False),  # a field more disturbs nobody
        ({"2xx application/json {score:number}": 500}, True),
        ({"2xx application/json {label:number}": 500}, True),
        ({"2xx text/html": 500}, True),
        ({"2xx application/json {label:string": 500}, True),  # cut off: nobody knows what else is in it
        ({OURS: 498, "4xx application/json {error:string}": 2}, False),  # an accident
        ({OURS: 450, "4xx application/json {error:string}": 50}, True),
    ],
)
def test_a_field_a_type_or_a_status_that_is_missing_is_told(candidate: dict[str, int], breaks: bool):
    """Same status class, same content type, and at least the same fields of the same types."""
    found = difference(seen({OURS: 500}, candidate))
    assert found is not None
    assert bool(found) is breaks
    assert not breaks or ("current" in found and OURS in found)


def test_whatever_current_does_the_candidate_may_do():
    """Current answers in two ways, and so may the candidate."""
    other = "4xx application/problem+json {title:string}"
    assert difference(seen({OURS: 400, other: 100}, {WIDER: 450, other: 50})) == ""


@pytest.mark.parametrize(("current", "candidate"), [(99, 500), (500, 99), (0, 0)])
def test_too_few_answers_say_nothing(current: int, candidate: int):
    """None is not yet: neither compatible nor not."""
    assert difference(seen({OURS: current}, {OURS: candidate})) is None


@pytest.mark.parametrize(("others", "known"), [(4, True), (5, False), (500, False)])
def test_more_kinds_than_are_kept_are_no_proof(others: int, known: bool):
    """Nobody knows whose they are, nor what they look like."""
    found = difference({**seen({OURS: 500}, {OURS: 500}), "": others})
    assert (found is not None) is known
