"""The worse candidate: the same regressions as flights_ridge, trained on the wrong month with the wrong idea of late."""
