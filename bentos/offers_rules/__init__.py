"""The process in place: a shop's two rules for the offer of a visit behind plain HTTP. Not BentoML, not ours to change."""
