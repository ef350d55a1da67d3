"""`bentoml serve flights_rule_bento.service:FlightsRule` answers POST /arrival by the rule of the process in place."""

import bentoml
from flights.arrival import Arrival, Departure
from flights_rule.server import judge


@bentoml.service(workers=1, traffic={"timeout": 10})
class FlightsRule:
    """The same minutes for every flight as the rule's service gives, told in the candidates' form."""

    @bentoml.api(route="/arrival")
    async def arrival(self, flight: Departure, /) -> Arrival:  # async: microseconds of work are not worth a thread hop
        """As late as it departed; a rule knows no doubt, so the probability is 1 or 0."""
        delay, late = judge(flight.model_dump())
        return Arrival(arrival_delay=delay, late_probability=float(late))
