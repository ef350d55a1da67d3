"""`bentoml serve offers_pushy.service:OffersPushy` answers POST /offer with the offer with the largest order."""

from pathlib import Path

import bentoml
from offers.linear import load
from offers.visit import Shown, Visit

MODEL = Path(__file__).with_name("model.json")


@bentoml.service(workers=1, traffic={"timeout": 10})
class OffersPushy:
    """One visit in, one offer out; keeps nothing between requests, so a repeated request gets the same answer."""

    def __init__(self) -> None:
        self.model = load(MODEL)

    @bentoml.api(route="/offer")
    async def offer(self, visit: Visit, /) -> Shown:  # async: microseconds of work are not worth a thread hop
        """The largest order, whether or not there will be one."""
        return Shown(offer=self.model.choose(visit.model_dump()))
