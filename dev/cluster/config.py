"""What each of the node's programs reads: `lifecycle` calls `write` for a new cluster.

Pure but for `write`: a state folder in, file contents out. JSON is YAML, so the Kubernetes files are dumped
dictionaries. What the programs are started with is in `commands`.
"""

import json
from typing import Any

from dev.cluster.addresses import (
    DNS_ADDRESS,
    DOMAIN,
    NODE_ADDRESS,
    NODE_NAME,
    PAUSE_IMAGE,
    POD_RANGE,
)
from dev.cluster.packages import CNI_FOLDER
from dev.cluster.state import State

COREDNS_READY = "127.0.0.1:8181"
KUBELET_HEALTH = "127.0.0.1:10248"
PROXY_HEALTH = "127.0.0.1:10256"


def write(state: State, open_files: int) -> None:
    """Write every configuration file; `open_files` is the hard limit that the kubelet may not exceed."""
    files = {
        "containerd.toml": containerd(state),
        "cni/10-pods.conflist": json.dumps(pod_network(), indent=1),
        "kubelet.json": json.dumps(kubelet(state, open_files), indent=1),
        "kube-proxy.json": json.dumps(kube_proxy(state), indent=1),
        "Corefile": corefile(state),
        "resolv.conf": f"nameserver {DNS_ADDRESS}\n",
        "exec-resolv.conf": exec_resolver(),
    }
    (state.conf / "cni").mkdir()
    for name, text in files.items():
        (state.conf / name).write_text(text)


def exec_resolver() -> str:
    """The resolver file of `exec`: `name.namespace.svc.cluster.local`, and its usual shorter forms, resolve.

    Three dots make a name absolute at the first try, so that the full form costs one question.
    """
    return f"nameserver {DNS_ADDRESS}\nsearch default.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}\noptions ndots:3\n"


def containerd(state: State) -> str:
    """The file of containerd (version 2: read by 1.6 to 2.x).

    Root may lack CAP_SYS_RESOURCE (nested machines): then any negative out-of-memory score is refused and no pod
    starts; hence `oom_score` and `restrict_oom_score_adj`.
    """
    return f"""version = 2
root = "{state.root}/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "{state.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{state.root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    discard_unpacked_layers = false
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_FOLDER}"
    conf_dir = "{state.conf}/cni"
"""


def pod_network() -> dict[str, Any]:
    """A veth per pod, no bridge; pods have no way out of the cluster because the node has none."""
    addresses = {
        "type": "host-local",
        "dataDir": "/run/cni-ipam",
        "ranges": [[{"subnet": POD_RANGE}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    links = {"type": "ptp", "ipMasq": False, "mtu": 1500, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [links, ports]}


def kubelet(state: State, open_files: int) -> dict[str, Any]:
    """The kubelet's file."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "port": 10250,
        "readOnlyPort": 0,
        "healthzBindAddress": KUBELET_HEALTH.split(":", maxsplit=1)[0],
        "healthzPort": int(KUBELET_HEALTH.split(":")[1]),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{state.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{state.pki}/kubelet-serving.crt",
        "tlsPrivateKeyFile": f"{state.pki}/kubelet-serving.key",
        "containerRuntimeEndpoint": f"unix://{state.containerd_socket}",
        "clusterDomain": DOMAIN,
        "clusterDNS": [DNS_ADDRESS],
        "resolvConf": f"{state.conf}/resolv.conf",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{state.name}",
        # With false the pods would land in /k8s.io, whatever cgroupRoot says.
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        # An imported image cannot be pulled again: never collect one.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
        "serializeImagePulls": False,
        # Also the longest wait until a changed ConfigMap is seen if its pod is not annotated.
        "syncFrequency": "10s",
        "rotateCertificates": False,
        "seccompDefault": True,
        "oomScoreAdj": 0,
        "maxOpenFiles": open_files,
    }


def kube_proxy(state: State) -> dict[str, Any]:
    """kube-proxy's file. The conntrack limits are the host's and not writable from here: zero leaves each alone."""
    kept = dict.fromkeys(("tcpEstablishedTimeout", "tcpCloseWaitTimeout", "udpTimeout", "udpStreamTimeout"), "0s")
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": "0.0.0.0",
        "healthzBindAddress": PROXY_HEALTH,
        "metricsBindAddress": "127.0.0.1:10249",
        "clientConnection": {"kubeconfig": f"{state.conf}/proxy.kubeconfig"},
        "clusterCIDR": POD_RANGE,
        "detectLocalMode": "ClusterCIDR",
        "hostnameOverride": NODE_NAME,
        "oomScoreAdj": 0,
        "mode": "iptables",
        "iptables": {"minSyncPeriod": "100ms", "syncPeriod": "30s", "localhostNodePorts": False},
        "conntrack": {"maxPerCore": 0, "min": 0, **kept},
    }


def corefile(state: State) -> str:
    """CoreDNS's file: the cluster's names and nothing else; any other name is refused at once."""
    return f""".:53 {{
    bind {DNS_ADDRESS}
    errors
    health 127.0.0.1:8080
    ready {COREDNS_READY}
    kubernetes {DOMAIN} in-addr.arpa {{
        kubeconfig {state.conf}/coredns.kubeconfig
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""
