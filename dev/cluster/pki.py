"""Certificates and kubeconfigs of one cluster: `lifecycle.up` calls `write` for a new state folder.

One authority signs a certificate per program; Kubernetes' built-in role bindings go by their subjects. Made by the
openssl program, one command each, 0.2 s in all. They last ten years: longer than any local cluster.
"""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.addresses import API_PORT, API_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME
from dev.cluster.errors import ClusterError
from dev.cluster.state import State

_CURVE = ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
_NEW = ["req", "-x509", "-newkey", "ec", *_CURVE, "-nodes", "-days", "3650"]
_API_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
)
_ADMIN = "admin"


@dataclass(frozen=True)
class Certificate:
    """What openssl is told about one certificate."""

    name: str
    subject: str
    usage: str = "clientAuth"
    alternative_names: str = ""


def _alternatives(names: tuple[str, ...], *addresses: str) -> str:
    return ",".join([*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)])


_SERVERS = (
    Certificate(
        "apiserver",
        "/CN=kube-apiserver",
        "serverAuth",
        # 127.0.0.1 is the loopback relay on the host.
        _alternatives(_API_NAMES, "127.0.0.1", NODE_ADDRESS, API_SERVICE_ADDRESS),
    ),
    Certificate(
        "kubelet-serving",
        f"/O=system:nodes/CN=system:node:{NODE_NAME}",
        "serverAuth",
        _alternatives((NODE_NAME,), NODE_ADDRESS, "127.0.0.1"),
    ),
    Certificate("apiserver-kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
)
# Each of these also gets a kubeconfig of its name.
_CLIENTS = (
    Certificate(_ADMIN, "/O=system:masters/CN=admin"),
    Certificate("controller-manager", "/CN=system:kube-controller-manager"),
    Certificate("scheduler", "/CN=system:kube-scheduler"),
    Certificate("kubelet", f"/O=system:nodes/CN=system:node:{NODE_NAME}"),
    Certificate("proxy", "/CN=system:kube-proxy"),
    Certificate("coredns", "/CN=system:coredns"),
)


def write(state: State, host_port: int) -> None:
    """Write every key, certificate and kubeconfig; `host_port` is the loopback port of the API server's relay.

    Raises:
        ClusterError: openssl refused something.
    """
    _openssl(
        state.pki,
        [*_NEW, "-subj", "/CN=shadowlift-local-cluster", "-keyout", "ca.key", "-out", "ca.crt"],
        ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"],
    )
    _openssl(state.pki, ["genpkey", "-algorithm", "EC", *_CURVE, "-out", "sa.key"])
    _openssl(state.pki, ["pkey", "-in", "sa.key", "-pubout", "-out", "sa.pub"])
    for certificate in (*_SERVERS, *_CLIENTS):
        _sign(state.pki, certificate)
    inner = f"https://{NODE_ADDRESS}:{API_PORT}"
    for client in _CLIENTS:
        _kubeconfig(state, client.name, inner, state.conf / f"{client.name}.kubeconfig")
    _kubeconfig(state, _ADMIN, inner, state.inner_kubeconfig)
    _kubeconfig(state, _ADMIN, f"https://127.0.0.1:{host_port}", state.kubeconfig)


def _sign(folder: Path, certificate: Certificate) -> None:
    name = certificate.name
    command = [*_NEW, "-CA", "ca.crt", "-CAkey", "ca.key", "-subj", certificate.subject]
    extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
    extensions.append(f"extendedKeyUsage={certificate.usage}")
    if certificate.alternative_names:
        extensions.append(f"subjectAltName={certificate.alternative_names}")
    _openssl(folder, [*command, "-keyout", f"{name}.key", "-out", f"{name}.crt"], extensions)


def _openssl(folder: Path, arguments: list[str], extensions: list[str] | None = None) -> None:
    command = ["openssl", *arguments]
    for extension in extensions or []:
        command += ["-addext", extension]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ClusterError(f"openssl could not make the cluster's certificates: {result.stderr.strip()}")


def _kubeconfig(state: State, client: str, server: str, path: Path) -> None:
    def data(file: str) -> str:
        return base64.b64encode((state.pki / file).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": data("ca.crt")}
    user = {"client-certificate-data": data(f"{client}.crt"), "client-key-data": data(f"{client}.key")}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": state.name,
        "clusters": [{"name": state.name, "cluster": cluster}],
        "users": [{"name": client, "user": user}],
        "contexts": [{"name": state.name, "context": {"cluster": state.name, "user": client}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1))
