"""The process in place: the airport's rule of thumb behind plain HTTP. Not BentoML, not ours to change."""
