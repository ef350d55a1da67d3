"""The bigger candidate that is no better: 24,000 boosted trees on top of the logistic regression."""
