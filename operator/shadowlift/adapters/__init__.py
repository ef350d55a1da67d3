"""The outside world: one file per port of `reconcile.ports`. Errors of libraries end here and become errors of `shadowlift.errors`."""
