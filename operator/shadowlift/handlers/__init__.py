"""Doors: what Kopf and the kubelet call. Each is short: parse, call, translate. Nothing is decided here."""
