"""Trains the example services and turns each into the layer that `bentoml containerize` would put into its image.

Works on a copy of the folder `bentos`, so that the tree stays as it was checked out.
"""

import re
import shutil
import tempfile
from pathlib import Path

from dev.images.cache import fingerprint
from dev.images.errors import BuildError
from dev.images.oci import Layer, LayerWriter
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


def training_key(bentos: Path, lock: Path) -> str:
    """Changes with anything that a trained model depends on."""
    return fingerprint(lock, bentos / "triage", bentos / "triage_rules", *_scripts(bentos))


def train(bentos: Path, python: Path, folder: Path) -> None:
    """Run every train.py, check the story they tell, and keep the models as `<service>/model.json` in this folder.

    Raises:
        BuildError: a training failed, or the measured accuracies are not those of the story.
    """
    with tempfile.TemporaryDirectory() as work:
        copy = shutil.copytree(bentos, Path(work, "bentos"), ignore=shutil.ignore_patterns(MODEL))
        for script in _scripts(copy):
            run([python, "-m", f"{script.parent.name}.train"], cwd=copy, env=KEEP_COMPILED)
            (folder / script.parent.name).mkdir()
            shutil.copy(script.with_name(MODEL), folder / script.parent.name)
        (folder / "story.md").write_text(run([python, "-m", "triage.story", "--check"], cwd=copy, env=KEEP_COMPILED))


def _scripts(bentos: Path) -> list[Path]:
    return sorted(bentos.glob("*/train.py"))


def bento_key(bentos: Path, training: Path, service: str, lock: Path) -> str:
    """Changes with any file that the service's bentofile includes, and with nothing else of the folder.

    Raises:
        BuildError: the bentofile includes nothing, or a file that is not there.
    """
    bentofile = bentos / service / "bentofile.yaml"
    included = re.findall(r"^  - (\S+)$", bentofile.read_text(), re.MULTILINE)
    files = [(training if name.endswith(MODEL) else bentos) / name for name in included]
    missing = [str(file.name) for file in files if not file.is_file()]
    if missing or not files:
        raise BuildError(f"bentos/{service}/bentofile.yaml: list existing files under `include` (missing: {missing})")
    return fingerprint(lock, bentofile, *files)


def build_bento(bentos: Path, training: Path, service: str, python: Path, folder: Path) -> Layer:
    """`bentoml build` one service under its key as the version, and pack the bento as a layer into this folder."""
    version = folder.stem
    with tempfile.TemporaryDirectory() as work:
        copy = shutil.copytree(bentos, Path(work, "bentos"), ignore=shutil.ignore_patterns(MODEL))
        shutil.copytree(training, copy, dirs_exist_ok=True)
        home = Path(work, "home")
        command: list[str | Path] = [
            python,
            "-m",
            "bentoml",
            "build",
            "-f",
            f"{service}/bentofile.yaml",
            "--version",
            version,
            ".",
        ]
        # its tools (uv) are beside the environment's Python
        path = f"{python.parent}:/usr/local/bin:/usr/bin:/bin"
        settings = {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "PATH": path}
        run(command, cwd=copy, env=KEEP_COMPILED | settings)
        bento = home / "bentos" / service / version
        compile_tree(bento / "src", f"{HOME}/src")
        layer = LayerWriter()
        layer.tree(bento, HOME)
        layer.folder(f"{HOME}/models")  # BentoML would make it, on a root that is read-only
        return layer.write(folder / "layer.tar")
