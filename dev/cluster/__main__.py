"""`python3 -m dev.cluster COMMAND`, from the repository's root: reads the command line, calls `lifecycle` and others."""

import argparse
import os
import sys
from pathlib import Path

from dev.cluster import build, inside, lifecycle, relay
from dev.cluster.errors import ClusterError
from dev.cluster.state import State, cache_root


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m dev.cluster", description="A real single-node Kubernetes cluster without Docker.")
    default = os.environ.get("SHADOWLIFT_CLUSTER_STATE") or cache_root() / "cluster"
    parser.add_argument(
        "--state", type=Path, default=default, help="its folder; two folders are two clusters (default: $SHADOWLIFT_CLUSTER_STATE, else %(default)s)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("build", help="only compile the programs (about 8 minutes the first time)")
    up = commands.add_parser("up", help="start the cluster; does nothing if it is up")
    up.add_argument("--image", type=Path, action="append", default=[], metavar="ARCHIVE", help="an OCI archive to load")
    up.add_argument("--api-port", type=int, default=0, metavar="PORT", help="the API server's loopback port (default: a free one)")
    up.add_argument("--storage", choices=("auto", "memory", "disk"), default="auto", help="where images and etcd are kept")
    commands.add_parser("down", help="end it; nothing is left")
    commands.add_parser("status", help="what is up: memory, nodes, pods; exit code 1 if it is down")
    commands.add_parser("kubeconfig", help="print the path of the kubeconfig for the host")
    commands.add_parser("shell", help="a shell inside the cluster's network")
    execute = commands.add_parser("exec", help="run a command inside the cluster's network: exec -- CMD...")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="CMD")
    load = commands.add_parser("load", help="import OCI archives")
    load.add_argument("archives", type=Path, nargs="+", metavar="ARCHIVE")
    service = commands.add_parser("relay", help="open a loopback port that leads to a Service and print it")
    service.add_argument("service", metavar="NAMESPACE/SERVICE")
    service.add_argument("port", type=int)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    state = State(Path(arguments.state).absolute())
    match arguments.command:
        case "build":
            binaries = build.ensure()
            print(f"{binaries.hyperkube}\n{binaries.coredns}\n{binaries.pause}")
        case "up":
            lifecycle.up(state, lifecycle.Options(arguments.image, arguments.api_port, arguments.storage))
        case "down":
            lifecycle.down(state)
        case "status":
            return lifecycle.status(state)
        case "kubeconfig":
            state.running()
            print(state.kubeconfig)
        case "shell":
            inside.shell(state)
        case "exec":
            command = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
            if not command:
                raise ClusterError("exec: name a command, as in `exec -- curl http://web.default.svc.cluster.local`")
            inside.run(state, command)
        case "load":
            lifecycle.load(state, arguments.archives)
        case "relay":
            print(relay.open_service(state, arguments.service, arguments.port))
    return 0


def main() -> None:
    """Run one command; exits 0, 1 with one line of explanation, or 130 when interrupted."""
    try:
        sys.exit(_run(_parser().parse_args()))
    except ClusterError as error:
        sys.exit(f"cluster: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
