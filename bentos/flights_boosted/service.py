"""`bentoml serve flights_boosted.service:FlightsBoosted` answers POST /arrival with what the trees expect."""

from pathlib import Path

import bentoml
from flights.arrival import Arrival, Departure, arrival
from flights.trees import load

MODEL = Path(__file__).with_name("model.json")


@bentoml.service(workers=1, traffic={"timeout": 10})
class FlightsBoosted:
    """One flight in, one arrival out; keeps nothing between requests, so a mirrored or repeated request is harmless."""

    def __init__(self) -> None:
        self.model = load(MODEL)

    @bentoml.api(route="/arrival")
    async def arrival(self, flight: Departure, /) -> Arrival:  # async: 0.1 ms of work is not worth a thread hop
        """Expected arrival delay in minutes, and the probability of being late."""
        return arrival(self.model.foretell(flight.model_dump()))
