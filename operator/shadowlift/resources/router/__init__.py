"""What a router shall do (`intent`), in which order it may get there (`steps`), the files that make Envoy do it (`config`).

Called by `rollout`, which publishes the files as one ConfigMap. Pure: values in, text out; the same intent, the same bytes.
"""
