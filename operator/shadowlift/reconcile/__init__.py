"""The shell around the core: gather everything, decide once, carry it out in order, write status once, then tell.

`reconciler.Reconciler.reconcile(key)` is called by the queue; `wiring` constructs it with real adapters, tests with fakes.
"""
