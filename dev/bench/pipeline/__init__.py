"""The misleading data of the statistics through the whole pipeline: lines and outcomes in at one end, a verdict out at the other.

`python -m dev.bench.pipeline` runs all rows and ends with an error where one misses its target. Nothing here decides: lines are booked,
closed and counted by the recorder's own code on its own database, which lies in memory, and what follows from the counters is
`rollout.decide`'s word, record by record. Left out are HTTP, the writer's thread, Kubernetes and the routers; these have tests of their
own. The clock is simulated in every row: days pass in a second, and nothing waits.

    ledger.py      the recorder: its booking, closing and counting, called in the order of the programs
    deployment.py  the operator's core with the effects of its plans, and what it knows of the recorder
    visits.py      requests as columns: what each process would answer, what would come of it, and when that is known
    trial.py       one trial: a scene and a seed in, its end out
    specs.py       ModelDeployments to try
    naive.py       the common rules, on the same requests
    misleading.py  no candidate is better, and much looks like it; and lifts that are true
    guarding.py    guardrails: how soon harm is found, and how often where there is none
    losing.py      lines and outcomes that get lost
    claims.py      a scene, how often it is tried, and the rows that are read from its ends
    running.py     trials over processes -> rows
    table.py       rows -> text
"""

import os

# Workers are processes; threads of the linear algebra inside them would only compete. Read when numpy is imported, so it stands here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
