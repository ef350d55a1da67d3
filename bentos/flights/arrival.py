"""The services validate a request with this: one departed flight as a flat JSON object; and they all answer in one form."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from flights.foretold import Foretold

Code = Annotated[str, Field(min_length=1, max_length=8)]


class Departure(BaseModel):
    """One flight at the moment it leaves the gate; the fields are those of `flights/features.py`, in the same order."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    departure_delay: float
    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    weekday: Annotated[int, Field(ge=1, le=7)]
    scheduled_departure: Annotated[int, Field(ge=0, le=1440)]
    scheduled_minutes: Annotated[int, Field(ge=1, le=1440)]
    distance: Annotated[float, Field(gt=0, le=12500)]  # miles; half the way around the world is the farthest
    carrier: Code
    origin: Code
    destination: Code


class Arrival(BaseModel):
    """What a candidate answers: the arrival delay in minutes, -60 to 180, and the probability of being 15 or more late."""

    arrival_delay: float
    late_probability: float


def arrival(told: Foretold) -> Arrival:
    """A model's word in the candidates' form."""
    return Arrival(arrival_delay=told.minutes, late_probability=told.late_probability)
