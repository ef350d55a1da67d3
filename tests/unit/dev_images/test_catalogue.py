"""What the images promise to whoever runs them, and that the Containerfile promises the same."""

import json
import re
from pathlib import Path

import pytest

from dev.images.build import Archive, catalogue, read_index, wanted, write_index
from dev.images.errors import BuildError

ROOT = Path(__file__).parents[3]
KNOWN = catalogue(ROOT)


def environment(recipe):
    return dict(variable.split("=", 1) for variable in recipe.config["Env"])


def test_the_stories_have_their_images():
    """Names that demo and tests look up in images.json."""
    triage = {"triage-rules", "triage-logreg", "triage-stale", "triage-rules-bento", "triage-faulty"}
    triage |= {"triage-boosted", "triage-flaky", "triage-slow"}
    flights = {"flights-rule", "flights-ridge", "flights-boosted", "flights-stale", "flights-rule-bento"}
    offers = {"offers-rules", "offers-personal", "offers-pushy", "offers-same"}
    assert set(KNOWN) == {"base", "bentos-base", "shadowlift-base", "shadowlift"} | triage | flights | offers


@pytest.mark.parametrize("name", ["triage-rules", "flights-rule", "offers-rules"])
def test_a_process_in_place_is_one_file_and_a_python(name):
    """It is not ours: no BentoML beneath it, nothing but the standard library."""
    recipe = KNOWN[name]
    assert recipe.base == "base"
    assert recipe.config["Entrypoint"] == ["python3", "/app/server.py"]
    assert recipe.config["ExposedPorts"] == {"8080/tcp": {}}


@pytest.mark.parametrize("recipe", KNOWN.values(), ids=KNOWN)
def test_every_image_runs_as_a_numbered_user_without_a_home(recipe):
    """The kubelet refuses a root or named user under runAsNonRoot; nothing but /tmp can be written."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", recipe.config["User"])
    assert environment(recipe)["HOME"] == "/tmp"


@pytest.mark.parametrize("name", ["triage-logreg", "triage-faulty", "flights-boosted", "offers-personal"])
def test_a_bento_runs_as_bentoml_would_run_it(name):
    """User, place and command are those of `bentoml containerize`; BentoML's own files go to /tmp."""
    config = KNOWN[name].config
    assert (config["User"], config["WorkingDir"]) == ("1034:1034", "/home/bentoml/bento")
    assert config["Entrypoint"] == ["bentoml", "serve", "/home/bentoml/bento"]
    assert environment(KNOWN[name])["BENTOML_HOME"].startswith("/tmp/")


def test_the_containerfile_makes_the_same_image():
    """User, folder, entry point and environment of the shadowlift image are the same by either way."""
    text = (ROOT / "Containerfile").read_text()
    config = KNOWN["shadowlift"].config
    assert f"\nUSER {config['User']}\n" in text
    assert f"\nWORKDIR {config['WorkingDir']}\n" in text
    assert f"\nENTRYPOINT {json.dumps(config['Entrypoint'])}\n" in text
    for name, value in environment(KNOWN["shadowlift"]).items():
        assert name == "PATH" or f"{name}={value}" in text


def test_bases_come_before_what_is_built_on_them():
    """Archives are imported in this order, and leave out what came before."""
    asked = wanted(KNOWN, ["triage-logreg", "shadowlift"])
    assert [recipe.name for recipe in asked] == [
        "base",
        "bentos-base",
        "shadowlift-base",
        "shadowlift",
        "triage-logreg",
    ]


def test_no_name_means_all():
    """`build` alone builds everything."""
    assert wanted(KNOWN, []) == list(KNOWN.values())


def test_an_unknown_name_is_refused_with_the_known_ones():
    """A typing error builds nothing."""
    with pytest.raises(BuildError, match=r"triage-logrge: there are base, .*triage-logreg"):
        wanted(KNOWN, ["triage-logrge"])


def test_the_index_lists_the_archives_in_order(tmp_path):
    """What `build` wrote, `archives` prints: in the order to import."""
    files = [tmp_path / name for name in ("z.tar", "a.tar")]
    for file in files:
        file.touch()
    write_index([Archive(file.stem, f"shadowlift.local/{file.stem}:1", "sha256:1", file) for file in files], tmp_path)
    assert read_index(tmp_path) == files
    assert json.loads((tmp_path / "images.json").read_text())["a"]["image"] == "shadowlift.local/a:1"


def test_an_index_without_its_archives_says_what_to_do(tmp_path):
    """Nothing built, or pushed out of the cache: build again."""
    with pytest.raises(BuildError, match="is missing: run"):
        read_index(tmp_path)
    write_index([Archive("a", "shadowlift.local/a:1", "sha256:1", tmp_path / "gone.tar")], tmp_path)
    with pytest.raises(BuildError, match="run the build with --out"):
        read_index(tmp_path)
