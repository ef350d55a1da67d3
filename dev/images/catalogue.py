"""What the images are: their layers by name, and how their programs run. `build` makes them, nothing else is decided there.

The base images exist so that a node gets the big layers once: every other archive leaves its base's layers out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dev.images.bentos import HOME as BENTO

ENVOY = "/usr/local/bin/envoy"

SERVER = "/app/server.py"
"""The one file of a process in place."""

PYTHON_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HOME": "/tmp",
}
"""Everything runs as a user without a home on a read-only root: only /tmp, where the pod mounts one, can be written."""

BENTO_ENV = PYTHON_ENV | {"BENTO_PATH": BENTO, "BENTOML_HOME": "/tmp/bentoml", "BENTOML_DO_NOT_TRACK": "True"}


@dataclass(frozen=True)
class Recipe:
    """One image: what it is made of on top of its base, and the configuration that its containers start with."""

    name: str
    base: str | None
    layers: tuple[str, ...]
    config: Mapping[str, Any]


def recipes(services: list[str], processes: list[str]) -> dict[str, Recipe]:
    """Every image by name, bases before what is built on them; one for each of these BentoML services and processes in place."""
    bases = [
        Recipe("base", None, ("root",), _config("65532:65532", ["python3"])),
        Recipe("bentos-base", "base", ("bentos-packages",), _config("1034:1034", ["python3"], BENTO_ENV)),
        Recipe("shadowlift-base", "base", ("packages", "envoy"), _config("65532:65532", ["python3"])),
    ]
    examples = (*map(_process, processes), *map(_bento, services))
    return {recipe.name: recipe for recipe in (*bases, _shadowlift(), *examples)}


def _shadowlift() -> Recipe:
    environment = PYTHON_ENV | {"PYTHONPATH": "/app", "SHADOWLIFT_ENVOY": ENVOY}
    config = _config("65532:65532", ["python3", "-m", "shadowlift"], environment)
    return Recipe("shadowlift", "shadowlift-base", ("shadowlift",), config | {"WorkingDir": "/app"})


def _process(process: str) -> Recipe:
    config = _config("65532:65532", ["python3", SERVER])
    layers = (f"process-{process}",)
    return Recipe(process.replace("_", "-"), "base", layers, config | {"ExposedPorts": {"8080/tcp": {}}})


def _bento(service: str) -> Recipe:
    config = _config("1034:1034", ["bentoml", "serve", BENTO], BENTO_ENV)
    layers = (f"bento-{service}",)
    more = {"WorkingDir": BENTO, "ExposedPorts": {"3000/tcp": {}}}
    return Recipe(service.replace("_", "-"), "bentos-base", layers, config | more)


def _config(user: str, entrypoint: list[str], environment: Mapping[str, str] = PYTHON_ENV) -> dict[str, Any]:
    return {
        "User": user,
        "Entrypoint": entrypoint,
        "Env": [f"{name}={value}" for name, value in environment.items()],
    }
