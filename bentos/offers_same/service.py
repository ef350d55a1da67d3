"""`bentoml serve offers_same.service:OffersSame` answers POST /offer by the rules of the process in place."""

import bentoml
from offers.visit import Shown, Visit
from offers_rules.server import judge


@bentoml.service(workers=1, traffic={"timeout": 10})
class OffersSame:
    """The same offer at every visit as the rules service shows, told in the candidates' form."""

    @bentoml.api(route="/offer")
    async def offer(self, visit: Visit, /) -> Shown:  # async: microseconds of work are not worth a thread hop
        """A discount at the first visit, free shipping at any other."""
        offer, _ = judge(visit.model_dump())
        return Shown(offer=offer)
