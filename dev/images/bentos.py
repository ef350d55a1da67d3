"""Trains the example services and turns each into the layer that `bentoml containerize` would put into its image.

The folders tell what there is: one with a `story.py` is a family's shared code, `<family>_*` are its members; of these one
with a `bentofile.yaml` is a service, one with a `server.py` a process in place, one with a `train.py` has a model. Works on
a copy of the folder `bentos`, so that the tree stays as it was checked out.
"""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dev.images.cache import fingerprint
from dev.images.errors import BuildError
from dev.images.packing import Layer, LayerWriter
from dev.images.process import run
from dev.images.wheels import compile_tree

HOME = "/home/bentoml/bento"
"""Where BentoML's own images keep the bento."""

MODEL = "model.json"

KEEP_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""The environment's packages come uncompiled: without this, where the caller forbids it, each of six runs compiles
scikit-learn or BentoML anew."""


def services(bentos: Path) -> list[str]:
    """The services that can be built: folders with a bentofile."""
    return sorted(file.parent.name for file in bentos.glob("*/bentofile.yaml"))


def processes(bentos: Path) -> list[str]:
    """The processes in place: folders with a server."""
    return sorted(file.parent.name for file in bentos.glob("*/server.py"))


def family(bentos: Path, member: str) -> str:
    """The family that a service or process belongs to.

    Raises:
        BuildError: there is no folder with a story by that name.
    """
    name = member.partition("_")[0]
    if not (bentos / name / "story.py").is_file():
        raise BuildError(f"bentos/{member} belongs to no family: there is no bentos/{name}/story.py")
    return name


def training_key(bentos: Path, family: str, lock: Path) -> str:
    """Changes with anything that a trained model of the family, or the measure of its story, depends on."""
    in_place = [file.parent for file in sorted(bentos.glob(f"{family}_*/server.py"))]
    return fingerprint(lock, bentos / family, *in_place, *_scripts(bentos, family))


def train(bentos: Path, family: str, python: Path, folder: Path) -> None:
    """Run every train.py of the family and check the story they tell; `<service>/model.json` in this folder are the models.

    Raises:
        BuildError: a training failed, or the measured figures are not those of the story.
    """
    with tempfile.TemporaryDirectory() as work:
        copy = shutil.copytree(bentos, Path(work, "bentos"), ignore=shutil.ignore_patterns(MODEL))
        for script in _scripts(copy, family):
            run([python, "-m", f"{script.parent.name}.train"], cwd=copy, env=KEEP_COMPILED)
            (folder / script.parent.name).mkdir()
            shutil.copy(script.with_name(MODEL), folder / script.parent.name)
        (folder / "story.md").write_text(run([python, "-m", f"{family}.story", "--check"], cwd=copy, env=KEEP_COMPILED))


def _scripts(bentos: Path, family: str) -> list[Path]:
    return sorted(bentos.glob(f"{family}_*/train.py"))


@dataclass(frozen=True)
class Bento:
    """One service to build: the folder of all services, the trained models of its family, and which service it is."""

    bentos: Path
    training: Path
    service: str

    def version(self, lock: Path) -> str:
        """Changes with the lock and any file that the bentofile includes, and with nothing else of the folder.

        Raises:
            BuildError: the bentofile includes nothing, or a file that is not there.
        """
        bentofile = self.bentos / self.service / "bentofile.yaml"
        included = re.findall(r"^  - (\S+)$", bentofile.read_text(), re.MULTILINE)
        files = [(self.training if name.endswith(MODEL) else self.bentos) / name for name in included]
        missing = [name for name, file in zip(included, files, strict=True) if not file.is_file()]
        if missing or not files:
            told = f"these are missing: {', '.join(missing)}" if missing else "it lists none"
            raise BuildError(f"bentos/{self.service}/bentofile.yaml must list existing files under `include`: {told}")
        return fingerprint(lock, bentofile, *files)

    def build(self, version: str, python: Path, folder: Path) -> Layer:
        """`bentoml build` the service with the Python of the environment; the bento becomes a layer in this folder."""
        with tempfile.TemporaryDirectory() as work:
            copy = shutil.copytree(self.bentos, Path(work, "sources"), ignore=shutil.ignore_patterns(MODEL))
            shutil.copytree(self.training, copy, dirs_exist_ok=True)
            build = ["-m", "bentoml", "build", "-f", f"{self.service}/bentofile.yaml", "--version", version, "."]
            settings = KEEP_COMPILED | {
                "BENTOML_HOME": work,
                "BENTOML_DO_NOT_TRACK": "True",
                "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",  # its tools (uv) are beside its Python
            }
            run([python, *build], cwd=copy, env=settings)
            (bento,) = Path(work, "bentos").glob(f"*/{version}")  # BentoML names it after the service's class
            return _pack(bento, folder / "layer.tar")


def _pack(bento: Path, out: Path) -> Layer:
    compile_tree(bento / "src", f"{HOME}/src")
    layer = LayerWriter()
    layer.tree(bento, HOME)
    layer.folder(f"{HOME}/models")  # BentoML would make it, on a root that is read-only
    return layer.write(out)
