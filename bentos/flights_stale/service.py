"""`bentoml serve flights_stale.service:FlightsStale` answers POST /arrival with what the model of an old December expects."""

from pathlib import Path

import bentoml
from flights.arrival import Arrival, Departure, arrival
from flights.linear import load

MODEL = Path(__file__).with_name("model.json")


@bentoml.service(workers=1, traffic={"timeout": 10})
class FlightsStale:
    """One flight in, one arrival out; keeps nothing between requests, so a mirrored or repeated request is harmless."""

    def __init__(self) -> None:
        self.model = load(MODEL)

    @bentoml.api(route="/arrival")
    async def arrival(self, flight: Departure, /) -> Arrival:  # async: microseconds of work are not worth a thread hop
        """Expected arrival delay in minutes, and the probability of being late."""
        return arrival(self.model.foretell(flight.model_dump()))
