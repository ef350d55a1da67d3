"""3.7: data that mislead, with the naive rule, or the naive path of the data, beside ours. No candidate here is better.

drift.py     the outcome changes with time: a weight that rises meanwhile, day and night
delays.py    outcomes that come at another pace for one arm or one label
units.py     users with many requests, requests without an answer, several candidates
incidents.py errors that come in bursts
"""

from dev.bench.stats.adversarial import delays, drift, incidents, units
from dev.bench.stats.measure import Job


def jobs() -> list[Job]:
    """All rows."""
    return [*drift.jobs(), *delays.jobs(), *units.jobs(), *incidents.jobs()]
