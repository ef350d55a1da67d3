"""The statistics measured: every promise of the engine as one row of a table, with its target and what was reached.

`python -m dev.bench.stats` (`make bench-stats`) runs all rows and ends with an error where one misses its target. numpy draws the data
and follows thousands of trials at once; the engine's own table of log growth makes evidence of them, and the engine itself is asked
about every trial where it ends. A difference between the two stops the run.

    measure.py      a figure, how sure it is, and the row that holds it against a target
    trials.py       many trials at once: counts by trial and look -> the look at which each test of the engine opens
    engines.py      the engine's tests, as functions of how many units of each kind there were
    worlds.py       where the counts come from: pairs, losses, arms, rewards
    tables.py       rows -> text
    jobs.py         all rows, in the order in which they are started

One file for each family of rows:

    false_promotion.py  B1        equal candidates, looked at a thousand times
    sample_size.py      B2-B4     how many observations a lift takes, with right and with wrong targets
    at_deadline.py      B5        a trial with an end
    bounds.py           B6, B7    do the bounds cover, and how wide are they
    guards.py           B8, B9    harm, slow answers, sample ratio
    counting.py         B11       order, shards, restarts and replays change nothing
    exactness.py        B12       the mean e-value over all outcomes
    speed.py            B13       microseconds
    pairing.py          B14       pairs against arms on the same traffic
    gates.py            B15       the rules that are in use today, on the same data
    adversarial/        3.7       data that mislead, with the naive rule beside ours
"""

import os

# Workers are processes; threads of the linear algebra inside them would only compete. Read when numpy is imported, so it stands here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
