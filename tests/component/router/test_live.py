"""Live traffic is what it was without us, whatever the candidate does."""

import asyncio
import gzip
import time

import aiohttp
import pytest

from shadowlift.api.capture import Track
from shadowlift.api.ledger import RowStatus
from tests.component.router.stand import Stand, plain, tried, until

pytestmark = pytest.mark.timeout(90)
MEBIBYTE = 1 << 20


@pytest.mark.parametrize("mode", ["ok", "large", "status404", "status500"])
async def test_answers_are_byte_identical(pod: Stand, mode: str) -> None:
    """Body and headers are those of current, which is asked once; only the id is added."""
    await pod.up(tried(pod), shipper=False)
    status, body, headers = await pod.ask(f"/predict?mode={mode}")
    assert (await pod.seen("current"))["requests"] == 1
    direct_url = f"http://127.0.0.1:{pod.processes['current'].port}/predict?mode={mode}"
    async with pod.client.post(direct_url, data=b'{"age": 54}') as direct:
        assert (status, body) == (direct.status, await direct.read())
        ours = {name: value for name, value in headers.items() if name != "Date"}
        theirs = {name: value for name, value in direct.headers.items() if name != "Date"}
        assert ours == {**theirs, "x-shadowlift-id": headers["x-shadowlift-id"]}


async def test_a_compressed_answer_stays_compressed(pod: Stand) -> None:
    """The client's Accept-Encoding reaches current; the copy goes without it."""
    await pod.up(tried(pod))
    async with (
        aiohttp.ClientSession(auto_decompress=False) as raw,
        raw.post(pod.url + "/predict?mode=gzip") as response,
    ):
        assert b"malignant" in gzip.decompress(await response.read())
    await until(lambda: pod.recorder.rows(Track.LIVE), "the row has come")
    assert pod.recorder.rows(Track.LIVE)[0].value == "malignant"


async def test_a_stream_is_not_held_back(pod: Stand) -> None:
    """The first bytes arrive long before the last ones, though the body is captured."""
    await pod.up(tried(pod), shipper=False)
    async with pod.client.post(pod.url + "/predict?mode=trickle") as response:
        arrivals = [time.monotonic() async for _ in response.content.iter_any()]
    assert arrivals[-1] - arrivals[0] > 0.5


async def test_a_request_arrives_as_it_was_sent(pod: Stand) -> None:
    """Method, path, body and headers; the client's own x-request-id too. What was forged is not."""
    await pod.up(tried(pod), shipper=False)
    forged = {
        "X-Shadowlift-Id": "mine",
        "x-shadowlift-shadow": "true",
        "x-shadowlift-trial": "trial-0002",
        "x-envoy-retry-on": "5xx",
        "x-envoy-upstream-rq-timeout-ms": "1",
        "x-envoy-max-retries": "9",
    }
    own = {"x-request-id": "theirs", "X-MiXed": "Case", "authorization": "secret", "cookie": "c=1"}
    in_front = {"X-Forwarded-Proto": "https", "X-Forwarded-Client-Cert": "Hash=ab12", "X-Forwarded-For": "192.0.2.7"}
    status, _, headers = await pod.ask("/a%2Fb//c?x=%20y", method="PUT", headers={**forged, **own, **in_front})
    assert status == 200
    assert headers["x-shadowlift-id"] != "mine"
    seen = (await pod.seen("current"))["last"][-1]
    arrived = dict(seen["headers"])
    assert (seen["method"], seen["path"]) == ("PUT", "/a%2Fb//c?x=%20y")
    assert {name: arrived.get(name) for name in own} == own
    lower = {name.lower(): value for name, value in arrived.items()}
    assert lower["x-shadowlift-id"] == headers["x-shadowlift-id"]
    assert (lower["x-forwarded-proto"], lower["x-forwarded-client-cert"]) == ("https", "Hash=ab12"), (
        "who ended TLS says so"
    )
    assert lower["x-forwarded-for"].split(",")[0] == "192.0.2.7"
    assert not [name for name in lower if name.startswith("x-envoy-")]
    assert "x-shadowlift-shadow" not in lower


