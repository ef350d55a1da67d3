"""The better candidate: a ridge regression for the minutes and a logistic one for the probability of being late."""
