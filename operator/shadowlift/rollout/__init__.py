"""The product: what should happen to one ModelDeployment, given everything that is known about it.

`decide.decide(observed, now) -> Plan` is called once per cycle by `reconcile`. Pure: no I/O, no clock, no logging, no chance.
Read `decide.py` first, then `steps/` (one file per phase) and `gates.py` (when do we promote?).
"""
