"""A live answer must be current's own, byte for byte, plus the headers that the router is documented to add."""

import pytest

from dev.traffic.direct import Comparison
from dev.traffic.load import Answer
from tests.component.traffic.conftest import answer

OWN = Answer(200, {"Content-Type": "application/json", "Server": "rules", "Date": "Mon"}, b'{"result": "M"}')


@pytest.fixture
def comparison(row) -> Comparison:
    return Comparison(answers={row.body: OWN})


def test_the_same_answer_with_the_routers_id_matches(comparison, row):
    """Names of headers have no case; dates are of the moment."""
    headers = {"content-type": "application/json", "server": "rules", "date": "Tue", "x-shadowlift-id": "1"}
    comparison.compare(1, row, Answer(200, headers, OWN.body))
    assert comparison.report() == {"compared": 1, "mismatched": 0, "mismatches": []}


@pytest.mark.parametrize(
    ("live", "told"),
    [
        (Answer(200, OWN.headers, b'{"result":"M"}'), "body"),
        (Answer(201, OWN.headers, OWN.body), "status 200 became 201"),
        (Answer(200, {**OWN.headers, "Server": "envoy"}, OWN.body), "header server: 'rules' became 'envoy'"),
        (Answer(200, {**OWN.headers, "x-extra": "1"}, OWN.body), "header x-extra: None became '1'"),
        (Answer(200, {"Server": "rules"}, OWN.body), "header content-type"),
    ],
)
def test_any_other_difference_is_told(comparison, row, live, told):
    comparison.compare(7, row, live)
    report = comparison.report()
    assert report["mismatched"] == 1
    assert report["mismatches"][0]["n"] == 7
    assert told in report["mismatches"][0]["differences"][0]


async def test_current_is_asked_once_per_distinct_case(process, row):
    server = await process(lambda _, writer: answer(writer))
    comparison = Comparison()
    await comparison.ask_all(server.url, [row, row], 2.0)
    assert server.requests == 1
    assert comparison.answers[row.body].body == b'{"result": "M"}'


async def test_a_current_that_cannot_be_asked_is_an_error(row):
    with pytest.raises(ConnectionError, match="--direct"):
        await Comparison().ask_all("http://127.0.0.1:1/triage", [row], 2.0)
