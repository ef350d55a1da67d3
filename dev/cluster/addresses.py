"""Names and addresses inside a cluster, read by every file that configures a part of it.

They are constants: each cluster has a network namespace of its own, so two clusters use the same ones side by side
and none can clash with the host's networks.
"""

NODE_NAME = "shadowlift"
NODE_ADDRESS = "172.31.250.2"
API_PORT = 6443
POD_RANGE = "10.244.0.0/24"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"  # the first of SERVICE_RANGE; pods reach the API server by it
DNS_ADDRESS = NODE_ADDRESS  # CoreDNS is a process of the node, not a pod: no image, ready 0.1 s after the API
DOMAIN = "cluster.local"
PAUSE_IMAGE = "shadowlift.local/pause:1"  # a host part that does not exist: nothing can be pulled by accident
