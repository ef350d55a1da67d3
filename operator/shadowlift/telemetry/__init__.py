"""What the operator says of itself to machines: metrics and structured logs. Called by the shell, never by the core."""
