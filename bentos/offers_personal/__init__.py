"""The better candidate: shows each visitor the offer on which that one buys most likely, by a logistic regression each."""