async def test_a_copy_carries_no_secret_and_says_that_it_is_one(pod: Stand) -> None:
    """Authorization, cookies and Accept-Encoding stay behind; the id goes with it."""
    await pod.up(tried(pod), shipper=False)
    _, _, headers = await pod.ask(headers={"authorization": "secret", "cookie": "c=1", "x-user-id": "u1"})

    async def copied() -> bool:
        return bool((await pod.seen("candidate"))["last"])

    await until(copied, "the copy arrives")
    copy = {name.lower(): value for name, value in (await pod.seen("candidate"))["last"][-1]["headers"]}
    assert not {"authorization", "cookie", "accept-encoding"} & set(copy)
    assert copy["x-shadowlift-shadow"] == "true"
    assert copy["x-shadowlift-id"] == headers["x-shadowlift-id"]
    assert copy["x-user-id"] == "u1"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("status500", "Status5xx"), ("hang", "Timeout"), ("after2.5", "Late"), ("reset", "Broken"), ("dead", "Refused")],
)
async def test_a_bad_candidate_costs_live_nothing(pod: Stand, mode: str, reason: str) -> None:
    """Every live answer is current's, and none waits for the candidate; its failures are its own rows."""
    await pod.up(tried(pod, answer_within_us=2_000_000))
    if mode == "dead":
        pod.processes["candidate"].kill()
    else:
        await pod.mode("candidate", mode)
    started = time.monotonic()
    answers = await asyncio.gather(*(pod.ask() for _ in range(30)))
    assert time.monotonic() - started < 2
    assert {(status, headers["X-By"]) for status, _, headers in answers} == {(200, "current")}
    await until(lambda: len(pod.recorder.rows(Track.SHADOW)) == 30, "the candidate's rows have come")
    assert {(row.status, row.reason) for row in pod.recorder.rows(Track.SHADOW)} == {(RowStatus.FAILED, reason)}
    assert {row.status for row in pod.recorder.rows(Track.LIVE)} == {RowStatus.OK}


async def test_copies_are_shed_before_live_traffic_waits(pod: Stand) -> None:
    """A candidate that hangs gets a bounded number of copies; the rest is dropped and counted."""
    await pod.up(tried(pod))
    await pod.mode("candidate", "hang")
    answers = await asyncio.gather(*(pod.ask() for _ in range(300)))
    assert {status for status, _, _ in answers} == {200}
    await until(lambda: len(pod.recorder.rows(Track.LIVE)) == 300, "all live rows have come")

    def accounted_for() -> int:
        return len(pod.recorder.rows(Track.SHADOW)) + pod.recorder.batches[-1].shed

    await until(lambda: accounted_for() >= 300, "every copy is a row or is told to be shed", 20)
    assert accounted_for() == 300
    assert pod.recorder.batches[-1].shed > 100
    assert pod.recorder.batches[-1].lines_lost == 0


async def test_what_cannot_be_copied_is_answered_and_counted(pod: Stand) -> None:
    """Bodies over 1 MiB and bodies of unknown length go to current alone; the line says so. Exactly 1 MiB is copied."""
    await pod.up(tried(pod))

    async def pieces() -> object:
        yield b"0123456789"

    sized = [(b"x" * MEBIBYTE, True), (b"x" * (MEBIBYTE + 1), False), (b"", True)]
    expected = {}
    for content, mirrored in sized:
        status, _, headers = await pod.ask(data=content)
        assert status == 200
        expected[headers["x-shadowlift-id"]] = mirrored
    for method, data, mirrored in (("POST", pieces(), False), ("GET", None, True), ("DELETE", None, True)):
        status, _, headers = await pod.ask(method=method, data=data)
        assert status == 200
        expected[headers["x-shadowlift-id"]] = mirrored
    await until(lambda: len(pod.recorder.rows(Track.LIVE)) == 6, "all live rows have come")
    await until(lambda: len(pod.recorder.rows(Track.SHADOW)) == 4, "all shadow rows have come")
    assert {row.id: row.mirrored for row in pod.recorder.rows(Track.LIVE)} == expected
    assert {row.id for row in pod.recorder.rows(Track.SHADOW)} == {key for key, copied in expected.items() if copied}


