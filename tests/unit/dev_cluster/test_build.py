"""Building: binaries are named by what they are made of, and Kubernetes is told its version."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.cluster import build, toolchain


@dataclass(frozen=True)
class Copied(build.Program):
    """A program whose sources may be changed."""

    at: Path = Path()

    @property
    def source(self) -> Path:
        return self.at


@pytest.fixture
def copied(tmp_path: Path) -> Copied:
    """A copy of the smallest program."""
    shutil.copytree(build.PAUSE.source, tmp_path / "pause")
    return Copied("pause", "", at=tmp_path / "pause")


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go"])
def test_a_changed_source_makes_another_binary(copied: Copied, file: str) -> None:
    """Sources and pinned modules are all part of the folder's name."""
    before = copied.folder("go1.26.6")
    with (copied.source / file).open("a") as text:
        text.write("// changed\n")
    assert copied.folder("go1.26.6") != before


def test_another_compiler_makes_another_binary(copied: Copied) -> None:
    """The version of Go is part of the folder's name; the same inputs give the same folder."""
    assert copied.folder("go1.26.6") != copied.folder("go1.27.0")
    assert copied.folder("go1.26.6") == copied.folder("go1.26.6")


def test_kubernetes_is_stamped_with_the_version_of_its_module() -> None:
    """Without the stamp `kubectl version` cannot parse the server's."""
    pinned = re.search(r"k8s\.io/kubernetes v(\S+)", (build.HYPERKUBE.source / "go.mod").read_text())[1]
    flags = build.HYPERKUBE.linker_flags()
    assert f"component-base/version.gitVersion=v{pinned}" in flags
    assert f"gitMinor={pinned.split('.')[1]} " in flags
    assert "-X" not in build.PAUSE.linker_flags()


def test_every_name_of_the_binary_is_a_program_of_it() -> None:
    """Each symbolic link is a name that main.go knows."""
    source = (build.HYPERKUBE.source / "main.go").read_text()
    assert all(f'"{name}"' in source for name in build.HYPERKUBE.links)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.6 linux/amd64", (1, 26)),
        ("go version go1.27rc1 linux/amd64", (1, 27)),
        ("go version devel +abc", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_the_version_of_go_is_read(text: str, version: tuple[int, int]) -> None:
    """An answer without a version counts as too old."""
    assert toolchain.parse_version(text) == version


def test_every_module_is_content_with_the_oldest_go_that_is_taken() -> None:
    """A go.mod that asks for more would fail on a Go that `find` accepts."""
    for program in build.PROGRAMS:
        asked = re.search(r"^go (\d+)\.(\d+)", (program.source / "go.mod").read_text(), re.MULTILINE)
        assert (int(asked[1]), int(asked[2])) <= toolchain.OLDEST
