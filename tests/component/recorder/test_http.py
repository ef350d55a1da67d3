"""What the routes answer to those who may not, cannot, or should not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.component.recorder.api_server import serve
from tests.component.recorder.program import DEADLINE, OUTCOMES, Recorder, batch, now, people, registration, row

pytestmark = pytest.mark.timeout(180)  # a real program, started anew by each test

TRIAL = "/v1/trials/trial-0001"
COUNTERS, BATCHES = "/v1/counters", "/v1/batches"
RECORD = f"{TRIAL}/records/r1"
GOOD = {"outcomes": [{"key": "a", "value": "B"}]}
QUERY: dict[str, Any] = {"trials": []}
BIG = b'{"outcomes": [' + b" " * (1 << 20) + b"]}"

# (what, method, path, token, body) -> status
PROBLEMS: list[tuple[str, str, str, str, Any, int]] = [
    ("no token", "POST", OUTCOMES, "", GOOD, 401),
    ("unknown token", "POST", OUTCOMES, "forged", GOOD, 401),
    ("no token for counters", "POST", COUNTERS, "", QUERY, 401),
    ("no token for an unknown ModelDeployment", "POST", OUTCOMES.replace("triage", "x"), "", GOOD, 401),
    ("sender of another namespace", "POST", OUTCOMES, "foreign-sender", GOOD, 403),
    ("operator is no sender", "POST", OUTCOMES, "operator", GOOD, 403),
    ("router is no sender", "POST", OUTCOMES, "router-1", GOOD, 403),
    ("sender reads counters", "POST", COUNTERS, "sender", QUERY, 403),
    ("sender registers", "PUT", TRIAL, "sender", registration(), 403),
    ("router stores a record", "PUT", RECORD, "router-1", {"name": "r1", "data": {}}, 403),
    ("stranger reads outcomes", "GET", OUTCOMES, "stranger", None, 403),
    ("batch of another pod", "POST", BATCHES, "router-2", batch(1, 0, []), 403),
    ("router that is not registered", "POST", BATCHES, "router-2", batch(1, 0, [], router="router-2"), 403),
    ("operator ships", "POST", BATCHES, "operator", batch(1, 0, []), 403),
    ("unknown ModelDeployment", "POST", OUTCOMES.replace("triage", "x"), "sender", GOOD, 404),
    ("unknown namespace", "GET", OUTCOMES.replace("clinic", "x"), "operator", None, 404),
    ("record of an unknown trial", "PUT", RECORD.replace("0001", "9"), "operator", {"name": "r1", "data": {}}, 404),
    ("unknown route", "GET", "/v2/counters", "operator", None, 404),
    ("unknown method", "DELETE", TRIAL, "operator", None, 405),
    ("outcomes by PUT", "PUT", OUTCOMES, "sender", GOOD, 405),
    ("frozen field", "PUT", TRIAL, "operator", registration(frozenHash="other"), 409),
    ("changed record", "PUT", RECORD, "operator", {"name": "r1", "data": {"verdict": "Reject"}}, 409),
    ("not JSON", "POST", OUTCOMES, "sender", b"{", 400),
    ("no body", "POST", COUNTERS, "operator", None, 400),
    ("no text", "PUT", TRIAL, "operator", b"\xff\xfe\x00", 400),
    ("too large", "POST", OUTCOMES, "sender", BIG, 413),
    ("unknown field", "POST", OUTCOMES, "sender", GOOD | {"force": True}, 422),
    ("wrong type", "POST", OUTCOMES, "sender", {"outcomes": [{"key": "a", "value": 1}]}, 422),
    ("null", "POST", OUTCOMES, "sender", {"outcomes": [{"key": "a", "value": None}]}, 422),
    ("not a number", "POST", OUTCOMES, "sender", b'{"outcomes": [{"key": "a", "value": NaN}]}', 422),
    ("other uid than in the path", "PUT", TRIAL, "operator", registration("trial-0002"), 422),
    ("other name than in the path", "PUT", RECORD, "operator", {"name": "r2", "data": {}}, 422),
    ("maturity beyond retention", "PUT", TRIAL, "operator", registration(maturityUs=86_400_000_000 * 31), 422),
    ("unknown version", "POST", BATCHES, "router-1", batch(1, 0, [], version=9), 422),
    ("seq zero", "POST", BATCHES, "router-1", batch(0, 0, []), 422),
    ("too many rows", "POST", BATCHES, "router-1", batch(1, 0, [row("a", "live", "M", 0)] * 5001), 422),
    ("page of nothing", "GET", f"{OUTCOMES}?limit=0", "sender", None, 422),
    ("cursor beyond 64 bits", "GET", f"{OUTCOMES}?after={1 << 63}", "sender", None, 422),
]


async def test_every_refusal_is_a_problem_document(tmp_path: Path) -> None:
    """The whole table: status, media type, and the same status inside; nothing is stored by any of them."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        assert (await recorder.send("PUT", RECORD, {"name": "r1", "data": {"verdict": "Promote"}}))[0] == 200
        for what, method, path, token, body, wanted in PROBLEMS:
            status, answer, headers = await recorder.send(method, path, body, token)
            assert (status, answer["status"], headers["Content-Type"]) == (
                wanted,
                wanted,
                "application/problem+json",
            ), (what, answer)
            assert answer["detail"], what
            assert (status == 401) == ("WWW-Authenticate" in headers), what
        _, page, _ = await recorder.send("GET", OUTCOMES)
        assert page == {"outcomes": [], "next": None}
        counters = await recorder.counters()
        assert (counters["epochs"], counters["outcomes"]) == ({}, 0)
        refused = [case for case in PROBLEMS if case[1:3] == ("POST", OUTCOMES) and case[5] != 401]
        assert counters["outcomesRefused"] == len(refused)