async def test_web_sockets_pass(pod: Stand) -> None:
    """They go to current, and are no one's evidence."""
    await pod.up(tried(pod))
    async with pod.client.ws_connect(pod.url + "/x?mode=echo") as socket:
        await socket.send_str("hello")
        assert await socket.receive_str() == "current:hello"
    await pod.ask()
    await until(lambda: pod.recorder.rows(Track.LIVE), "the request's row has come")
    assert len(pod.recorder.rows(Track.LIVE)) == 1


async def test_a_client_that_hangs_up_is_nobodys_fault(pod: Stand) -> None:
    """Its live row says so."""
    await pod.up(tried(pod))
    await pod.mode("current", "after2")
    asking = asyncio.create_task(pod.ask())

    async def asked() -> bool:
        return bool((await pod.seen("current"))["requests"])

    await until(asked, "current was asked")
    asking.cancel()
    await until(lambda: pod.recorder.rows(Track.LIVE), "the row has come")
    assert pod.recorder.rows(Track.LIVE)[0].status is RowStatus.GONE


async def test_a_share_of_the_requests_is_tried(pod: Stand) -> None:
    """With 30 %, that many have lines and copies; the others have neither."""
    await pod.up(tried(pod, percent_millionths=300_000))
    for _ in range(4):
        assert {status for status, _, _ in await asyncio.gather(*(pod.ask() for _ in range(100)))} == {200}

    async def come() -> bool:
        copies = (await pod.seen("candidate"))["requests"]
        return len(pod.recorder.rows(Track.LIVE)) == len(pod.recorder.rows(Track.SHADOW)) == copies

    await until(come, "both rows of the share have come")
    assert 70 <= len(pod.recorder.rows(Track.LIVE)) <= 170  # 5.5 standard deviations


async def test_without_a_trial_nothing_is_written_or_sent(pod: Stand) -> None:
    """No copy, no line, no batch; the id is still there."""
    await pod.up(plain(pod))
    answers = await asyncio.gather(*(pod.ask() for _ in range(50)))
    assert all(status == 200 and headers["x-shadowlift-id"] for status, _, headers in answers)
    await pod.end("router")  # flushes its log
    assert (pod.spool / "access.jsonl").stat().st_size == 0
    assert pod.recorder.attempts == 0
    assert (await pod.seen("candidate"))["requests"] == 0


async def test_a_current_that_is_restarting_is_asked_again(pod: Stand) -> None:
    """Nothing has been sent when a connection is refused, so that the router may knock again."""
    await pod.up(plain(pod), shipper=False)
    current = pod.processes["current"]
    current.kill()
    status, _, _ = await pod.ask()
    assert status == 503
    current.start()
    await until(lambda: pod.seen("current"), "current is back")
    status, _, _ = await pod.ask()
    assert status == 200


async def test_headers_are_as_many_and_as_long_as_current_takes_and_gives_them(pod: Stand) -> None:
    """110 of them, 75 KB together: the client gets current's answer, and the candidate its copy."""
    await pod.up(tried(pod), shipper=False)
    many = {f"X-Many-{n}": "v" * 680 for n in range(110)}
    status, _, headers = await pod.ask("/predict?mode=many", headers=many)
    assert status == 200
    assert {name: value for name, value in headers.items() if name.startswith("X-Many")} == many

    async def copied() -> bool:
        return (await pod.seen("candidate"))["requests"] == 1

    await until(copied, "the copy has come")
    names = {name for name, _ in (await pod.seen("candidate"))["last"][0]["headers"]}
    assert names >= {name.lower() for name in many}


@pytest.mark.parametrize("host", [b"Host: triage\r\n", b""])
async def test_old_clients_are_served(pod: Stand, host: bytes) -> None:
    """HTTP/1.0, as load testers, health checks and old scripts speak it."""
    await pod.up(plain(pod), shipper=False)
    reader, writer = await asyncio.open_connection("127.0.0.1", pod.layout.live_port)
    writer.write(b"GET /predict HTTP/1.0\r\n" + host + b"\r\n")
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ")[1] == b"200"
    assert b'"by": "current"' in answer
