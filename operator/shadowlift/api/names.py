"""Names that appear in the cluster: group, kind, labels, annotations, ports. Used by every room that speaks of objects."""

GROUP = "shadowlift.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ModelDeployment"
PLURAL = "modeldeployments"

FIELD_MANAGER = "shadowlift"
AUDIENCE = "shadowlift"  # of every projected token: a token for us is good for nothing else

LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "shadowlift"
LABEL_OWNER = f"{GROUP}/modeldeployment"  # the ModelDeployment's name
LABEL_COMPONENT = f"{GROUP}/component"  # router | workload | record
LABEL_WORKLOAD = f"{GROUP}/workload"  # the workload's content name, on its pods

ANNOTATION_CONFIG_VERSION = f"{GROUP}/config-version"  # on the ConfigMap: what it holds; on router pods: refresh now
ANNOTATION_REFRESH = f"{GROUP}/refresh"  # on router pods: changed to make the kubelet refresh the volume at once

HEADER_ID = "x-shadowlift-id"
HEADER_SHADOW = "x-shadowlift-shadow"

PORT_LIVE = 8080  # Envoy's live listener in the router pod
PORT_SHIPPER = 9902  # the shipper's own port in the router pod: /ready /config /metrics

MOST_CANDIDATES = 5  # of a ModelDeployment; each gets copies of its own
MAX_NAME_LENGTH = 40  # leaves room for "-<hash>" and "-router" within 63
