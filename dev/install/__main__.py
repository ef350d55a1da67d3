"""The command line of `dev.install`; see the package."""

import argparse
import sys

from dev.install import readiness, release
from dev.traffic.cluster_api import ApiError, Cluster, Overdue

_READY_SECONDS = 180.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m dev.install", description="the chart on the cluster of $KUBECONFIG"
    )
    parser.add_argument("action", nargs="?", choices=("install", "uninstall"), default="install")
    parser.add_argument("--image", help="image of all programs, with tag or digest (install)")
    parser.add_argument("--namespace", default="shadowlift-system", help="default: %(default)s")
    parser.add_argument(
        "--set", action="append", default=[], metavar="k=v", dest="sets", help="value of the chart; repeatable"
    )
    parser.add_argument(
        "--timeout", type=float, default=_READY_SECONDS, help="seconds to wait for Ready (default: %(default)g)"
    )
    parser.add_argument(
        "--purge",
        action="store_true",
        help="uninstall: also the CRD with all ModelDeployments, the ledger, the namespace",
    )
    given = parser.parse_args()
    if given.action == "install" and not given.image:
        parser.error("--image is needed: the image that `python -m dev.images build` made, or yours")
    if given.purge and given.action != "uninstall":
        parser.error("--purge goes with uninstall")
    return given


def main() -> int:
    """Returns the exit code."""
    given = _arguments()
    try:
        cluster = Cluster.connect()
        if given.action == "uninstall":
            release.remove(cluster, given.namespace, purge=given.purge)
            return 0
        wish = release.Wish(given.image, given.namespace, release.parse_set(given.sets))
        readiness.wait_ready(cluster, release.apply(cluster, wish), given.timeout)
    except (release.InstallError, readiness.NotReadyError, ApiError, Overdue) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"shadowlift {given.image} is ready in namespace {given.namespace}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
