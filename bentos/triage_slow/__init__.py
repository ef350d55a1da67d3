"""The better model with a long tail: badly measured cases, 3 % of them, get a second look that takes 30 ms."""
