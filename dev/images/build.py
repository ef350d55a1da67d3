"""`__main__` calls this: from image names to archives in the cache and an `images.json` that says where they are."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.images import bentos
from dev.images.cache import Cache, fingerprint
from dev.images.catalogue import Recipe, recipes
from dev.images.errors import BuildError
from dev.images.layers import Layers, maker
from dev.images.oci import Image, digest, write_archive


@dataclass(frozen=True)
class Archive:
    """One built image: its full name, its digest, and the archive to import after its base's."""

    name: str
    image: str
    digest: str
    path: Path


def build(repository: Path, names: Sequence[str], cache: Cache) -> list[Archive]:
    """The archives of these images (all, if none is named) and of their bases, in the order to import them.

    Raises:
        BuildError: an unknown name, or a step that failed.
    """
    known = catalogue(repository)
    with cache.locked():
        layers = Layers(repository, cache)
        archives = [_archive(known, recipe, layers, cache) for recipe in wanted(known, names)]
        cache.prune()
    return archives


def catalogue(repository: Path) -> dict[str, Recipe]:
    """Every image that can be built from this repository, by name."""
    examples = repository / "bentos"
    return recipes(bentos.services(examples), bentos.processes(examples))


def wanted(known: dict[str, Recipe], names: Iterable[str]) -> list[Recipe]:
    """These recipes and their bases, bases first; all when no name is given.

    Raises:
        BuildError: a name that is not in the catalogue.
    """
    asked = list(names) or list(known)
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise BuildError(f"no image is called {', '.join(unknown)}: there are {', '.join(known)}")
    needed = {recipe.name for name in asked for recipe in lineage(known, known[name])}
    return [recipe for recipe in known.values() if recipe.name in needed]


def lineage(known: dict[str, Recipe], recipe: Recipe) -> list[Recipe]:
    """A recipe's bases, lowest first, and the recipe."""
    below = lineage(known, known[recipe.base]) if recipe.base else []
    return [*below, recipe]


def _archive(known: dict[str, Recipe], recipe: Recipe, layers: Layers, cache: Cache) -> Archive:
    *below, own = ([layers.get(name) for name in each.layers] for each in lineage(known, recipe))
    base = [layer for each in below for layer in each]
    image = Image(recipe.name, [*base, *own], recipe.config)
    key = fingerprint(image.reference(), maker("oci"))

    def make(folder: Path) -> None:
        write_archive(folder / "image.tar", image, omit=[layer.digest for layer in base])

    folder = cache.entry(f"image-{recipe.name}", key, make)
    return Archive(recipe.name, image.reference(), digest(image.manifest()), folder / "image.tar")


def write_index(archives: Iterable[Archive], out: Path) -> Path:
    """Write `<out>/images.json`: {name: {image, archive, digest}}, in the order to import them."""
    out.mkdir(parents=True, exist_ok=True)
    index = {a.name: {"image": a.image, "archive": str(a.path), "digest": a.digest} for a in archives}
    file = out / "images.json"
    file.write_text(json.dumps(index, indent=1) + "\n")
    return file


def read_index(out: Path) -> list[Path]:
    """The archives of `<out>/images.json` in the order to import them.

    Raises:
        BuildError: nothing was built there, or an archive is no longer in the cache.
    """
    file = out / "images.json"
    if not file.is_file():
        raise BuildError(f"{file} is missing: run `python3 -m dev.images build --out {out}` first")
    archives = [Path(entry["archive"]) for entry in json.loads(file.read_text()).values()]
    if not all(archive.is_file() for archive in archives):
        raise BuildError(f"{file} names archives that later builds pushed out: run the build with --out {out} again")
    return archives
