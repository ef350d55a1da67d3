"""Training, services and the traffic file name with this list what is known of a flight when it departs.

Nothing that is known later is in it: no time in the air, no time of landing. The airport's own definitions are here too.
"""

NUMBERS = (
    "departure_delay",  # minutes after (before: negative) the scheduled departure
    "month",
    "day",
    "weekday",  # 1 is Monday
    "scheduled_departure",  # minutes after midnight
    "scheduled_minutes",  # from gate to gate, as the airline plans it
    "distance",  # miles
)
NAMES = ("carrier", "origin", "destination")

FEATURES = NUMBERS + NAMES

EARLIEST, LATEST = -60, 180
"""The declared range, in minutes: the airport books no arrival delay outside of it, and every process cuts its answer to it."""

LATE = 15
"""A flight is late from so many minutes after its scheduled arrival on: the industry's definition."""


def cut(minutes: float) -> float:
    """The delay as the airport books it: within the declared range."""
    return max(EARLIEST, min(LATEST, minutes))
