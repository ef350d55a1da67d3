"""What a router costs: bare Envoy and the shipped configurations side by side, on loopback, in one run.

`python -m dev.bench.router` (`make bench-router`) prints the ratios to bare Envoy and ends with an error where one misses its target.

    variants.py     what is compared: intents of a router, by name
    configs.py      Envoy's files for each: the shipped ones, and the smallest that proxies
    upstream.py     the process behind all of them, as a program
    stand.py        all processes: started, awaited, ended
    wire.py         what goes over the wire
    load.py         requests to one port -> what each of them took
    rounds.py       all variants again and again, in an order drawn anew -> samples
    judge.py        samples -> rows with targets
    tables.py       rows -> text
"""
