"""From values to Kubernetes manifests and router configuration, as plain data. Pure: called by `rollout`, golden-tested."""
