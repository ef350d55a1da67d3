"""`python -m dev.demo`: tells the story on the cluster of `$KUBECONFIG`, else the local one. Exit 0: it came true."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from dev.demo import ending, resources, stages
from dev.demo.plain import Lines
from dev.demo.screen import Screen
from dev.demo.story import Failed, Images, Story
from dev.traffic.cluster_api import MODEL_DEPLOYMENT, ApiError, Cluster
from dev.traffic.stand import RECORDER


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description="one model is promoted, another rejected")
    parser.add_argument("--image", required=True, help="the shadowlift image")
    parser.add_argument("--rules-image", required=True, help="the rules service")
    parser.add_argument("--better-image", required=True, help="the better candidate: triage-logreg")
    parser.add_argument("--worse-image", required=True, help="the worse candidate: triage-stale")
    parser.add_argument("--recorder", default=RECORDER, help="the recorder's URL inside the cluster")
    parser.add_argument("--rate", type=float, default=40.0, help="requests per second")
    parser.add_argument("--stages", type=Path, help="file of dev.demo.stages: times of what came before")
    return parser.parse_args(given)


def tell(options: argparse.Namespace) -> int:
    """Connect, tell, and write the last page; the exit code."""
    cluster = Cluster.connect()
    console = Console(highlight=False)
    images = Images(options.image, options.rules_image, options.better_image, options.worse_image)
    with Screen(console) if console.is_terminal else Lines(sys.stdout) as out:
        story = Story(cluster, images, options.recorder, out, options.rate)
        story.tell()
    times = [*stages.read(options.stages), *story.times]
    table = cluster.table(MODEL_DEPLOYMENT, resources.NAMESPACE)
    print("\n" + ending.page(story.views.values(), table, times))
    return 0


def main(given: list[str]) -> int:
    """Run; whatever happens, say how to clean up."""
    try:
        return tell(arguments(given))
    except KeyboardInterrupt:
        print(f"\nstopped; the cluster and namespace {resources.NAMESPACE} are left as they are. {ending.clean_up()}")
        return 130
    except (Failed, ApiError) as error:
        print(f"\nthe demo failed: {error}\n{ending.LOOK_NEXT}\n{ending.clean_up()}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
