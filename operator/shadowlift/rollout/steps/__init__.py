"""One file per phase: what a cycle in that phase decides. The index is the table in `rollout.decide`."""
