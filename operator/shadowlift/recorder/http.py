"""The recorder's routes. Each one: who asks, may they, what do they say, one operation on the ledger, its answer.

Built by `run`. Errors of every part are translated here, in one place, into problem documents.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shadowlift import errors
from shadowlift.api import ledger as wire
from shadowlift.recorder import access, booking, evidence, openapi, outcomes, trials
from shadowlift.recorder.access import Asked, Operation
from shadowlift.recorder.bodies import (
    BATCH_LIMIT,
    BATCHES_ROOM,
    OPERATOR_LIMIT,
    OUTCOMES_LIMIT,
    Room,
    check_batch,
    parse,
    read_body,
)
from shadowlift.recorder.identity import Caller, Reviewer
from shadowlift.recorder.ledger import Ledger
from shadowlift.recorder.metrics import Metrics
from shadowlift.recorder.openapi import WITH_TOKEN, body_of, problems
from shadowlift.recorder.problems import Faulty, Unauthenticated, problem, problem_of, status_of
from shadowlift.recorder.sweep import sweep_forever

VERSIONS = (wire.WIRE_VERSION,)  # with version 2: and the one before
OUTCOMES_PATH = "/v1/namespaces/{namespace}/modeldeployments/{name}/outcomes"

_log = logging.getLogger(__name__)


class Door:
    """What every route needs: who asks, and whether they may."""

    def __init__(self, ledger: Ledger, reviewer: Reviewer, operator_account: str) -> None:
        self.ledger = ledger
        self._reviewer = reviewer
        self._operator_account = operator_account

    async def caller(self, request: Request) -> Caller:
        """Whoever sent the request.

        Raises:
            Unauthenticated: without a token that is good for us.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        caller = await self._reviewer.review(token.strip()) if scheme.lower() == "bearer" and token.strip() else None
        if caller is None:
            raise Unauthenticated("present a ServiceAccount token with audience shadowlift as a bearer token")
        return caller

    def asked(self, router: str | None = None, namespace: str | None = None, senders: tuple[str, ...] = ()) -> Asked:
        """What permission depends on."""
        return Asked(self._operator_account, router, namespace, senders)


def build_app(ledger: Ledger, reviewer: Reviewer, operator_account: str) -> FastAPI:
    """The ASGI application; its lifespan runs the sweep."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweep = asyncio.create_task(sweep_forever(ledger))
        yield
        sweep.cancel()
        with suppress(asyncio.CancelledError):
            await sweep

    app = FastAPI(
        title="Shadowlift recorder",
        version=str(wire.WIRE_VERSION),
        description=wire.__doc__ or "",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    door = Door(ledger, reviewer, operator_account)
    _add_operator_routes(app, door)
    _add_shipper_routes(app, door)
    _add_outcome_routes(app, door)
    _add_open_routes(app, ledger)
    _add_error_handlers(app)
    app.add_middleware(_Measured, metrics=ledger.metrics)
    return app


def _add_operator_routes(app: FastAPI, door: Door) -> None:
    ledger = door.ledger

    @app.put(
        "/v1/trials/{uid}",
        operation_id=Operation.REGISTER_TRIAL,
        openapi_extra=body_of(wire.TrialRegistration),
        responses=problems(400, 401, 403, 409, 413, 422, 503),
    )
    async def register_trial(request: Request, uid: str) -> dict[str, str]:
        """Register a trial; repeating it may add `routers` and change `closed`, and nothing else."""
        access.check(Operation.REGISTER_TRIAL, await door.caller(request), door.asked())
        wanted = parse(wire.TrialRegistration, await read_body(request, OPERATOR_LIMIT))
        if wanted.uid != uid:
            raise errors.InvalidInput("uid", f"is {wanted.uid!r} but the path says {uid!r}")
        await ledger.write(lambda connection: trials.register(connection, wanted, ledger.clock(), ledger.rules))
        return {"ledgerId": ledger.ledger_id}

    @app.put(
        "/v1/trials/{uid}/records/{name}",
        operation_id=Operation.STORE_RECORD,
        openapi_extra=body_of(wire.DecisionCopy),
        responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
    )
    async def store_record(request: Request, uid: str, name: str) -> dict[str, str]:
        """Keep a copy of an immutable decision record."""
        access.check(Operation.STORE_RECORD, await door.caller(request), door.asked())
        record = parse(wire.DecisionCopy, await read_body(request, OPERATOR_LIMIT))
        if record.name != name:
            raise errors.InvalidInput("name", f"is {record.name!r} but the path says {name!r}")
        await ledger.write(lambda connection: trials.store_record(connection, uid, record))
        return {"ledgerId": ledger.ledger_id}

    @app.post(
        "/v1/counters",
        operation_id=Operation.READ_COUNTERS,
        openapi_extra=body_of(wire.CountersQuery),
        responses=problems(400, 401, 403, 413, 422, 503),
    )
    async def read_counters(request: Request) -> wire.CountersAnswer:
        """All counters of the named trials, of one moment."""
        access.check(Operation.READ_COUNTERS, await door.caller(request), door.asked())
        wanted = parse(wire.CountersQuery, await read_body(request, OPERATOR_LIMIT))
        return await ledger.read(lambda connection: evidence.counters(connection, wanted.trials, ledger.clock()))


def _add_shipper_routes(app: FastAPI, door: Door) -> None:
    ledger, room = door.ledger, Room(BATCHES_ROOM)

    @app.post(
        "/v1/batches",
        status_code=HTTPStatus.ACCEPTED,
        operation_id=Operation.SHIP_BATCH,
        openapi_extra=body_of(wire.Batch),
        responses=problems(400, 401, 403, 413, 422, 503),
    )
    async def ship_batch(request: Request) -> wire.BatchReceipt:
        """Store a router's lines; 202 means that they are durable."""
        try:
            caller = await door.caller(request)
            place = room.take(request, BATCH_LIMIT)
        except errors.Unavailable:
            ledger.miss()
            raise
        with place:
            batch = parse(wire.Batch, await read_body(request, BATCH_LIMIT))
            access.check(Operation.SHIP_BATCH, caller, door.asked(router=batch.router))
            check_batch(batch, VERSIONS)
            ledger.hear(batch.router)
            booked = await ledger.write(
                lambda connection: booking.book(connection, batch, caller.namespace, ledger.clock())
            )
        ledger.metrics.batches.labels("replayed" if booked.replayed else "stored").inc()
        ledger.metrics.rows.labels("accepted").inc(booked.receipt.accepted)
        ledger.metrics.rows.labels("unregistered").inc(booked.receipt.unregistered)
        return booked.receipt


