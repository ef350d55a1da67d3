"""The process in place: the clinic's triage rules behind plain HTTP. Not BentoML, not ours to change."""
