"""The services validate a request with this: one visit as a flat JSON object; and the candidates answer in one form."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Visit(BaseModel):
    """What the shop knows when it is to show an offer; the fields are those of `offers/features.py`, in the same order."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    basket: Annotated[float, Field(ge=0, le=1_000_000)]  # currency units
    visits: Annotated[int, Field(ge=0, le=1_000_000)]
    segment: Literal["student", "family", "business"]
    device: Literal["phone", "desktop"]


class Shown(BaseModel):
    """What a candidate answers: the one offer to show."""

    offer: Literal["free-shipping", "discount", "points", "bundle"]
