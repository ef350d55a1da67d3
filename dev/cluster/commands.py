"""What each of the node's programs is started with: `init` calls `command_lines`. Pure: a state folder in, words out."""

from collections.abc import Sequence

from dev.cluster.addresses import API_PORT, DOMAIN, NODE_ADDRESS, NODE_NAME, POD_RANGE, SERVICE_RANGE
from dev.cluster.state import State

_ETCD = "http://127.0.0.1:2379"  # the loopback of the namespace: neither the host nor a pod reaches it
_ETCD_PEER = "http://127.0.0.1:2380"


def command_lines(state: State) -> dict[str, Sequence[str]]:
    """The command line of every program, without its own name, by that name."""
    conf = state.conf
    local = ["--bind-address=127.0.0.1", "--leader-elect=false", "--profiling=false"]
    return {
        "containerd": ["--config", f"{conf}/containerd.toml"],
        "etcd": _etcd(state),
        "kube-apiserver": _api_server(state),
        "kube-controller-manager": [f"--kubeconfig={conf}/controller-manager.kubeconfig", *local, *_controllers(state)],
        "kube-scheduler": [f"--kubeconfig={conf}/scheduler.kubeconfig", *local],
        "kubelet": [
            f"--config={conf}/kubelet.json",
            f"--kubeconfig={conf}/kubelet.kubeconfig",
            f"--node-ip={NODE_ADDRESS}",
            f"--hostname-override={NODE_NAME}",
            "--v=2",
        ],
        "kube-proxy": [f"--config={conf}/kube-proxy.json"],
        "coredns": ["-conf", f"{conf}/Corefile"],
    }


def _etcd(state: State) -> list[str]:
    return [
        f"--data-dir={state.root}/etcd",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--listen-peer-urls={_ETCD_PEER}",
        f"--initial-advertise-peer-urls={_ETCD_PEER}",
        f"--initial-cluster=default={_ETCD_PEER}",
        "--unsafe-no-fsync",  # nothing outlives the cluster anyway
        "--log-level=warn",
    ]


def _api_server(state: State) -> list[str]:
    pki = state.pki
    return [
        f"--etcd-servers={_ETCD}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--anonymous-auth=false",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged=true",
        "--profiling=false",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--endpoint-reconciler-type=lease",
    ]


def _controllers(state: State) -> list[str]:
    pki = state.pki
    return [
        "--use-service-account-credentials=true",
        # At the default 20 requests a second the default service account comes 4 s after the node is Ready.
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        f"--service-account-private-key-file={pki}/sa.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        f"--cluster-cidr={POD_RANGE}",
        "--allocate-node-cidrs=false",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
    ]
