"""For all tests: drawn examples are the same in every run, and no clock that a busy machine could miss fails one of them."""

from hypothesis import HealthCheck, settings

# A machine that stands still for a moment is no slow strategy.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")