async def test_a_large_request_with_one_fault_stores_nothing(tmp_path: Path) -> None:
    """All 1,000 are refused, the fault is named, and sending it repaired stores all."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        values: dict[str, Any] = {f"k{n}": "B" for n in range(1000)}
        status, problem = await recorder.outcomes(values | {"k998": 7})
        assert (status, [fault["field"] for fault in problem["faults"]]) == (422, ["outcomes[998].value"])
        assert (await recorder.counters())["outcomes"] == 0
        assert (await recorder.outcomes(values))[1]["accepted"] == 1000
        assert (await recorder.counters())["outcomesRefused"] == 1000


async def test_over_the_quota_senders_are_told_when_to_come_back(tmp_path: Path) -> None:
    """429 with Retry-After, and nothing of the request is stored."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens, SHADOWLIFT_PENDING_QUOTA="3") as recorder:
        await recorder.register()
        assert (await recorder.outcomes({"a": "B", "b": "B"}))[0] == 202
        body = {"outcomes": [{"key": key, "value": "B"} for key in "cd"]}
        status, problem, headers = await recorder.send("POST", OUTCOMES, body, token="sender")
        assert (status, problem["title"], int(headers["Retry-After"]) > 0) == (429, "Too Many Requests", True)
        assert (await recorder.counters())["outcomesPending"] == 2


async def test_without_the_api_server_nobody_is_let_in_and_nobody_is_turned_away(tmp_path: Path) -> None:
    """503 with Retry-After for unknown tokens, which come again; tokens known for less than a minute go on working."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        tokens.down = True
        status, _, headers = await recorder.send("POST", OUTCOMES, GOOD, token="sender")
        assert (status, "Retry-After" in headers) == (503, True)
        assert (await recorder.counters())["outcomes"] == 0
        tokens.down = False
        assert (await recorder.outcomes({"a": "B"}))[0] == 202


async def test_a_token_for_another_audience_is_no_token(tmp_path: Path) -> None:
    """A token that other services see must not open this one."""
    people_ = people()
    async with serve(people_) as tokens, Recorder(tmp_path, tokens) as recorder:
        tokens.audience = "https://kubernetes.default.svc"
        assert (await recorder.send("POST", COUNTERS, QUERY))[0] == 401


async def test_many_requests_with_one_token_ask_the_api_server_once(tmp_path: Path) -> None:
    """Also when they all come at once."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        answers = await asyncio.gather(*(recorder.send("POST", COUNTERS, QUERY) for _ in range(30)))
        assert {status for status, _, _ in answers} == {200}
        assert tokens.reviews == 1


async def test_open_routes_describe_the_recorder(tmp_path: Path) -> None:
    """The OpenAPI document names every operation, its body and its problems; metrics count what happened."""
    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        await recorder.ship(
            batch(1, now(), [row("a", "live", "M", now()), row("x", "live", "M", 0, trial="trial-none")])
        )
        _, document, _ = await recorder.send("GET", "/openapi.json", token="")
        operations = [operation for path in document["paths"].values() for operation in path.values()]
        secured = {operation["operationId"]: operation for operation in operations if "security" in operation}
        assert {"registerTrial", "storeRecord", "readCounters", "shipBatch", "sendOutcomes", "readOutcomes"} == set(
            secured
        )
        assert set(secured["sendOutcomes"]["responses"]) >= {"202", "401", "403", "404", "413", "422", "429", "503"}
        _assert_references_resolve(document)
        _, metrics, _ = await recorder.send("GET", "/metrics", token="")
        assert 'shadowlift_recorder_rows_total{result="accepted"} 1.0' in metrics
        assert 'shadowlift_recorder_rows_total{result="unregistered"} 1.0' in metrics
        assert 'shadowlift_recorder_requests_total{operation="shipBatch",status="202"} 1.0' in metrics


async def test_a_body_that_grows_without_saying_so_is_cut_off(tmp_path: Path) -> None:
    """A chunked body has no declared length; it is refused as soon as it is too long."""

    async def endless() -> Any:
        for _ in range(64):
            yield b" " * (1 << 16)

    async with serve(people()) as tokens, Recorder(tmp_path, tokens) as recorder:
        await recorder.register()
        async with (
            asyncio.timeout(DEADLINE),
            recorder.session.post(
                recorder.url + OUTCOMES, data=endless(), headers={"Authorization": "Bearer sender"}
            ) as response,
        ):
            assert response.status == 413


def _assert_references_resolve(document: dict[str, Any]) -> None:
    for part in json.dumps(document).split('"$ref": "')[1:]:
        path = part.split('"', 1)[0].removeprefix("#/").split("/")
        found: Any = document
        for name in path:
            found = found[name]
