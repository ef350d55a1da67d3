"""`python -m dev.demo`: tells the story on the cluster of `$KUBECONFIG`, else the local one. Exit 0: it came true."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from dev.demo import ending, leftovers, resources, stages
from dev.demo.plain import Lines
from dev.demo.screen import Screen
from dev.demo.story import Failed, Images, Story
from dev.traffic.cluster_api import MODEL_DEPLOYMENT, ApiError, Cluster, is_local
from dev.traffic.stand import RECORDER


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    index = os.environ.get("SHADOWLIFT_IMAGES")
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description="one model is promoted, another rejected")
    parser.add_argument(
        "--images",
        type=Path,
        default=index,
        required=index is None,
        help="images.json of `python3 -m dev.images build`, or one like it; default: $SHADOWLIFT_IMAGES",
    )
    parser.add_argument("--recorder", default=RECORDER, help="the recorder's URL inside the cluster")
    parser.add_argument("--rate", type=float, default=40.0, help="requests per second")
    parser.add_argument("--stages", type=Path, help="file of dev.demo.stages: times of what came before")
    return parser.parse_args(given)


def images(index: Path) -> Images:
    """What runs, by the index of images: `{name: {"image": reference}}`.

    Raises:
        Failed: the file cannot be read or lacks an image.
    """
    try:
        found: Any = json.loads(index.read_text())
        names = ("shadowlift", "triage-rules", "triage-logreg", "triage-stale")
        return Images(*(found[name]["image"] for name in names))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Failed(
            f"--images {index}: {type(error).__name__}: {error}; build it: python3 -m dev.images build"
        ) from error


def tell(options: argparse.Namespace) -> int:
    """Connect, tell, and write the last page; the exit code."""
    wanted = images(options.images)
    cluster = Cluster.connect()
    console = Console(highlight=False)
    with Screen(console) if console.is_terminal else Lines(sys.stdout) as out:
        story = Story(cluster, wanted, options.recorder, out, options.rate)
        story.tell()
    times = [*stages.read(options.stages), *story.times]
    table = cluster.table(MODEL_DEPLOYMENT, resources.NAMESPACE)
    print("\n" + ending.page(ending.Facts(story.views.values(), table, times, is_local())))
    return 0


def main(given: list[str]) -> int:
    """Run; whatever happens in a namespace of ours, say how to clean up."""
    try:
        return tell(arguments(given))
    except KeyboardInterrupt:
        left = f"stopped; the cluster and its namespace {resources.NAMESPACE} are left as they are"
        print(f"\n{left}\n{ending.clean_up(resources.NAMESPACE, is_local())}")
        return 130
    except leftovers.NotOurs as error:
        print(error, file=sys.stderr)
        return 1
    except (Failed, ApiError) as error:
        look = ending.look_next(resources.NAMESPACE, resources.BETTER)
        clean_up = ending.clean_up(resources.NAMESPACE, is_local())
        print(f"\nthe demo failed: {error}\n\n{look}\n\n{clean_up}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
