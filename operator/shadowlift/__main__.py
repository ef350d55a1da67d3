"""The one entry point of the image: `python3 -m shadowlift <program>`. Each program is imported only when it is the one to run."""

import sys
from collections.abc import Callable
from importlib import import_module

PROGRAMS = {
    "operator": ("shadowlift.handlers.run", "reconcile ModelDeployments"),
    "recorder": ("shadowlift.recorder.run", "store and join predictions and outcomes"),
    "shipper": ("shadowlift.shipper.run", "ship a router's lines to the recorder"),
    "router": ("shadowlift.shipper.envoy", "start Envoy in this process's place"),
    "simulate": ("shadowlift.cli.simulate", "before a trial: what it will want, and what the rule does"),
    "replay": ("shadowlift.cli.replay", "after a trial: reach the verdict of a record again"),
    "drain": ("shadowlift.shipper.drain", "take this router out of service without cutting a request"),
}


def main() -> int:
    """Run the program named by the first argument; its module has a `main(arguments) -> int`."""
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name not in PROGRAMS:
        print(
            "usage: shadowlift PROGRAM\n\n" + "\n".join(f"  {n:10} {what}" for n, (_, what) in PROGRAMS.items()),
            file=sys.stderr,
        )
        return 2
    run: Callable[[list[str]], int] = import_module(PROGRAMS[name][0]).main
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
