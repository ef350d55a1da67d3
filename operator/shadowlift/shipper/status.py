"""The shipper's own port, for the kubelet, the operator and Prometheus. Started by `run`."""

from aiohttp import web

from shadowlift.api.capture import LoadedConfig
from shadowlift.errors import ShadowliftError
from shadowlift.shipper.admin import Admin
from shadowlift.shipper.metrics import Metrics
from shadowlift.shipper.mounted import Mounted


class Status:
    """Answers `GET /ready`, `/config` and `/metrics`."""

    def __init__(self, admin: Admin, mounted: Mounted, metrics: Metrics) -> None:
        self._admin = admin
        self._mounted = mounted
        self._metrics = metrics

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/ready", self._ready),
                web.get("/config", self._config),
                web.get("/metrics", self._prometheus),
            ]
        )
        return application

    async def _ready(self, _: web.Request) -> web.Response:
        """200 when Envoy serves and has loaded what is mounted."""
        try:
            live, config = await self._admin.is_live(), await self._loaded()
        except ShadowliftError as error:
            return web.json_response({"ready": False, "why": str(error)}, status=503)
        ready = live and config.agreed
        why = None if ready else ("the mounted configuration is not loaded" if live else "Envoy does not serve yet")
        return web.json_response({"ready": ready, "why": why}, status=200 if ready else 503)

    async def _config(self, _: web.Request) -> web.Response:
        try:
            config = await self._loaded()
        except ShadowliftError as error:
            return web.json_response({"why": str(error)}, status=503)
        return web.Response(text=config.model_dump_json(by_alias=True), content_type="application/json")

    async def _prometheus(self, _: web.Request) -> web.Response:
        try:
            envoy = await self._admin.prometheus()
        except ShadowliftError:
            envoy = ""  # an Envoy that does not answer is seen by what is missing
        return web.Response(text=self._metrics.text() + envoy)

    async def _loaded(self) -> LoadedConfig:
        self._mounted.refresh()
        config = self._mounted.config
        return await self._admin.loaded(config.version if config else None)
