"""A recorder that keeps the wire format's promises and nothing more: 202 means kept, a repeated number changes nothing."""

from dataclasses import dataclass, field

from aiohttp import web

from shadowlift.api.capture import Track
from shadowlift.api.ledger import Batch, BatchReceipt, Row


@dataclass
class Recorder:
    """What it got. `answer` is the status of every request while it is not 202."""

    url: str = ""
    answer: int = 202
    forget_receipt: bool = False  # keeps a batch with rows, and breaks the connection instead of saying so
    batches: list[Batch] = field(default_factory=list)
    replays: list[Batch] = field(default_factory=list)
    attempts: int = 0
    tokens: set[str] = field(default_factory=set)

    async def post(self, request: web.Request) -> web.StreamResponse:
        self.attempts += 1
        self.tokens.add(request.headers.get("authorization", ""))
        if self.answer != 202:
            return web.json_response({"title": "no", "status": self.answer}, status=self.answer)
        batch = Batch.model_validate_json(await request.read())
        if batch.seq <= self.next_seq - 1:
            self.replays.append(batch)
        else:
            self.batches.append(batch)
        if self.forget_receipt and batch.rows and request.transport:
            request.transport.abort()
        receipt = BatchReceipt(seq=batch.seq, accepted=len(batch.rows), unregistered=0)
        return web.Response(status=202, text=receipt.model_dump_json(by_alias=True), content_type="application/json")

    @property
    def next_seq(self) -> int:
        return self.batches[-1].seq + 1 if self.batches else 1

    def rows(self, track: Track) -> list[Row]:
        return [row for batch in self.batches for row in batch.rows if row.track is track]

    async def start(self) -> web.AppRunner:
        application = web.Application(client_max_size=1 << 28)
        application.router.add_post("/v1/batches", self.post)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner
