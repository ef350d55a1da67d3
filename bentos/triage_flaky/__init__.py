"""The better model behind a preprocessing with a bug: it fails on the biggest tumours, 3.5 % of the cases, always the same."""