def _add_outcome_routes(app: FastAPI, door: Door) -> None:
    ledger = door.ledger

    @app.post(
        OUTCOMES_PATH,
        status_code=HTTPStatus.ACCEPTED,
        operation_id=Operation.SEND_OUTCOMES,
        openapi_extra=body_of(wire.OutcomesIn),
        responses=problems(400, 401, 403, 404, 413, 422, 429, 503),
    )
    async def send_outcomes(request: Request, namespace: str, name: str) -> wire.OutcomesReceipt:
        """Say what turned out to be true: all outcomes are stored, or none."""
        caller = await door.caller(request)
        sent: list[wire.OutcomeIn] = []

        def accept(connection: Connection) -> wire.OutcomesReceipt:
            deployment = outcomes.find_deployment(connection, namespace, name)
            _check_sender(deployment)
            return outcomes.accept(connection, deployment, sent, ledger.clock(), ledger.rules)

        def _check_sender(deployment: outcomes.Deployment) -> None:
            asked = door.asked(namespace=namespace, senders=tuple(deployment.latest.senders))
            access.check(Operation.SEND_OUTCOMES, caller, asked)

        try:
            _check_sender(await ledger.read(lambda connection: outcomes.find_deployment(connection, namespace, name)))
            sent = parse(wire.OutcomesIn, await read_body(request, OUTCOMES_LIMIT)).outcomes
            receipt = await ledger.write(accept)
        except errors.ShadowliftError as error:
            await _count_refused(ledger, (namespace, name), error, len(sent) or 1)
            raise
        _count_accepted(ledger, receipt)
        return receipt

    @app.get(
        OUTCOMES_PATH,
        operation_id=Operation.READ_OUTCOMES,
        openapi_extra=WITH_TOKEN,
        responses=problems(401, 403, 404, 422, 503),
    )
    async def read_outcomes(
        request: Request,
        namespace: str,
        name: str,
        after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> wire.OutcomesPage:
        """Accepted outcomes in the order of acceptance."""
        caller = await door.caller(request)
        deployment = await ledger.read(lambda connection: outcomes.find_deployment(connection, namespace, name))
        access.check(
            Operation.READ_OUTCOMES, caller, door.asked(namespace=namespace, senders=tuple(deployment.latest.senders))
        )
        return await ledger.read(lambda connection: evidence.outcomes_page(connection, deployment.number, after, limit))


async def _count_refused(
    ledger: Ledger, deployment: tuple[str, str], error: errors.ShadowliftError, refused: int
) -> None:
    """Refusals are part of the evidence: an owner of outcomes who is always refused must show on the trial."""
    status = status_of(error)
    ledger.metrics.outcomes_refused.labels(status.phrase).inc(refused)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_FOUND:
        await ledger.write(lambda connection: outcomes.count_refused(connection, *deployment, refused))


def _count_accepted(ledger: Ledger, receipt: wire.OutcomesReceipt) -> None:
    for result in ("pending", "unchanged", "changed", "late"):
        ledger.metrics.outcomes.labels(result).inc(getattr(receipt, result))
    ledger.metrics.outcomes.labels("accepted").inc(receipt.accepted)


def _add_open_routes(app: FastAPI, ledger: Ledger) -> None:
    """Routes without a token: they tell nothing of anyone's trials."""

    @app.get("/healthz", operation_id="healthz", responses=problems(503))
    @app.get("/readyz", operation_id="readyz", responses=problems(503))
    async def healthz() -> dict[str, str]:
        """The writer runs. A full disk is no reason to hide or restart: senders need the 503 with its Retry-After."""
        if not ledger.alive:
            raise errors.Unavailable("the writer has stopped")
        return {"status": "ok"}

    @app.get("/metrics", operation_id="metrics")
    async def metrics() -> Response:
        """Prometheus text format."""
        return Response(generate_latest(ledger.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(errors.ShadowliftError)
    async def known(_: Request, error: errors.ShadowliftError) -> Response:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def bad_parameter(_: Request, error: RequestValidationError) -> Response:
        faults = [wire.Fault(field=str(found["loc"][-1]), message=str(found["msg"])) for found in error.errors()]
        return problem_of(Faulty(faults))

    @app.exception_handler(HTTPException)
    async def no_route(_: Request, error: HTTPException) -> Response:
        response = problem(HTTPStatus(error.status_code), error.detail)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a bug in the recorder; its log has the details")


class _Measured:
    """Counts and times every request under its operation's name."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def note_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            operation = getattr(scope.get("route"), "operation_id", None) or "unknown"
            self._metrics.requests.labels(operation, str(status)).inc()
            self._metrics.request_seconds.labels(operation).observe(time.perf_counter() - started)
