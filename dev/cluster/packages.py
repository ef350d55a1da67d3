"""The Debian programs that the node is made of: `lifecycle.up` calls `ensure` before anything else.

Turns the list of missing programs into one `apt-get install`, or into a message with the alternative.
"""

import os
import shutil
import subprocess
from pathlib import Path

from dev.cluster.errors import ClusterError

# root's PATH may lack the sbin folders when it comes from a user's shell
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CNI_FOLDER = Path("/usr/lib/cni")
ALTERNATIVE = "Or use a cluster you have: set KUBECONFIG to its file instead of starting one."

_PACKAGE_OF_PROGRAM = {
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "iptables-restore": "iptables",
    "iptables-save": "iptables",
    "ip": "iproute2",
    "openssl": "openssl",
    "mount": "mount",
}
_CNI_PLUGINS = ("ptp", "host-local", "portmap", "loopback")


def program(name: str) -> str | None:
    """Where a system program is, or None."""
    return shutil.which(name, path=SYSTEM_PATH)


def missing() -> list[str]:
    """The Debian packages whose programs are not there, sorted."""
    lacking = {package for name, package in _PACKAGE_OF_PROGRAM.items() if program(name) is None}
    if not all((CNI_FOLDER / plugin).exists() for plugin in _CNI_PLUGINS):
        lacking.add("containernetworking-plugins")
    return sorted(lacking)


def ensure() -> None:
    """Install what is missing; does nothing, and needs no network, when all is there.

    Raises:
        ClusterError: not root, no apt-get, or apt-get failed.
    """
    if os.geteuid() != 0:
        raise ClusterError(
            f"the local cluster must run as root: it makes namespaces, mounts, control groups. {ALTERNATIVE}"
        )
    packages = missing()
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise ClusterError(f"install the equivalents of the Debian packages {' '.join(packages)}. {ALTERNATIVE}")
    print(f"installing Debian packages: {' '.join(packages)}", flush=True)
    install = ["install", "--yes", "--no-install-recommends", *packages]
    if _apt_get(install).returncode == 0:
        return
    # Fresh machines and images come without package lists, or with lists older than the mirror's files.
    _apt_get(["update"])
    result = _apt_get(install)
    if result.returncode or missing():
        why = result.stderr.strip() or f"programs of {', '.join(missing())} are still missing"
        raise ClusterError(f"apt-get could not install {' '.join(packages)}: {why}\n{ALTERNATIVE}")


def _apt_get(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        ["apt-get", "--quiet", *arguments], env=environment, capture_output=True, text=True, check=False
    )
