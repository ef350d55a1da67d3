"""For all tests: drawn examples are the same in every run, and no clock that a busy machine could miss fails one of them."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")
