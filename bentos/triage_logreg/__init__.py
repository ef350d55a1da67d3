"""The better candidate: a logistic regression on 20 measurements."""
