"""The shippers at their pods, over HTTP: implements the port RouterPods."""

import aiohttp

from shadowlift.api.capture import LoadedConfig
from shadowlift.errors import Unavailable

_TIMEOUT = aiohttp.ClientTimeout(total=1.5)  # a pod that is stopped must not hold the others up


class RouterPodsClient:
    """Asks router pods what they have loaded."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def loaded(self, address: str) -> LoadedConfig:
        """What the router at this pod address has in force."""
        try:
            async with self._session.get(f"http://{address}/config", timeout=_TIMEOUT) as answer:
                if answer.status != 200:
                    raise Unavailable(f"router {address}: {answer.status}")
                return LoadedConfig.model_validate(await answer.json())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:  # ValueError: not JSON, or of another version
            raise Unavailable(f"router {address}: {error or type(error).__name__}") from error
