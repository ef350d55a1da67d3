"""`python3 -m dev.cluster COMMAND`, from the repository's root: reads the command line, calls `lifecycle` and others."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from dev.cluster import build, inside, lifecycle, relay
from dev.cluster.errors import ClusterError
from dev.cluster.state import State, cache_root

_Command = Callable[[State, argparse.Namespace], int | None]


def _parser() -> argparse.ArgumentParser:
    description = "A real single-node Kubernetes cluster without Docker, in namespaces of its own."
    parser = argparse.ArgumentParser(prog="python3 -m dev.cluster", description=description)
    folder = os.environ.get("SHADOWLIFT_CLUSTER_STATE") or cache_root() / "cluster"
    state_help = "its folder; two folders are two clusters (default: $SHADOWLIFT_CLUSTER_STATE, else %(default)s)"
    parser.add_argument("--state", type=Path, default=folder, help=state_help)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: _Command, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        return command

    add("build", _build, "only compile the programs (minutes the first time)")
    up = add("up", _up, "start the cluster; does nothing if it is up")
    up.add_argument("--image", type=Path, action="append", default=[], metavar="ARCHIVE", help="an OCI archive to load")
    up.add_argument(
        "--api-port", type=int, default=0, metavar="PORT", help="loopback port of the API server (default: any)"
    )
    up.add_argument(
        "--storage", choices=("auto", "memory", "disk"), default="auto", help="where images and etcd are kept"
    )
    add("down", lambda state, _: lifecycle.down(state), "end it; nothing is left")
    add("status", lambda state, _: lifecycle.status(state), "memory, nodes, pods; exit code 1 if it is not whole")
    add("kubeconfig", _kubeconfig, "print the path of the kubeconfig for the host")
    add("shell", lambda state, _: inside.shell(state), "a shell inside the cluster's network")
    execute = add("exec", _exec, "run a command inside the cluster's network: exec -- CMD...")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="CMD")
    load = add("load", lambda state, given: lifecycle.load(state, given.archives), "import OCI archives")
    load.add_argument("archives", type=Path, nargs="+", metavar="ARCHIVE")
    service = add("relay", _relay, "open a loopback port that leads to a Service and print it")
    service.add_argument("service", metavar="NAMESPACE/SERVICE")
    service.add_argument("port", type=int)
    return parser


def _build(_state: State, _given: argparse.Namespace) -> None:
    binaries = build.ensure()
    print(f"{binaries.hyperkube}\n{binaries.coredns}\n{binaries.pause}")


def _up(state: State, given: argparse.Namespace) -> None:
    lifecycle.up(state, lifecycle.Options(given.image, given.api_port, given.storage))


def _kubeconfig(state: State, _given: argparse.Namespace) -> None:
    state.running()
    print(state.kubeconfig)


def _exec(state: State, given: argparse.Namespace) -> None:
    command = given.argv[1:] if given.argv[:1] == ["--"] else given.argv
    if not command:
        raise ClusterError("exec: name a command, as in `exec -- curl http://web.default.svc.cluster.local`")
    inside.run(state, command)


def _relay(state: State, given: argparse.Namespace) -> None:
    print(relay.open_service(state, given.service, given.port))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run one command; exits 0, 1 with an explanation, or 130 when interrupted (also by SIGTERM)."""
    signal.signal(signal.SIGTERM, _interrupt)
    given = _parser().parse_args()
    try:
        sys.exit(given.run(State(given.state.absolute()), given))
    except (ClusterError, OSError) as error:
        sys.exit(f"cluster: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
